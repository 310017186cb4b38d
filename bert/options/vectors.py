"""Flags of extract_features.py, and their rules."""

import dataclasses
import typing

from bert.common.command_line import Path
from bert.common.command_line import option
from bert.common.errors import UserError
from bert.options import shared


@dataclasses.dataclass(frozen=True)
class VectorOptions:
  """Vectors"""
  input_file: Path = option(None, "Text file: one text per line, or a pair as "
                            "`text_a ||| text_b`; with --do_export, texts to "
                            "try the encoder with on its page, if given.")
  output_file: Path = option(None, "Output file: JSON lines, or .npy with "
                             "--sentence_vectors.")
  do_export: bool = option(False, "Export an encoder with --sentence_vectors "
                           "for run_predictor.py, to export/ in --output_dir, "
                           "instead of reading texts.")
  output_dir: Path = option(None, "Folder for --do_export.")
  layers: str = option("-1,-2,-3,-4", "Layers whose token vectors are written; "
                       "-1 is the last.")
  sentence_vectors: str = option(
      None, "Write one vector per text instead of one per token: mean, max, "
      "mean_max, cls (the first token) or last of --vector_layer; mean_all and "
      "mean_max_all have [CLS] and [SEP] in the mean, and mean_all is what "
      "--pair_encoding=siamese compares; tokens, with --do_export alone, has a "
      "vector per token.",
      choices=("mean", "mean_all", "max", "mean_max", "mean_max_all", "cls",
               "last", "tokens"))
  vector_layer: str = option("-2", "Layers that --sentence_vectors are made of, "
                             "with commas between, joined; -1 is the last.")
  bert_config_file: Path = shared.BERT_CONFIG_FILE
  init_checkpoint: Path = option(None, "Checkpoint with the weights, or a "
                                 "folder, of which --checkpoint is used.",
                                 required=True)
  checkpoint: str = option(None, "Checkpoint of a folder that "
                           "--init_checkpoint names: best or newest; when not "
                           "given, the best if the last training there had "
                           "--eval_every, else the newest.",
                           choices=("best", "newest"))
  vocab_file: Path = shared.VOCAB_FILE
  do_lower_case: bool = shared.DO_LOWER_CASE
  tokenizer: str = shared.TOKENIZER
  max_seq_length: int = shared.TEXT_LENGTH
  batch_size: int = shared.BATCH_SIZE
  use_one_hot_embeddings: bool = option(False, "Look embeddings up by a matrix "
                                        "product, which is faster on TPUs.")


class VectorFlags(typing.NamedTuple):
  """The groups of extract_features.py."""
  data: VectorOptions
  speed: shared.StepOptions
  tpu: shared.TpuOptions


def check_vectors(vectors: VectorOptions) -> None:
  """Raises UserError for flags of extract_features.py that --do_export needs,
  or that its work without it needs."""
  needed = (("output_dir", "sentence_vectors") if vectors.do_export else
            ("input_file", "output_file"))
  others = ("output_file",) if vectors.do_export else ("output_dir",)
  for name in needed:
    if not getattr(vectors, name):
      raise UserError("--%s is required%s. See --help." % (
          name, " with --do_export" * vectors.do_export))
  if vectors.sentence_vectors == "tokens" and not vectors.do_export:
    raise UserError("--sentence_vectors=tokens is for --do_export; leave it out "
                    "for a vector per token")
  for name in others:
    if getattr(vectors, name):
      raise UserError("--%s=%s does not go with%s --do_export; leave it out" % (
          name, getattr(vectors, name),
          "" if vectors.do_export else "out"))
