import dataclasses
import os
import re

import pytest

from bert.common import command_line
from processors import base
import create_pretraining_data
import extract_features
import run_classifier
import run_cross_validation
import run_predictor
import run_pretraining

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")


DOCUMENTS = ["README.md"] + [
    os.path.join("docs", name)
    for name in sorted(os.listdir(os.path.join(ROOT, "docs")))]


def content(name):
  with open(os.path.join(ROOT, name), encoding="utf-8") as reader:
    return reader.read()


def row(field):
  default = "`%s`" % command_line.describe(field.default)
  if field.metadata.get("required"):
    default = "required"
  elif field.default is None:
    default = "none"
  return field.name, default, field.metadata["help"].replace("|", "\\|")


# What docs/flags.md has a section for, in its order.
GROUPS = (
    run_classifier.GROUPS[1:] + run_classifier.GROUPS[:1] +
    run_cross_validation.GROUPS[:1] + create_pretraining_data.GROUPS +
    tuple(group for group in run_pretraining.GROUPS
          if not any(issubclass(each, group)
                     for each in run_classifier.GROUPS)) +
    run_predictor.GROUPS + extract_features.GROUPS[:1])


def test_flag_table_is_what_help_says():
  table = re.findall(r"^\| `--(\w+)` \| (required|none|`.*?`) \| (.*) \|$",
                     content("docs/flags.md"), re.M)
  assert table == [row(field) for group in GROUPS
                   for field in dataclasses.fields(group)]


@pytest.mark.parametrize("name", ["README.md", "docs/tasks.md"])
def test_every_task_is_named(name):
  named = set(re.findall(r"`([\w-]+)`", content(name)))
  assert not set(base.registered()) - named


def test_readme_is_not_too_long():
  assert content("README.md").count("\n") <= 300


@pytest.mark.parametrize("name", DOCUMENTS)
def test_no_line_is_left_to_be_filled_in(name):
  assert not re.findall(r"^[A-Z]{5,}$", content(name), re.M)


@pytest.mark.parametrize("name", ["README.md"])
def test_scripts_and_files_that_are_named_exist(name):
  named = set(re.findall(r"\b(?:scripts|samples|tests|bert|processors|docs)/"
                         r"\w[\w./]*\.(?:sh|py|txt|json|tsv|md)",
                         content(name)))
  assert named
  missing = [name for name in named
             if not os.path.exists(os.path.join(ROOT, name))]
  assert not missing
