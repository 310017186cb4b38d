"""Tiny exports of each kind of head, each trained once a process of pytest."""
import os

import commands
from processors import base
from tiny_runs import pairs, sentences, single_texts


def of_singles(folder, **changes):
  return make(single_texts(folder, **changes))


def of_pairs(folder, **changes):
  return make(pairs(folder, num_workers=1, num_train_epochs=1, **changes))


def of_words(folder, **changes):
  return make(sentences(folder, **changes))


def of_scores(folder, **changes):
  return make(score_flags(folder, **changes))


def score_flags(folder, **changes):
  rows = [("sentence1", "sentence2", "score")] + [
      ("the captain said", "two votes", str(index / 2)) for index in range(8)]
  for name in ("train", "dev", "test"):
    commands.write_table(folder / "data" / (name + ".tsv"), rows)
  return commands.tiny_flags(
      folder, "stsb", do_train=True, do_eval=True, do_predict=True, **changes)


def of_sets(folder, **changes):
  return make(set_flags(folder, **changes))


def set_flags(folder, **changes):
  rows = [("the captain said %d" % index, "%d,%d" % (index % 3, 3), str(index))
          for index in range(8)]
  for name in ("train", "dev", "test"):
    commands.write_table(folder / "data" / (name + ".tsv"), rows)
  return commands.tiny_flags(
      folder, "go_emotions", do_train=True, do_eval=True, do_predict=True,
      **changes)


# What was trained: flags and data -> the files of the output folder.
_outputs = {}


def make(flags):
  """Trains, predicts and exports -> the flags.

  What the same flags and data have made before, in whatever folder, is copied.
  """
  key = _key_of(flags)
  if key not in _outputs:
    commands.finish(dict(flags, do_export=True))
    _outputs[key] = commands.snapshot(flags["output_dir"])
  for name, content in _outputs[key].items():
    path = os.path.join(flags["output_dir"], name)
    if content is None:
      os.makedirs(path, exist_ok=True)
    else:
      commands.write(path, content)
  return flags


def _key_of(flags):
  others = {name: value for name, value in flags.items() if name not in (
      "data_dir", "output_dir", "bert_config_file")}
  return repr([sorted(others.items()), commands.snapshot(flags["data_dir"]),
               commands.content(flags["bert_config_file"])])


def questions_of(flags):
  """The test set's questions, as predictor.Predictor takes them."""
  processor = base.create(flags["task_name"], flags["data_dir"])
  examples = processor.get_test_examples(flags["data_dir"])
  return [each.text_a if each.text_b is None else (each.text_a, each.text_b)
          for each in examples]


def without_list(folder):
  """Removes what earlier releases did not write: the list of the files."""
  os.remove(os.path.join(str(folder), "files.json"))
  return folder


def folder_of(flags):
  parent = os.path.join(flags["output_dir"], "export")
  (name,) = os.listdir(parent)
  return os.path.join(parent, name)
