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
      "bert", "Format of the folder that is written: bert or hugging_face.",
      choices=("bert", "hugging_face"))
  checkpoint: Path = option(
      None, "Checkpoint for --to=hugging_face: best, newest, or a path; when "
      "not given, the best of --bert_dir if the last training there had "
      "--eval_every, else the newest, else bert_model.ckpt there.")
  bert_config_file: Path = option(
      None, "Config for --to=hugging_face; bert_config.json in --bert_dir when "
      "not given.")
  vocab_file: Path = option(
      None, "Vocabulary for --to=hugging_face; vocab.txt in --bert_dir when "
      "not given.")
  exact_gelu: bool = option(
      False, "With --to=bert, keep the erf form of \"gelu\", which is slower "
      "here than the tanh form and unknown to the reference release.")


@dataclasses.dataclass(frozen=True)
class CorpusOptions:
  """Text"""
  input_file: Path = _INPUT_FILE
  output_file: Path = option(None, "Output file: one sentence per line.",
                             required=True)
  document: str = option(
      "blank_line", "What ends a document: blank_line, line or file. Other "
      "lines are joined, as of wrapped text; in a file, blank lines end its "
      "paragraphs.", choices=("blank_line", "line", "file"))
  max_chars: int = option(
      1000, "Maximum number of characters per sentence; longer ones are split "
      "after a comma or a space where there is one.", minimum=10)


@dataclasses.dataclass(frozen=True)
class StripOptions:
  """Checkpoints"""
  checkpoint: Path = option(None, "Checkpoint to copy: its path without "
                            ".index, or a folder, of which the best is copied "
                            "if its last training had --eval_every, else the "
                            "newest.", required=True)
  output: Path = option(None, "Path of the copy.", required=True)


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
  vocab_size: int = option(30000, "Number of entries, special tokens included.",
                           minimum=105)
  min_frequency: int = option(
      2, "Minimum number of occurrences of a pair of pieces that is merged.",
      minimum=1)
  do_lower_case: bool = option(
      True, "Lower-case the text, as everything that uses the vocabulary must "
      "then.")
