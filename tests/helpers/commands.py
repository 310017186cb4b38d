"""Runs run_classifier.py as a user does, and reads what it leaves behind."""
import collections
import contextlib
import glob
import importlib
import io
import json
import logging
import os
import subprocess
import sys
from unittest import mock

import numpy as np
import tensorflow.compat.v1 as tf

import forked
import golden
import run_classifier
from bert.common import command as command_lib
from bert.data import label_types
# Registers the kinds of heads, which forgetting_own_tasks puts back.
from bert.heads import registry as _  # pylint: disable=unused-import
from bert.encoders import registry as encoders
from processors import base

SCRIPT = os.path.abspath(run_classifier.__file__)

# A model that is quick to build, for golden/vocab.txt.
TINY = {
    "attention_probs_dropout_prob": 0.1, "hidden_act": "gelu",
    "hidden_dropout_prob": 0.1, "hidden_size": 8, "initializer_range": 0.02,
    "intermediate_size": 16, "max_position_embeddings": 64,
    "num_attention_heads": 2, "num_hidden_layers": 1, "type_vocab_size": 2,
    "vocab_size": 756}

Result = collections.namedtuple("Result", "code log")


def argv(flags):
  """A dict of flags as a command line; None leaves a flag out."""
  return ["--%s=%s" % (name, str(value).lower() if isinstance(value, bool)
                       else value)
          for name, value in flags.items() if value is not None]


def run(flags, command=run_classifier):
  """Runs a command in this process -> code, what it says on stderr.

  Args:
    flags: dict, or a list of arguments as they are.
    command: its module.
  """
  arguments = flags if isinstance(flags, list) else argv(flags)
  log = io.StringIO()
  with _own_log(), forgetting_own_tasks(), contextlib.redirect_stderr(log):
    code = command_lib.run(command.main, [command.__name__ + ".py"] + arguments)
  return Result(code, log.getvalue())


@contextlib.contextmanager
def forgetting_own_tasks():
  """Forgets a user's tasks, heads and encoders, for tests that look at all of
  them."""
  # pylint: disable=protected-access
  with mock.patch.dict(base._PROCESSORS), mock.patch.dict(label_types.HEADS):
    with mock.patch.dict(encoders._ENCODERS):
      yield


def load_script(name):
  """Imports a script of scripts/ as a module."""
  folder = os.path.join(os.path.dirname(SCRIPT), "scripts")
  sys.path.insert(0, folder)
  try:
    return importlib.import_module(name)
  finally:
    sys.path.remove(folder)


def finish(flags):
  """Runs the command in this process, which has to succeed -> its log."""
  result = run(flags)
  assert result.code == 0, result.log
  return result.log


@contextlib.contextmanager
def _own_log():
  logger = logging.getLogger("tensorflow")
  handlers, propagate, level = logger.handlers, logger.propagate, logger.level
  try:
    yield
  finally:
    logger.handlers, logger.propagate = handlers, propagate
    logger.setLevel(level)


def spawn(flags, script=SCRIPT, python=None, **changes):
  """Runs a command in its own process -> code, stdout and stderr as one.

  Args:
    flags: dict.
    script: path of the command.
    python: the first words of the command line, where not forked.python().
    **changes: of the environment.
  """
  process = subprocess.run(
      (python or forked.python()) + [script] + argv(flags),
      stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
      env=environment(changes))
  return Result(process.returncode, process.stdout.decode("utf-8"))


def environment(changes):
  """The environment of a user, with changes."""
  # What tests choose to hear of TensorFlow and Python is not what users hear.
  kept = {name: value for name, value in os.environ.items()
          if name not in ("TF_CPP_MIN_LOG_LEVEL", "PYTHONWARNINGS")}
  return dict(kept, PYTHONIOENCODING="utf-8", **changes)


def write(path, content):
  """Writes text or bytes to a file; makes its folder -> str path."""
  path = str(path)
  os.makedirs(os.path.dirname(path), exist_ok=True)
  if isinstance(content, str):
    content = content.encode("utf-8")
  with open(path, "wb") as stream:
    stream.write(content)
  return path


def write_table(path, rows, separator="\t"):
  """Writes tuples as lines."""
  return write(path, "".join(separator.join(row) + "\n" for row in rows))


def write_domainc(folder):
  """Writes the files of the task domainc -> its labels in order."""
  labels = ["上网服务管理", "出入境管理", "刑事案件管辖", "户政管理",
            "治安管理", "消防管理", "禁毒管理", "道路交通"]
  rows = [("label", "text")] + [(label, "办理" + label) for label in labels]
  write_table(folder / "data" / "train.tsv", rows)
  write_table(folder / "data" / "dev.tsv", rows)
  write_table(folder / "data" / "test.tsv",
              rows[:4] + [("不知道", "护照"), ("", "户口")])
  return labels


def write_config(folder, **changes):
  """Writes a tiny model's config; a key that is changed to None is left out."""
  config = {name: value for name, value in dict(TINY, **changes).items()
            if value is not None}
  return write(os.path.join(str(folder), "bert_config.json"),
               json.dumps(config))


def tiny_flags(folder, task, **changes):
  """Flags of a task in folder/data with a tiny model, output in folder/out."""
  flags = {
      "task_name": task, "data_dir": os.path.join(str(folder), "data"),
      "vocab_file": golden.path("vocab.txt"),
      "bert_config_file": write_config(folder),
      "output_dir": os.path.join(str(folder), "out"),
      "max_seq_length": 16, "train_batch_size": 4, "num_train_epochs": 1,
      "random_seed": 7}
  return dict(flags, **changes)


def content(*parts):
  """A file's text, line ends untouched."""
  with open(os.path.join(*map(str, parts)), encoding="utf-8",
            newline="") as stream:
    return stream.read()


def lines(*parts):
  """A file's lines, of which the last has to be closed like the others."""
  text = content(*parts)
  assert text.endswith("\n")
  return text[:-1].split("\n")


def assert_in_order(log, pieces):
  """Checks that a log has all pieces, each after the one before it."""
  where = 0
  for piece in pieces:
    assert piece in log[where:], piece
    where = log.index(piece, where) + len(piece)


def results(folder):
  """eval_results.txt as a dict key -> number."""
  pairs = [line.split(" = ") for line in lines(folder, "eval_results.txt")]
  return {key: float(value) for key, value in pairs}


def probabilities(folder):
  """test_results.tsv as an array [examples, labels]."""
  return np.array([[float(cell) for cell in line.split("\t")]
                   for line in lines(folder, "test_results.tsv")])


def predictions(folder):
  """test_predictions.tsv as lists of cells, without the header."""
  rows = [line.split("\t") for line in lines(folder, "test_predictions.tsv")]
  assert rows[0] == ["guid", "prediction", "score"]
  return rows[1:]


def records(path):
  """A TFRecord file as dicts name -> (kind, values)."""
  parsed = []
  for serialized in tf.python_io.tf_record_iterator(str(path)):
    features = tf.train.Example.FromString(serialized).features.feature
    parsed.append({name: (feature.WhichOneof("kind"),
                          list(getattr(feature, feature.WhichOneof("kind"))
                               .value))
                   for name, feature in features.items()})
  return parsed


def scalars(folder):
  """A folder's TensorBoard scalars as tag -> {step: value}."""
  found = collections.defaultdict(dict)
  for path in sorted(glob.glob(os.path.join(str(folder), "events.*"))):
    for event in tf.train.summary_iterator(path):
      for value in event.summary.value:
        if value.WhichOneof("value") == "simple_value":
          found[value.tag][event.step] = value.simple_value
  return found


def variables(checkpoint):
  """A checkpoint as a dict name -> array."""
  reader = tf.train.load_checkpoint(str(checkpoint))
  return {name: reader.get_tensor(name)
          for name in reader.get_variable_to_shape_map()}


def snapshot(folder):
  """All below a folder: relative path -> bytes, None for folders."""
  found = {}
  for root, folders, files in os.walk(str(folder)):
    for name in folders:
      found[os.path.relpath(os.path.join(root, name), str(folder))] = None
    for name in files:
      path = os.path.join(root, name)
      with open(path, "rb") as stream:
        found[os.path.relpath(path, str(folder))] = stream.read()
  return found


def names(folder):
  """The files below a folder; event files, named by time, left out."""
  return {name for name, value in snapshot(folder).items()
          if value is not None and "events.out" not in name}
