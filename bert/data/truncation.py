"""Which tokens of a long text a model reads, and how many it does not."""

import typing
from typing import List, Optional

import tensorflow.compat.v1 as tf


class TruncationSettings(typing.NamedTuple):
  """How texts that are longer than the model are read; named as the flags.

  Attributes:
    truncation: head, tail or head_tail: the part of a single text that is kept.
    head_tokens: tokens of the head that head_tail keeps.
    num_windows: most windows that a single text is split into.
    window_stride: tokens from one window's start to the next; None: as many as
      a window holds.
  """
  truncation: str = "head"
  head_tokens: int = 128
  num_windows: int = 1
  window_stride: Optional[int] = None

  @classmethod
  def from_options(cls, data) -> "TruncationSettings":
    """Returns the settings of a group with flags of these names."""
    return cls(*[getattr(data, name) for name in cls._fields])

  def changed_flag(self) -> Optional[str]:
    """Returns --name=value of a setting that is not the default, or None."""
    for name in ("truncation", "num_windows"):
      value = getattr(self, name)
      if value != self._field_defaults[name]:
        return "--%s=%s" % (name, value)
    return None


class TruncationStats(typing.NamedTuple):
  """Tokens of a text, and those of them that are not read."""
  num_tokens: int
  num_truncated: int


class TruncationCounter:
  """Adds up the TruncationStats of a dataset."""

  def __init__(self):
    self._num_texts = self._num_long = 0
    self._num_tokens = self._num_truncated = 0

  def add(self, stats: TruncationStats) -> None:
    """Counts a text."""
    self._num_texts += 1
    self._num_long += stats.num_truncated > 0
    self._num_tokens += stats.num_tokens
    self._num_truncated += stats.num_truncated

  def log(self, name: str, flag: str, limit: int) -> None:
    """Logs how many tokens of a dataset are not read, if any, for a limit."""
    if self._num_long:
      tf.logging.info(
          "%s set: %d of %d examples are longer than --%s=%d; "
          "%.1f %% of all tokens are not read", name, self._num_long,
          self._num_texts, flag, limit,
          100.0 * self._num_truncated / self._num_tokens)


def truncate_pair(tokens_a: List[str], tokens_b: List[str],
                  max_length: int) -> None:
  """Drops last tokens of the longer list, of b if equal, until both fit."""
  while len(tokens_a) + len(tokens_b) > max_length:
    (tokens_a if len(tokens_a) > len(tokens_b) else tokens_b).pop()


def truncate(tokens: List[str], max_tokens: int,
             settings: TruncationSettings) -> List[str]:
  """Returns the part of a single text that is kept."""
  if len(tokens) <= max_tokens or settings.truncation == "head":
    return tokens[:max_tokens]
  num_first = 0
  if settings.truncation == "head_tail":
    num_first = min(settings.head_tokens, max_tokens)
  return tokens[:num_first] + tokens[len(tokens) - (max_tokens - num_first):]


def split_windows(tokens: List[str], max_tokens: int,
                  settings: TruncationSettings) -> List[List[str]]:
  """Returns the windows of a text, one at least."""
  stride = settings.window_stride or max_tokens
  windows = [tokens[:max_tokens]]
  while (len(windows) < settings.num_windows and
         (len(windows) - 1) * stride + max_tokens < len(tokens)):
    start = len(windows) * stride
    windows.append(tokens[start:start + max_tokens])
  return windows


def num_covered(num_windows: int, max_tokens: int,
                settings: TruncationSettings) -> int:
  """Returns the tokens from the first window's start to the last one's end."""
  stride = settings.window_stride or max_tokens
  return (num_windows - 1) * stride + max_tokens
