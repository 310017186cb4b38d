"""Sets that are kept on disk: the same files as of those in memory."""
import os

import numpy as np
import pytest

import commands
import tiny_runs
from bert.data import example_store
from processors import adapter

pytestmark = pytest.mark.usefixtures("plain_graphs")

KINDS = {"pairs": tiny_runs.pairs, "single_texts": tiny_runs.single_texts,
         "sentences": tiny_runs.sentences}
# Of TensorFlow's and of a run's own, which tell the time.
UNLIKE = ("run.flags", "eval", "graph.pbtxt", "events.", "checkpoint", "model.ckpt",
          "task.json", ".lock")


def read_files(folder):
  contents = {}
  for name in os.listdir(str(folder)):
    path = os.path.join(str(folder), name)
    if os.path.isfile(path) and (
        name.endswith(".tf_record") or not name.startswith(UNLIKE)):
      with open(path, "rb") as stream:
        contents[name] = stream.read()
  return contents


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_stored_sets_leave_the_files_of_sets_in_memory(kind, tmp_path,
                                                       monkeypatch):
  kept = KINDS[kind](tmp_path / "kept", cpu_replicas=1)
  commands.finish(kept)
  # Each set is now larger than what is kept in memory.
  monkeypatch.setattr(example_store, "MAX_IN_MEMORY", 2)
  read = adapter.ProcessorAdapter.get_train_examples
  found = []
  monkeypatch.setattr(
      adapter.ProcessorAdapter, "get_train_examples",
      lambda *args: found.append(read(*args)) or found[-1])
  stored = KINDS[kind](tmp_path / "stored", cpu_replicas=1)
  commands.finish(stored)
  assert isinstance(found[0], example_store.StoredExamples)
  expected = read_files(kept["output_dir"])
  actual = read_files(stored["output_dir"])
  assert set(actual) == set(expected)
  assert {"train.tf_record", "eval.tf_record", "predict.tf_record",
          "test_results.tsv"} <= set(expected)
  for name, content in expected.items():
    assert actual[name] == content, name
  results = [commands.results(flags["output_dir"]) for flags in (kept, stored)]
  assert results[0].keys() == results[1].keys()
  for name, value in results[0].items():
    np.testing.assert_allclose(results[1][name], value, rtol=1e-5,
                               err_msg=name)


def test_a_processor_of_the_users_own_gets_lists(tmp_path, monkeypatch):
  """As it may change them in place."""
  monkeypatch.setattr(example_store, "MAX_IN_MEMORY", 2)
  module = tmp_path / "own.py"
  module.write_text("""
from processors.base import register
from processors.glue import Mrpc

@register("sorted")
class Sorted(Mrpc):

  def get_test_examples(self, data_dir):
    examples = super().get_test_examples(data_dir)
    examples.sort(key=lambda example: example.text_b)
    return examples
""")
  flags = tiny_runs.pairs(tmp_path, task_name="sorted",
                          processor_module=str(module), do_eval=False)
  commands.finish(flags)
  texts = [line.split("\t")[4]
           for line in commands.lines(tmp_path, "data", "test.tsv")]
  guids = [line.split("\t")[0] for line in commands.lines(
      flags["output_dir"], "test_predictions.tsv")[1:]]
  numbers = [int(guid.split("-")[1]) for guid in guids]
  assert [texts[number] for number in numbers] == sorted(texts[1:])
