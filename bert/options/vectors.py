"""Flags of extract_features.py, and their rules."""

import dataclasses
import typing
from typing import Optional

from bert.common.command_line import Path
from bert.common.command_line import option
from bert.common.errors import UserError
from bert.options import shared


_POOLINGS = ("mean", "max", "mean_max", "cls", "last", "tokens")
_POOLINGS_OF_SPECIAL_TOKENS = ("mean_all", "mean_max_all")


def _pooling_of(text, given):
  """Returns what an earlier --sentence_vectors means; raises UserError."""
  where = "--sentence_vectors=%s" % text
  if text not in _POOLINGS + _POOLINGS_OF_SPECIAL_TOKENS:
    raise UserError("%s: must be one of: %s; --pooling replaces it" % (
        where, " ".join(_POOLINGS + _POOLINGS_OF_SPECIAL_TOKENS)))
  if "layers" in given:
    # They would be other vectors than those that the same command wrote.
    raise UserError(
        "%s: --layers counted for nothing with it; leave --layers out, or give "
        "--pooling in place of --sentence_vectors" % where)
  suffix = "_all"
  has_all = text.endswith(suffix)
  return {"pooling": text[:-len(suffix)] if has_all else text,
          "pool_special_tokens": has_all}


@dataclasses.dataclass(frozen=True)
class VectorOptions:
  """Vectors"""
  input_file: Path = option(
      None, "Text file: one text per line, or a pair of texts as "
      "`text_a ||| text_b`; with --do_export, optional sample texts for the "
      "web page of run_predictor.py.")
  output_file: Path = option(
      None, "Output file: JSON lines, or .npy with --pooling.")
  do_export: bool = option(
      False, "Export an encoder with --pooling for run_predictor.py, to "
      "output_dir/export/, instead of reading texts.")
  output_dir: Path = option(None, "Folder for --do_export.")
  layers: str = option(
      None, "Layers to read, comma-separated; -1 is the last. With --pooling "
      "the vectors of several layers are concatenated. When not given, "
      "-1,-2,-3,-4, or -2 with --pooling.", aliases={"vector_layer": None})
  pooling: str = option(
      None, "Write one vector per text instead of one per token: mean, max, "
      "mean_max (both), cls (the first token) or last (the last token); or "
      "tokens, with --do_export only: one vector per token. The mean leaves "
      "out [CLS] and [SEP].",
      choices=_POOLINGS,
      aliases={"sentence_vectors": _pooling_of})
  pool_special_tokens: bool = option(
      False, "Include [CLS] and [SEP] in the mean of --pooling=mean and "
      "mean_max, as models trained with --pair_encoding=siamese do.")
  bert_config_file: Path = shared.BERT_CONFIG_FILE
  init_checkpoint: Path = option(
      None, "Checkpoint with the weights, or a folder, of which --checkpoint "
      "chooses one.", required=True)
  checkpoint: str = option(
      None, "Checkpoint to use if --init_checkpoint is a folder: best or "
      "newest; when not given, the best if the last training there had "
      "--eval_every, else the newest.", choices=("best", "newest"))
  vocab_file: Path = shared.VOCAB_FILE
  do_lower_case: bool = shared.DO_LOWER_CASE
  tokenizer: str = shared.TOKENIZER
  max_seq_length: int = shared.TEXT_LENGTH
  batch_size: int = shared.BATCH_SIZE
  use_one_hot_embeddings: bool = option(
      False, "Look up embeddings by a matrix multiplication, which is faster "
      "on TPUs.")

  def __post_init__(self):
    if self.layers is None:
      object.__setattr__(self, "layers",
                         "-2" if self.pooling else "-1,-2,-3,-4")

  @property
  def text_vectors(self) -> Optional[str]:
    """The vectors of texts, by the name that task.json has for them; None: one
    vector per token."""
    return self.pooling and self.pooling + "_all" * self.pool_special_tokens


class VectorFlags(typing.NamedTuple):
  """The groups of extract_features.py."""
  data: VectorOptions
  speed: shared.StepOptions
  tpu: shared.TpuOptions


def check_vectors(vectors: VectorOptions) -> None:
  """Raises UserError for flags of extract_features.py that are missing, or do
  not go together, with or without --do_export."""
  needed = (("output_dir", "pooling") if vectors.do_export else
            ("input_file", "output_file"))
  others = ("output_file",) if vectors.do_export else ("output_dir",)
  for name in needed:
    if not getattr(vectors, name):
      raise UserError("--%s is required%s. See --help." % (
          name, " with --do_export" * vectors.do_export))
  if vectors.pooling == "tokens" and not vectors.do_export:
    raise UserError("--pooling=tokens is for --do_export; leave it out for a "
                    "vector per token")
  if vectors.pool_special_tokens and vectors.pooling not in ("mean",
                                                             "mean_max"):
    raise UserError("--pool_special_tokens needs --pooling=mean or mean_max")
  for name in others:
    if getattr(vectors, name):
      raise UserError("--%s=%s does not go with%s --do_export; leave it out" % (
          name, getattr(vectors, name),
          "" if vectors.do_export else "out"))
