"""The commands as pip installs them (pyproject.toml): bert-classifier and so
on. Their modules, a floor above bert/, are imported by name when they run.
"""

import importlib
import sys

from bert.common import command


def _run(module):
  return command.run(importlib.import_module(module).main, sys.argv)


def classifier() -> int:
  """run_classifier.py."""
  return _run("run_classifier")


def squad() -> int:
  """run_squad.py."""
  return _run("run_squad")


def pretraining() -> int:
  """run_pretraining.py."""
  return _run("run_pretraining")


def pretraining_data() -> int:
  """create_pretraining_data.py."""
  return _run("create_pretraining_data")


def features() -> int:
  """extract_features.py."""
  return _run("extract_features")


def predictor() -> int:
  """run_predictor.py."""
  return _run("run_predictor")


def cross_validation() -> int:
  """run_cross_validation.py."""
  return _run("run_cross_validation")


def search() -> int:
  """run_search.py."""
  return _run("run_search")


def convert() -> int:
  """scripts/convert_checkpoint.py."""
  return _run("bert_scripts.convert_checkpoint")
