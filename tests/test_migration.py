"""docs/migration.md says what is so."""
import os
import re
import shutil

import commands
import golden
import test_old_names

PAGE = os.path.join(os.path.dirname(commands.SCRIPT), "docs", "migration.md")
with open(PAGE, encoding="utf-8") as reader:
  TEXT = reader.read()
PROCESSOR, NOTEBOOK = re.findall(r"^```python\n(.*?)^```$", TEXT, re.M | re.S)


def test_every_old_name_is_in_the_table():
  for module, names in test_old_names.NAMES.items():
    (row,) = re.findall(r"^\| `%s` \| (.*) \|$" % module, TEXT, re.M)
    assert set(re.findall(r"`(\w+)`", row)) == {
        name for name, takes in names.items() if takes}


def test_processor_of_the_page_is_all_that_is_needed(tmp_path):
  module = commands.write(tmp_path / "tickets.py", PROCESSOR)
  for name in ("train", "dev", "test"):
    commands.write(tmp_path / "data" / (name + ".csv"),
                   '1,"two votes, again"\n0,the captain\n' * 3)
  flags = commands.tiny_flags(
      tmp_path, "tickets", processor_module=module, do_train=True,
      do_eval=True, do_predict=True)
  commands.finish(flags)
  assert len(commands.probabilities(flags["output_dir"])) == 6


def test_notebook_of_the_page_runs(tmp_path, monkeypatch):
  monkeypatch.chdir(tmp_path)
  shutil.copy(golden.path("vocab.txt"), str(tmp_path))
  namespace = {}
  exec(NOTEBOOK, namespace)  # pylint: disable=exec-used
  (batch,) = test_old_names.batches(namespace["input_fn"], 2)
  assert batch["input_ids"].shape == (2, 16)
  assert batch["label_ids"].tolist() == [1, 0]
