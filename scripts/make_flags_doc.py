#!/usr/bin/env python
"""Writes docs/flags.md: the flags of all commands and scripts, from their
declarations in bert/options/.
"""

import dataclasses
import importlib
import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, ROOT)
sys.path.insert(0, os.path.join(ROOT, "scripts"))

# pylint: disable=wrong-import-position
from bert.common import command_line

INTRODUCTION = """# Flags

<!-- Written by scripts/make_flags_doc.py from bert/options/. -->

`--help` of a command shows these texts, too. `--flagfile=FILE` reads flags from
a file, one per line. Switches are `--do_train`, `--do_train=true` or
`--do_train=false`. Earlier names of flags can still be given.
"""
COMMANDS = (
    "run_classifier", "run_squad", "run_cross_validation", "run_search",
    "create_pretraining_data", "run_pretraining", "run_predictor",
    "extract_features")
SCRIPTS = ("convert_checkpoint", "prepare_corpus", "strip_checkpoint",
           "text_lengths", "train_vocabulary")


def document() -> str:
  """Returns the text of docs/flags.md."""
  lines = [INTRODUCTION]
  shown = {}
  for name in COMMANDS + SCRIPTS:
    command = importlib.import_module(name)
    file = name + ".py" if name in COMMANDS else "scripts/%s.py" % name
    lines += ["## " + file, "", _paragraph(command.__doc__), ""]
    for group in command.GROUPS:
      heading = group.__doc__
      if group in shown:
        lines += ["**%s**: see [%s](#%s)." % (
            heading, shown[group], _anchor(shown[group])), ""]
        continue
      shown[group] = file
      lines += ["**%s**" % heading, "", "| flag | default | meaning |",
                "|---|---|---|"]
      lines += ["| `--%s` | %s | %s |" % row(field)
                for field in dataclasses.fields(group)] + [""]
  return "\n".join(lines)


def row(field):
  """Returns a flag's name, default and meaning."""
  default = "`%s`" % command_line.describe(field.default)
  if field.metadata.get("required"):
    default = "required"
  elif field.default is None:
    default = "none"
  return field.name, default, command_line.meaning(field).replace("|", "\\|")


def _paragraph(text):
  return " ".join(text.split("\n\n")[0].split())


def _anchor(heading):
  return heading.replace(".", "").replace("/", "")


if __name__ == "__main__":
  with open(os.path.join(ROOT, "docs", "flags.md"), "w",
            encoding="utf-8") as writer:
    writer.write(document())
