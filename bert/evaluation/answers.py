"""Answers from the logits of where they begin and end."""

import math
import typing
from typing import Callable, Dict, Iterable, List, Optional, Sequence, Tuple

import numpy as np


class AnswerSettings(typing.NamedTuple):
  """Which answers are given.

  Attributes:
    n_best_size: answers that are kept, and starts and ends that are looked at.
    max_answer_length: most word pieces of an answer.
    may_be_none: whether a question may have no answer.
    null_threshold: how much better than the best answer none has to be.
  """
  n_best_size: int = 20
  max_answer_length: int = 30
  may_be_none: bool = False
  null_threshold: float = 0.0


class Candidate(typing.NamedTuple):
  """A part of a window that may be the answer.

  Attributes:
    window: its number.
    start, end: token positions in the window's input.
    start_logit, end_logit: of these.
  """
  window: int
  start: int
  end: int
  start_logit: float
  end_logit: float

  @property
  def logit(self) -> float:
    return self.start_logit + self.end_logit


class WindowLogits(typing.NamedTuple):
  """The logits of a window of a context.

  Attributes:
    start_logits, end_logits: float32 [length of the input].
    first: where the context begins in the input.
    is_best: for each piece of the window, whether no other window has more
      context around it.
    no_answer: index in the input of the token that is no answer.
  """
  start_logits: np.ndarray
  end_logits: np.ndarray
  first: int
  is_best: Sequence[bool]
  no_answer: int = 0


class TextSpan(typing.NamedTuple):
  """A part of a context: its text, as of Answer, and where it begins and ends,
  in characters; -1 where it is not of the context."""
  text: str
  begin: int = -1
  end: int = -1


class Answer(typing.NamedTuple):
  """A text with its probability among those kept; "": there is no answer.

  Attributes:
    text: of the answer, as the reference release has it: with --context_tokens=
      whitespace its words are joined with one space, and of a text that its
      words hold several times it is the first.
    probability: in [0, 1].
    start_logit, end_logit: as of Candidate.
    begin, end: its offsets in the context, in characters; -1: it is not there.
  """
  text: str
  probability: float
  start_logit: float
  end_logit: float
  begin: int
  end: int

  def as_in(self, context: str) -> str:
    """Returns the context's text at its offsets; without offsets, its own."""
    return context[self.begin:self.end] if self.begin >= 0 else self.text


class Answers(typing.NamedTuple):
  """The answers to a question.

  Attributes:
    best: the text that is given.
    all: Answer each, best first.
    null_odds: how much better no answer is than the best one; None unless there
      may be none.
  """
  best: str
  all: List[Answer]
  null_odds: Optional[float]

  @property
  def probability(self) -> float:
    """Of the text that is given."""
    return next((each.probability for each in self.all
                 if each.text == self.best), 0.0)


def choose(windows: Sequence[WindowLogits], settings: AnswerSettings,
           text_of: Callable[[Candidate], TextSpan]) -> Answers:
  """Returns the answers to a question.

  Args:
    windows: of its context.
    settings: which are given.
    text_of: returns the part of the context that a candidate is.
  """
  candidates = [each for number, window in enumerate(windows)
                for each in _candidates(number, window, settings)]
  null = _null(windows) if settings.may_be_none else None
  if null:
    candidates.append(null)
  candidates.sort(key=lambda each: -each.logit)
  kept = {}  # type: Dict[str, Tuple[TextSpan, Candidate]]
  for each in candidates:
    if len(kept) == settings.n_best_size:
      break
    span = TextSpan("") if each is null else text_of(each)
    kept.setdefault(span.text, (span, each))
  if null:
    kept.setdefault("", (TextSpan(""), null))
  if not kept:
    # What the reference answers where the context has no words.
    text = "" if settings.may_be_none else "empty"
    kept[text] = (TextSpan(text), Candidate(0, 0, 0, 0.0, 0.0))
  return _decide(_with_probabilities(kept.values()), null, settings)


def _candidates(number, window, settings) -> Iterable[Candidate]:
  starts, ends = [highest(each, settings.n_best_size) for each in (
      window.start_logits, window.end_logits)]
  stop = window.first + len(window.is_best)
  for start, start_logit in starts:
    if not window.first <= start < stop or (
        not window.is_best[start - window.first]):
      continue
    for end, end_logit in ends:
      if start <= end < min(stop, start + settings.max_answer_length):
        yield Candidate(number, start, end, start_logit, end_logit)


def highest(logits: Sequence[float], count: int) -> List[Tuple[int, float]]:
  """Returns the positions and values of the highest logits; of equal logits,
  the first comes first."""
  order = np.argsort(-np.asarray(logits), kind="stable")[:count]
  return [(int(position), float(logits[position])) for position in order]


def _null(windows):
  """Returns the candidate for "no answer", from the window where that is the
  least likely; None without windows."""
  nulls = [Candidate(number, window.no_answer, window.no_answer,
                     float(window.start_logits[window.no_answer]),
                     float(window.end_logits[window.no_answer]))
           for number, window in enumerate(windows)]
  return min(nulls, key=lambda each: each.logit, default=None)


def _with_probabilities(kept):
  """Returns the Answers of pairs of a TextSpan and its Candidate."""
  kept = list(kept)
  probabilities = softmax([candidate.logit for _, candidate in kept])
  return [Answer(span.text, probability, candidate.start_logit,
                 candidate.end_logit, span.begin, span.end)
          for (span, candidate), probability in zip(kept, probabilities)]


def softmax(logits: Sequence[float]) -> List[float]:
  """Returns the probabilities of logits, in float64; [] of none."""
  most = max(logits, default=0.0)
  weights = [math.exp(each - most) for each in logits]
  total = sum(weights)
  return [weight / total for weight in weights]


def _decide(found, null, settings):
  if not settings.may_be_none:
    return Answers(found[0].text, found, None)
  best = next((each for each in found if each.text), None)
  if best is None:  # There is nothing but no answer.
    return Answers("", found, 0.0)
  odds = null.logit - best.start_logit - best.end_logit
  return Answers("" if odds > settings.null_threshold else best.text, found,
                 odds)
