#!/usr/bin/env python
"""Writes the vectors that a BERT has of texts: a token each, as JSON lines, or
one a text, as .npy.

Drop-in for the reference release's extract_features.py: same flags and file.
"""

import dataclasses
import sys

from bert.common import import_logging  # First; pylint: disable=unused-import
from bert import options
from bert.common import command_line
from bert.common import console
from bert.common.command_line import option
from bert.heads import encoder_layers
from bert.serving import vectors


@dataclasses.dataclass(frozen=True)
class VectorOptions:
  """Vectors"""
  input_file: str = option(None, "Texts, one a line; `text_a ||| text_b` is a "
                           "pair.", required=True)
  output_file: str = option(None, "JSON lines, or with --sentence_vectors .npy.",
                            required=True)
  layers: str = option("-1,-2,-3,-4", "Layers that are written; -1 is the last.")
  sentence_vectors: str = option(
      None, "A vector a text instead of one a token: mean, max, mean_max or "
      "cls, of --vector_layer.", choices=encoder_layers.VECTORS)
  vector_layer: int = option(-2, "The layer that vectors of texts are made of.")
  bert_config_file: str = option(None, "JSON file with the model's size.",
                                 required=True)
  init_checkpoint: str = option(None, "Checkpoint with the weights.",
                                required=True)
  vocab_file: str = option(None, "Vocabulary, a word piece a line.",
                           required=True)
  do_lower_case: bool = option(True, "Lower-case the text, as the vocabulary "
                               "of an uncased or Chinese model needs.")
  max_seq_length: int = option(128, "Tokens a text, [CLS] and [SEP] included; "
                               "longer ones are cut.", minimum=3)
  batch_size: int = option(32, "Texts that are read together.", minimum=1)
  use_one_hot_embeddings: bool = option(False, "Look words up by a product, "
                                        "which is faster on TPUs.")


GROUPS = (VectorOptions, options.StepOptions, options.TpuOptions)


def main(argv):
  wanted, speed, tpu = command_line.parse(argv, GROUPS, __doc__)
  vectors.extract(vectors.Flags(wanted, speed, tpu))


if __name__ == "__main__":
  sys.exit(console.run(main, sys.argv))
