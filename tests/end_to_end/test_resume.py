"""Runs that are killed, and what the same command makes of them then."""
import collections
import os
import shutil
import signal

import pytest
import tensorflow.compat.v1 as tf

import commands
import interrupted

# A user's task that ends its process where $DIE_AT says: a moment and a name.
DEADLY_TASK = '''
import os
import signal

import tensorflow.compat.v1 as tf
from tensorflow.python.lib.io import file_io

from bert.data.examples import InputExample
from processors import base
from processors import glue

MOMENT, _, NAME = os.environ.get("DIE_AT", "").partition(" ")


def die():
  os.kill(os.getpid(), signal.SIGKILL)


class DeadlyText(str):
  """Ends the process when it is tokenized."""

  def isascii(self):
    die()


@base.register("deadly")
class Deadly(glue.Mrpc):

  def get_train_examples(self, data_dir):
    examples = super().get_train_examples(data_dir)
    if MOMENT == "example":
      last = examples[int(NAME)]
      examples[int(NAME)] = InputExample(
          last.guid, DeadlyText(last.text_a), last.text_b, last.label)
    return examples


class DeadlyHook(tf.estimator.SessionRunHook):
  """Ends the process after a step."""

  def after_run(self, run_context, run_values):
    step = run_context.session.run(tf.train.get_global_step())
    if step >= int(NAME):
      die()


def with_hook(train):
  def train_with_hook(self, input_fn, hooks=None, **kwargs):
    return train(self, input_fn, hooks=list(hooks or []) + [DeadlyHook()],
                 **kwargs)
  return train_with_hook


def with_death(act, target_index):
  """Ends the process before a file is renamed to NAME, or NAME is deleted."""
  countdown = [int(os.environ.get("DIE_AFTER", 0))]

  def act_or_die(*paths, **kwargs):
    if os.path.basename(str(paths[target_index])).startswith(NAME):
      if not countdown[0]:
        die()
      countdown[0] -= 1
    return act(*paths, **kwargs)
  return act_or_die


if MOMENT == "step":
  estimator = tf.estimator.tpu.TPUEstimator
  estimator.train = with_hook(estimator.train)
elif MOMENT == "rename":
  file_io.rename = tf.gfile.Rename = with_death(file_io.rename, 1)
elif MOMENT == "delete":
  file_io.delete_file = tf.gfile.Remove = with_death(file_io.delete_file, 0)
'''

ROWS = [("0", "1", "2", "fold the dough", "the dough"),
        ("1", "3", "4", "the ferry left", "before sunrise")]

NUM_STEPS = 10  # 8 examples in batches of 4, 5 times over.

# Where a run dies; how often it is spared there; files that it leaves and
# lacks then, by how their names begin; the step that the next run resumes from.
Death = collections.namedtuple("Death", "at leaves lacks next spared")


def death(at, leaves, lacks=(), next_step=0, spared=0):
  return Death(at, leaves, lacks, next_step, spared)


DEATHS = collections.OrderedDict([
    ("while_the_task_records_and_checkpoints_are_written", [
        death("rename task.json", ["task.json.partial"],
              ["task.json", "train.tf_record"], next_step=None),
        death("example 5", ["task.json", "train.tf_record.partial"],
              ["train.tf_record", "checkpoint"]),
        death("rename checkpoint", ["model.ckpt-3.index"],
              ["model.ckpt-6.index"], spared=1),
        death("step 7", ["train.tf_record", "model.ckpt-6.index"],
              ["model.ckpt-9.index"], next_step=6)]),
    ("while_the_graph_old_checkpoints_and_results_are_dealt_with", [
        death("rename graph.pbtxt", ["train.tf_record"], ["graph.pbtxt"]),
        death("delete model.ckpt-0", ["model.ckpt-6.index"],
              ["model.ckpt-9.index"], next_step=6),
        death("rename eval_results.txt",
              ["model.ckpt-10.index", "eval_results.txt.partial"],
              ["eval_results.txt", "test_results.tsv"], next_step=NUM_STEPS),
        death("rename test_results.tsv",
              ["eval_results.txt", "test_results.tsv.partial"],
              ["test_results.tsv"], next_step=NUM_STEPS)]),
])


def make_flags(folder):
  for name in ("train", "dev", "test"):
    commands.write_table(folder / "data" / (name + ".tsv"),
                         [("header",) * 5] + ROWS * 4)
  module = commands.write(folder / "deadly.py", DEADLY_TASK)
  return commands.tiny_flags(
      folder, "deadly", processor_module=module, do_train=True, do_eval=True,
      do_predict=True, num_train_epochs=5, learning_rate=1e-3,
      save_checkpoints_steps=3, keep_checkpoint_max=2, log_steps=1)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
  """The output folder of a run left alone."""
  flags = make_flags(tmp_path_factory.mktemp("undisturbed"))
  commands.finish(flags)
  return flags["output_dir"]


@pytest.fixture(scope="module", params=list(DEATHS))
def resumed(request, tmp_path_factory):
  """A run killed and given again -> how, its output folder, the logs."""
  logs = []
  flags = make_flags(tmp_path_factory.mktemp("killed"))
  for each in DEATHS[request.param]:
    code, log = commands.spawn(flags, DIE_AT=each.at,
                               DIE_AFTER=str(each.spared))
    assert code == -signal.SIGKILL, log
    names = commands.names(flags["output_dir"])
    assert set(each.leaves) <= names
    assert not set(each.lacks) & names
    logs.append(log)
  logs.append(commands.finish(flags))
  return request.param, flags["output_dir"], logs


def test_resumed_run_ends_with_the_same_files(undisturbed, resumed):
  assert commands.names(resumed[1]) == commands.names(undisturbed)


def test_resumed_run_ends_at_the_same_step(undisturbed, resumed):
  for folder in (undisturbed, resumed[1]):
    newest = tf.train.latest_checkpoint(folder)
    assert os.path.basename(newest) == "model.ckpt-%d" % NUM_STEPS
    assert commands.variables(newest)["global_step"] == NUM_STEPS
    assert commands.results(folder)["global_step"] == NUM_STEPS


def test_resumed_run_ends_with_the_same_weights(undisturbed, resumed):
  interrupted.assert_equal_variables(resumed[1], undisturbed, step=NUM_STEPS)


def test_resumed_run_ends_with_whole_results(undisturbed, resumed):
  folder = resumed[1]
  assert set(commands.results(folder)) == set(commands.results(undisturbed))
  assert commands.probabilities(folder).shape == (8, 2)
  assert [row[0] for row in commands.predictions(folder)] == [
      row[0] for row in commands.predictions(undisturbed)]
  for name in ("train", "eval", "predict"):
    assert (commands.records(os.path.join(folder, name + ".tf_record")) ==
            commands.records(os.path.join(undisturbed, name + ".tf_record")))


def assert_resumes_from(log, step):
  if step == NUM_STEPS:
    assert "complete" in log
    assert "Running training" not in log
  elif step:
    assert "from step %d" % step in log
    assert "Training: %d of 10" % step not in log
    assert "Training: %d of 10" % (step + 1) in log
  else:
    assert "Training: 1 of 10" in log


def test_resumed_run_says_where_it_goes_on(resumed):
  moments, _, logs = resumed
  for each, log in zip(DEATHS[moments], logs[1:]):
    if each.next is None:
      assert "Training: " not in log  # It dies before, too.
    else:
      assert_resumes_from(log, each.next)


def test_remains_of_a_checkpoint_half_written_are_removed(
    undisturbed, tmp_path):
  flags = make_flags(tmp_path)
  folder = flags["output_dir"]
  # As TensorFlow 1.15 and 2.x name what they write before it is renamed.
  for name in ("model.ckpt-3_temp_0a1b/part-00000-of-00001.index",
               "model.ckpt-3_temp/part-00000-of-00001.data-00000-of-00001",
               "model.ckpt-3.data-00000-of-00001.tempstate123"):
    commands.write(os.path.join(folder, name), b"half")
  commands.finish(flags)
  assert commands.names(folder) == commands.names(undisturbed)
  assert not [name for name in os.listdir(folder) if "temp" in name]


def test_evaluation_killed_leaves_the_earlier_results_whole(
    undisturbed, tmp_path):
  flags = dict(make_flags(tmp_path), do_train=False, do_predict=False)
  shutil.copytree(undisturbed, flags["output_dir"])
  before = commands.content(undisturbed, "eval_results.txt")
  code, log = commands.spawn(flags, DIE_AT="rename eval_results.txt")
  assert code == -signal.SIGKILL, log
  assert commands.content(flags["output_dir"], "eval_results.txt") == before
