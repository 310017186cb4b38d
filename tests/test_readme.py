"""README and docs say what is there."""
import os
import re
import shutil
import sys

import pytest

import golden
from processors import base

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
sys.path.insert(0, os.path.join(ROOT, "scripts"))
import make_flags_doc  # pylint: disable=wrong-import-position


READMES = ["README.md", "README.zh-CN.md"]
DOCUMENTS = READMES + ["CONTRIBUTING.md", "tests/README.md"] + [
    os.path.join("docs", name)
    for name in sorted(os.listdir(os.path.join(ROOT, "docs")))
    if name.endswith(".md")]


def content(name):
  with open(os.path.join(ROOT, name), encoding="utf-8") as reader:
    return reader.read()


def test_flags_page_is_current():
  """Else run scripts/make_flags_doc.py."""
  assert content("docs/flags.md") == make_flags_doc.document()


@pytest.mark.parametrize("name", READMES + ["docs/tasks.md"])
def test_every_task_is_named(name):
  named = set(re.findall(r"`([\w-]+)`", content(name)))
  assert not set(base.registered()) - named


@pytest.mark.parametrize("name", READMES)
def test_readme_is_not_too_long(name):
  assert content(name).count("\n") <= 200


def code_blocks(text):
  return re.findall(r"^```.*?^```$", text, re.M | re.S)


def test_both_readmes_have_the_same_commands():
  blocks = [code_blocks(content(name)) for name in READMES]
  assert blocks[0] and blocks[0] == blocks[1]


def test_python_of_the_quick_start_runs(tmp_path, monkeypatch, capsys):
  """On an export of a model with the labels 0 and 1, in the place of its own."""
  (code,) = re.findall(r"^```python\n(.*?)^```$", content("README.md"),
                       re.M | re.S)
  folder = re.search(r'Predictor\("(.*)"\)', code).group(1)
  shutil.copytree(os.path.join(golden.FIXTURES, "exports", "tf_1.15"),
                  str(tmp_path / folder / "export" / "1"))
  monkeypatch.chdir(tmp_path)
  exec(code, {})  # pylint: disable=exec-used
  # The more probable one of two labels.
  assert re.fullmatch(r"\['[01]'\] \[0\.[5-9]\d*\]\n",
                      capsys.readouterr().out)


def test_both_readmes_have_the_same_links_and_names():
  """In their order, but for those to each other."""
  found = []
  for name in READMES:
    text = re.sub(r"```.*?```", "", content(name), flags=re.S)
    links = re.findall(r"\]\(([^)]+)\)", text)
    found.append(([link for link in links if not link.startswith("README")],
                  sorted(re.findall(r"`[^`\n]+`", text))))
  assert found[0] == found[1]


def test_both_readmes_have_the_same_numbers():
  found = []
  for name in READMES:
    text = re.sub(r"```.*?```|\(http[^)]*\)", "", content(name), flags=re.S)
    found.append(sorted(re.findall(r"\d+(?:\.\d+)*", text)))
  assert found[0] == found[1]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_lead_somewhere(name):
  for link in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", content(name)):
    if not link.startswith("http"):
      target = os.path.join(ROOT, os.path.dirname(name), link)
      assert os.path.exists(target), link


def test_architecture_names_every_module():
  text = content("docs/architecture.md")
  sections = {section.split("\n")[0]: section
              for section in text.split("\n### ")[1:]}
  for folder, _, names in os.walk(os.path.join(ROOT, "bert")):
    package = os.path.relpath(folder, ROOT)
    for name in names:
      if name.endswith(".py") and name != "__init__.py":
        where = text if package == "bert" else sections[package]
        assert name in where, os.path.join(package, name)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_no_line_is_left_to_be_filled_in(name):
  assert not re.findall(r"^[A-Z]{5,}$", content(name), re.M)


@pytest.mark.parametrize("name", [
    name for name in DOCUMENTS if name != "docs/serving.md"])  # Of a user's.
def test_scripts_and_files_that_are_named_exist(name):
  named = set(re.findall(r"\b(?:scripts|samples|recipes|tests|bert|processors|"
                         r"docs)/\w[\w./]*\.(?:sh|py|txt|json|tsv|md|flags)",
                         content(name)))
  missing = [name for name in named
             if "TASK" not in name and
             not os.path.exists(os.path.join(ROOT, name))]
  assert not missing
