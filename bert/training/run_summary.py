"""What a run left in its output folder, read back: flags, scores, curves."""

import json
import os
import typing
from typing import Dict, List, Optional, Tuple

import tensorflow.compat.v1 as tf

from bert.common import files
from bert.common.errors import UserError
from bert.training import eval_history
from bert.training import flag_files
from bert.training.output_folder import read_task

# (step, value), by steps.
Curve = List[Tuple[int, float]]


class RunSummary(typing.NamedTuple):
  """A run.

  Attributes:
    folder: its output_dir.
    settings: name -> value, as text, of its flags that are not by default and
      of the settings in its task.json.
    results: content of eval_results.txt.
    seconds: that its training took; None: no events tell.
    examples_per_second: of the training, evaluations on the way included.
    losses: of the training.
    evaluations: key of eval_results.txt -> curve.
  """
  folder: str
  settings: Dict[str, str]
  results: Dict[str, float]
  seconds: Optional[float]
  examples_per_second: Optional[float]
  losses: Curve
  evaluations: Dict[str, Curve]


def read(folder: str) -> RunSummary:
  """Reads an output folder.

  Raises:
    UserError: it is none, or its run was not evaluated.
  """
  if not tf.gfile.IsDirectory(folder):
    raise UserError("%s: no such folder" % folder)
  path = os.path.join(folder, "eval_results.txt")
  if not tf.gfile.Exists(path):
    raise UserError("%s: no such file; --do_eval writes it" % path)
  settings = _read_settings(folder)
  losses, seconds, num_steps = _read_events(folder)
  batch_size = settings.get("train_batch_size", "32")
  if flag_files.was_changed(flag_files.read(folder), "train_batch_size"):
    batch_size = ""  # Which steps had which one is not known.
  return RunSummary(
      folder, settings, _read_results(path), seconds,
      num_steps * int(batch_size) / seconds if seconds and batch_size.isdigit()
      else None, losses, _read_evaluations(folder))


def _read_results(path):
  results = {}
  for line in files.read_lines(path):
    key, _, value = line.partition(" = ")
    try:
      results[key] = float(value)
    except ValueError:
      raise UserError("%s: %r is no line of results" % (path, line))
  return results


def _read_settings(folder):
  settings = {name: value if isinstance(value, str) else json.dumps(value)
              for name, value in read_task(folder).items() if name != "labels"}
  settings.update(flag_files.parse(flag_files.read(folder)))
  settings.pop("output_dir", None)
  return settings


def _read_events(folder):
  """Returns the curve of losses, the seconds from first to last step, over all
  sessions of a training that was killed and went on, and its steps."""
  losses, seconds, num_steps = {}, 0.0, 0
  for path in sorted(tf.gfile.Glob(os.path.join(folder, "events.*"))):
    times, steps = [], []
    for event in _events_of(path):
      if event.step:
        times.append(event.wall_time)
        steps.append(event.step)
      for value in event.summary.value:
        if value.tag == "loss":
          losses[event.step] = value.simple_value
    if times:
      seconds += max(times) - min(times)
      num_steps += max(steps) - min(steps)
  return sorted(losses.items()), seconds or None, num_steps


def _events_of(path):
  try:
    yield from tf.train.summary_iterator(path)
  except tf.errors.DataLossError:
    return  # Its end was being written when the run was killed.


def _read_evaluations(folder):
  path = os.path.join(folder, "evaluations.jsonl")
  entries = [json.loads(line) for line in (
      files.read_lines(path) if tf.gfile.Exists(path) else ())]
  marks = {key: entries[-1][key] for key in (
      eval_history.DEV_SET, eval_history.METRIC) if entries and
           key in entries[-1]}
  curves = {}
  for entry in eval_history.comparable(entries, marks):
    for key, value in entry.items():
      if key not in marks and key != "global_step":
        curves.setdefault(key, []).append((entry["global_step"], value))
  return curves
