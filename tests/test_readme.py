import dataclasses
import os
import re

from bert import options
from processors import base
import run_classifier

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")


def readme():
  with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as reader:
    return reader.read()


def test_flag_table_is_what_help_says():
  table = re.findall(
      r"^\| `--(\w+)` \| (required|none|`.*?`) \| (.*) \|$", readme(), re.M)
  expected = []
  for group in run_classifier.GROUPS:
    for field in dataclasses.fields(group):
      default = "`%s`" % options.describe(field.default)
      if field.metadata.get("required"):
        default = "required"
      elif field.default is None:
        default = "none"
      expected.append((field.name, default, field.metadata["help"]))
  assert table == expected


def test_every_task_is_named():
  named = set(re.findall(r"`([\w-]+)`", readme()))
  assert not set(base.registered()) - named


def test_no_line_is_left_to_be_filled_in():
  assert not re.findall(r"^[A-Z]{5,}$", readme(), re.M)


def test_scripts_and_files_that_are_named_exist():
  named = set(re.findall(r"\b(?:scripts|samples|tests|bert|processors)/"
                         r"\w[\w./]*\.(?:sh|py|txt|json|tsv)", readme()))
  assert named
  missing = [name for name in named
             if not os.path.exists(os.path.join(ROOT, name))]
  assert not missing
