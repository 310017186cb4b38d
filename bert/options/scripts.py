"""Flags of the Python scripts in scripts/."""

import dataclasses

from bert.common.command_line import Path
from bert.common.command_line import option

_INPUT_FILE = option(None, "Text files: a comma-separated list of globs.",
                     required=True)


@dataclasses.dataclass(frozen=True)
class ConversionOptions:
  """Conversion"""
  hugging_face_dir: Path = option(
      None, "Folder with config.json, model.safetensors and vocab.txt.",
      required=True)
  bert_dir: Path = option(
      None, "Folder with bert_config.json, vocab.txt and a checkpoint.",
      required=True)
  to: str = option(
      "bert", "Format of the folder to write: bert or hugging_face.",
      choices=("bert", "hugging_face"))
  checkpoint: Path = option(
      None, "Checkpoint for --to=hugging_face: best, newest, or a path; when "
      "not given, the best of --bert_dir if the last training there had "
      "--eval_every, else the newest, else bert_model.ckpt of --bert_dir.")
  bert_config_file: Path = option(
      None, "JSON file with the sizes of the model, for --to=hugging_face; "
      "bert_config.json in --bert_dir when not given.")
  vocab_file: Path = option(
      None, "Vocabulary file for --to=hugging_face; vocab.txt in --bert_dir "
      "when not given.")
  trust_checkpoint: bool = option(
      False, "Read pytorch_model.bin with a torch before 2.6, where such a file "
      "can run any program (CVE-2025-32434): only if you trust who made it.")
  exact_gelu: bool = option(
      False, "With --to=bert, keep the erf form of \"gelu\", which is slower "
      "than the tanh form in this program, and which the reference release "
      "does not know.")


@dataclasses.dataclass(frozen=True)
class CorpusOptions:
  """Text"""
  input_file: Path = _INPUT_FILE
  output_file: Path = option(None, "Output file: one sentence per line.",
                             required=True)
  document: str = option(
      "blank_line", "What ends a document: blank_line, line or file. Other "
      "line breaks are taken for wrapped text; with file, blank lines end "
      "paragraphs.", choices=("blank_line", "line", "file"))
  max_chars: int = option(
      1000, "Maximum number of characters per sentence; longer sentences are "
      "split, after a comma or a space if possible.", minimum=10)


@dataclasses.dataclass(frozen=True)
class StripOptions:
  """Checkpoints"""
  checkpoint: Path = option(None, "Checkpoint to copy: its path without "
                            ".index; or a folder, whose best checkpoint is "
                            "copied if its last training had --eval_every, "
                            "else the newest.", required=True)
  output: Path = option(None, "Path of the copy, without .index.",
                        required=True)


@dataclasses.dataclass(frozen=True)
class LengthOptions:
  """Lengths"""
  output_png: Path = option(None, "PNG file to write a histogram to; needs "
                            "matplotlib.")


@dataclasses.dataclass(frozen=True)
class VocabularyOptions:
  """Vocabulary"""
  input_file: Path = _INPUT_FILE
  vocab_file: Path = option(None, "Output file: one token per line.",
                            required=True)
  vocab_size: int = option(30000, "Number of tokens, special tokens included.",
                           minimum=105)
  min_frequency: int = option(
      2, "Minimum number of occurrences of two adjacent pieces to merge them.",
      minimum=1)
  do_lower_case: bool = option(
      True, "Lower-case the text; programs that use the vocabulary must then "
      "lower-case, too.")
