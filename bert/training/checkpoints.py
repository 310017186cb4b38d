"""What checkpoints and output folders hold, and whether it fits the model."""

import hashlib
import json
import os
import random
import re
from typing import Any, Callable, Dict, Iterable, List, Optional, Sequence
from typing import Tuple

import tensorflow.compat.v1 as tf

from bert import modeling
from bert.common import files
from bert.common.errors import UserError

Shapes = Dict[str, Tuple[int, ...]]

# What task.json called a setting before -> what it is called now.
_OLD_NAMES = {"top": "encoder_top", "num_segments": "num_windows",
              "segment_stride": "window_stride",
              "segment_pooling": "window_pooling"}


def check_name(output_dir: str) -> None:
  """Raises UserError for characters that hide checkpoints from TensorFlow."""
  if set(output_dir) & set("*?[]\\"):
    raise UserError("--output_dir=%s: TensorFlow finds no checkpoint under a "
                    "path with any of * ? [ ] \\; give another" % output_dir)


def latest(output_dir: str) -> Optional[str]:
  """Returns the newest checkpoint's path without suffix, or None."""
  return tf.train.latest_checkpoint(output_dir)


def best_or_latest(output_dir: str) -> Optional[str]:
  """Returns the best checkpoint, where evaluations kept one, or the newest."""
  return latest(os.path.join(output_dir, "best")) or latest(output_dir)


def step_of(checkpoint: Optional[str]) -> int:
  """Returns the step in a checkpoint's name; 0 for None."""
  match = re.search(r"-(\d+)$", checkpoint or "")
  return int(match.group(1)) if match else 0


def shapes_in(checkpoint: str, flag: str) -> Shapes:
  """Returns name -> shape of all that a checkpoint holds.

  Raises:
    UserError: there is none at that path, or it can't be read.
  """
  where = "%s=%s" % (flag, checkpoint)
  if tf.gfile.IsDirectory(checkpoint):
    raise UserError("%s: a folder; give the checkpoint in it, as in %s" % (
        where, latest(checkpoint) or "%s/bert_model.ckpt" % checkpoint))
  if not tf.gfile.Exists(checkpoint + ".index"):
    raise UserError("%s: no such checkpoint; give its path without .index or "
                    ".data-00000-of-00001" % where)
  try:
    reader = tf.train.load_checkpoint(checkpoint)
    shapes = reader.get_variable_to_shape_map()
    # The data lies in the order of the names: the last shows a missing end.
    reader.get_tensor(max(shapes))
  except (tf.errors.OpError, ValueError, LookupError, RuntimeError) as error:
    raise UserError("%s: can't be read as a checkpoint: %s" % (
        where, str(error).split("\n")[0]))
  return {name: tuple(shape) for name, shape in shapes.items()}


def check_init(checkpoint: str, wanted: Shapes) -> None:
  """Checks that a checkpoint can start a model.

  Args:
    checkpoint: path.
    wanted: the model's trainable variables.

  Raises:
    UserError: a variable has another shape, or none is there.
  """
  found = shapes_in(checkpoint, "--init_checkpoint")
  _check_equal_shapes(checkpoint, found, wanted)
  missing = [name for name in wanted
             if name.startswith("bert/") and name not in found]
  if not set(wanted) & set(found):
    raise UserError(
        "--init_checkpoint=%s: it holds none of the model's variables; it has "
        "%s, the model %s" % (checkpoint, ", ".join(sorted(found)[:3]),
                              ", ".join(sorted(wanted)[:3])))
  if missing:
    tf.logging.warning(
        "%d variables of the encoder are not in %s and start from random "
        "values: %s", len(missing), checkpoint, ", ".join(missing[:3]))


def check_trained(checkpoint: str, wanted: Shapes, flag: str) -> Shapes:
  """Returns what a checkpoint holds; raises UserError unless that is the whole
  trained model."""
  found = shapes_in(checkpoint, flag)
  _check_equal_shapes(checkpoint, found, wanted)
  for name in list(wanted) + ["global_step"]:
    if name not in found:
      raise UserError(
          "%s=%s: it lacks %s, so it was never fine-tuned for this task; "
          "fine-tune with --do_train first" % (flag, checkpoint, name))
  return found


def check_resumable(checkpoint: str, wanted: Shapes,
                    trainable_variables: Iterable[str]) -> None:
  """Raises UserError unless training can go on from a checkpoint."""
  found = check_trained(checkpoint, wanted, "--output_dir")
  for name in trainable_variables:
    if name + "/adam_m" not in found:
      raise UserError(
          "--output_dir: %s lacks %s/adam_m, so training can't go on from it; "
          "give it as --init_checkpoint with another --output_dir" % (
              checkpoint, name))


def choose(output_dir: str, init_checkpoint: Optional[str],
           trainable_variables: Optional[Sequence[str]],
           make_shapes: Callable[[], Shapes]) -> Optional[str]:
  """Chooses the checkpoint that a run starts from, and checks it.

  Args:
    output_dir: its newest checkpoint comes first,
    init_checkpoint: then this.
    trainable_variables: of the variables that the run trains; None: it does not.
    make_shapes: returns name -> shape of all that the model has.

  Returns:
    A path, or None for training from random weights.

  Raises:
    UserError: it does not fit the model, or, without training, there is none
      that was fine-tuned.
  """
  is_training = trainable_variables is not None
  newest = latest(output_dir)
  if newest and not is_training:
    newest = best_or_latest(output_dir)
  if newest and init_checkpoint:
    shapes_in(init_checkpoint, "--init_checkpoint")
    tf.logging.info("--init_checkpoint is not used: %s is newer", newest)
  if newest and is_training:
    check_resumable(newest, make_shapes(), trainable_variables)
  elif newest:
    check_trained(newest, make_shapes(), "--output_dir")
  elif is_training and init_checkpoint:
    check_init(init_checkpoint, make_shapes())
  elif is_training:
    tf.logging.warning("No --init_checkpoint: training from random weights")
  elif init_checkpoint:
    check_trained(init_checkpoint, make_shapes(), "--init_checkpoint")
  else:
    raise UserError(
        "--output_dir=%s holds no checkpoint to evaluate or predict with; give "
        "--do_train, or a fine-tuned --init_checkpoint" % output_dir)
  return newest or init_checkpoint


def model_variables() -> List[tf.Variable]:
  """Returns what the model has in the graph, frozen or not."""
  return [each for each in tf.global_variables() if not re.search(
      r"/adam_[mv]$|^global_step$|loss_scale$|^good_steps$", each.op.name)]


def init_from(checkpoint: str) -> Dict[str, int]:
  """Makes the model's variables start from a checkpoint's.

  Returns:
    Names, with ":0", of the variables that it fills.
  """
  assignment, filled = modeling.get_assignment_map_from_checkpoint(
      model_variables(), checkpoint)
  tf.train.init_from_checkpoint(checkpoint, assignment)
  return filled


def vocab_hash(vocab_file: str) -> str:
  """Returns the SHA-256 of a vocabulary's bytes, hexadecimal."""
  with tf.gfile.GFile(vocab_file, "rb") as reader:
    return hashlib.sha256(reader.read()).hexdigest()


def read_task(output_dir: str) -> Dict[str, Any]:
  """Returns what task.json says, {} if there is none (as the reference's).

  Raises:
    UserError: it is no JSON object.
  """
  path = _task_path(output_dir)
  if not tf.gfile.Exists(path):
    return {}
  try:
    task = json.loads(files.read_text(path))
  except ValueError:
    task = None
  if not isinstance(task, dict):
    raise UserError("%s: not a JSON object; remove it, or give another "
                    "--output_dir" % path)
  return with_new_names(task)


def with_new_names(task: Dict[str, Any]) -> Dict[str, Any]:
  """Returns a task.json by today's names of settings."""
  return {_OLD_NAMES.get(name, name): value for name, value in task.items()}


def check_task(output_dir: str, task: Dict[str, Any],
               defaults: Optional[Dict[str, Any]] = None) -> None:
  """Checks that an output folder was made for this task.

  Args:
    output_dir: may be new, or without task.json.
    task: what a new task.json would say.
    defaults: what it says of settings that an old one does not know.

  Raises:
    UserError: the folder was made for another; says in what they differ.
  """
  old = read_task(output_dir)
  if not old:
    return
  old = dict(defaults or {}, **old)
  for key in task:
    if old.get(key) == task[key]:
      continue
    if key == "max_seq_length":
      tf.logging.warning("%s was made with --max_seq_length=%s, this run has "
                         "%s", output_dir, old.get(key), task[key])
    else:
      raise UserError(
          "--output_dir=%s was made with %s %s, this run has %s; give another "
          "--output_dir, or the old setting" % (
              output_dir, key, *_shown(old.get(key), task[key])))


def write_task(output_dir: str, task: Dict[str, Any]) -> None:
  """Writes output_dir/task.json."""
  files.write_text(_task_path(output_dir), [
      json.dumps(task, indent=2, sort_keys=True, ensure_ascii=False)])


def choose_seed(output_dir: str, random_seed: Optional[int]) -> int:
  """Returns a training's seed: the one given, else that of the run that goes on
  in the folder, else a new one."""
  if random_seed is not None:
    return random_seed
  seed = read_task(output_dir).get("random_seed")
  if seed is None:
    seed = random.SystemRandom().randrange(2**31)
    tf.logging.info("Random seed: %d (--random_seed repeats it)", seed)
  return seed


def remove_partial(output_dir: str, num_kept: int, num_steps: int) -> None:
  """Removes what a killed run was about to rename or to delete.

  Args:
    output_dir: the run's.
    num_kept: --keep_checkpoint_max. Where the list of checkpoints is that
      long, the one before the oldest had been struck off it.
    num_steps: --save_checkpoints_steps, between two checkpoints.
  """
  patterns = ["model.ckpt-*_temp*", "model.ckpt-*.tempstate*",
              "checkpoint.tmp*", "graph.pbtxt.tmp*"]
  state = tf.train.get_checkpoint_state(output_dir)
  listed = list(state.all_model_checkpoint_paths) if state else []
  if listed and len(listed) == num_kept:
    struck = "model.ckpt-%d" % (min(map(step_of, listed)) - num_steps)
    patterns += [struck + ".index", struck + ".meta",
                 struck + ".data-?????-of-?????"]
  for pattern in patterns:
    for path in tf.gfile.Glob(os.path.join(output_dir, pattern)):
      if tf.gfile.IsDirectory(path):
        tf.gfile.DeleteRecursively(path)
      else:
        tf.gfile.Remove(path)


def _check_equal_shapes(checkpoint, found, wanted):
  for name, shape in wanted.items():
    if name in found and found[name] != tuple(shape):
      raise UserError(
          "%s: %s has shape %s there, but the model needs %s; the config, the "
          "labels or the checkpoint belongs to another model" % (
              checkpoint, name, list(found[name]), list(shape)))


def _task_path(output_dir):
  return os.path.join(output_dir, "task.json")


def _shown(old, new) -> List[str]:
  """Both values, of long lists only what differs."""
  if isinstance(old, list) and isinstance(new, list):
    differing = [pair for pair in zip(old, new) if pair[0] != pair[1]]
    if len(old) != len(new) or not differing:
      return ["(%d of them)" % len(old), "%d of them" % len(new)]
    return ["in which %r stands" % (differing[0][0],),
            "%r in its place" % (differing[0][1],)]
  return [repr(old), repr(new)]
