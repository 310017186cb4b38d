"""Reads the variables of checkpoints, and checks that they fit the model."""

import re
from typing import Callable, Dict, Iterable, List, Optional, Sequence, Tuple

import tensorflow.compat.v1 as tf

from bert import modeling
from bert.common.errors import UserError
from bert.common.errors import listed
from bert.encoders.base import Encoder
from bert.model import checkpoint_choice
from bert.model import checkpoint_files

Shapes = Dict[str, Tuple[int, ...]]


def latest(output_dir: str) -> Optional[str]:
  """Returns the newest checkpoint's path without suffix, or None."""
  return checkpoint_files.latest(output_dir)


def step_of(checkpoint: Optional[str]) -> int:
  """Returns the step in a checkpoint's name; 0 for None."""
  match = re.search(r"-(\d+)$", checkpoint or "")
  return int(match.group(1)) if match else 0


def shapes_in(checkpoint: str, flag: str) -> Shapes:
  """Returns name -> shape of all variables in a checkpoint.

  Raises:
    UserError: there is none at that path, or it can't be read.
  """
  shapes = checkpoint_files.open_reader(
      checkpoint, flag).get_variable_to_shape_map()
  return {name: tuple(shape) for name, shape in shapes.items()}


def check_init(checkpoint: str, expected: Shapes, encoder: Encoder,
               allows_missing: bool = False) -> None:
  """Checks that a checkpoint can start a model.

  Args:
    checkpoint: path.
    expected: the model's trainable variables.
    encoder: the model's.
    allows_missing: whether variables of the encoder may start from random
      values.

  Raises:
    UserError: a variable has another shape or type, or variables of the encoder
      are missing.
  """
  actual = shapes_in(checkpoint, "--init_checkpoint")
  _check_equal(checkpoint, actual, expected)
  if not set(expected) & set(actual):
    raise UserError(
        "--init_checkpoint=%s: it holds none of the model's variables; it has "
        "%s, the model %s" % (checkpoint, ", ".join(sorted(actual)[:3]),
                              ", ".join(sorted(expected)[:3])))
  missing = [name for name in sorted(expected)
             if encoder.owns(name) and name not in actual]
  needed = [name for name in missing if not encoder.is_pooler(name)]
  if needed and not allows_missing:
    raise UserError(
        "--init_checkpoint=%s: it lacks %d variables of the encoder: %s; it is "
        "of another model, or --bert_config_file is (--allow_missing_weights "
        "starts them from random values)" % (
            checkpoint, len(needed), listed(needed, 3)))
  if missing:
    tf.logging.warning(
        "%d variables of the encoder are not in %s and start from random "
        "values: %s", len(missing), checkpoint, listed(missing, 3))
  unused = [name for name in sorted(actual) if encoder.owns(name) and
            name not in expected and
            not checkpoint_files.is_training_state(name)]
  if unused:
    tf.logging.warning(
        "%d variables of the encoder in %s are not used, as the model has "
        "none of these names: %s", len(unused), checkpoint, listed(unused, 3))


def check_trained(checkpoint: str, expected: Shapes, flag: str) -> Shapes:
  """Returns name -> shape of a checkpoint; raises UserError unless it has the
  whole model, with its head."""
  actual = shapes_in(checkpoint, flag)
  _check_equal(checkpoint, actual, expected)
  for name in expected:
    if name not in actual:
      raise UserError(
          "%s=%s: it lacks %s, so it was never fine-tuned for this task; "
          "fine-tune with --do_train first" % (flag, checkpoint, name))
  return actual


def has_step(checkpoint: str) -> bool:
  """Whether a checkpoint has the global step; one with only weights does
  not."""
  return tf.train.load_checkpoint(checkpoint).has_tensor("global_step")


def check_resumable(checkpoint: str, expected: Shapes,
                    trainable_variables: Iterable[str]) -> None:
  """Raises UserError unless training can resume from a checkpoint."""
  actual = check_trained(checkpoint, expected, "--output_dir")
  for name in ["global_step"] + [each + "/adam_m"
                                 for each in trainable_variables]:
    if name not in actual:
      raise UserError(
          "--output_dir: %s lacks %s, so training can't go on from it; give it "
          "as --init_checkpoint with another --output_dir" % (
              checkpoint, name))


def choose(output_dir: str, init_checkpoint: Optional[str],
           trainable_variables: Optional[Sequence[str]],
           make_shapes: Callable[[], Shapes], encoder: Encoder, *,
           allows_missing: bool = False,
           choice: Optional[str] = None) -> Optional[str]:
  """Chooses the checkpoint that a run starts from, and checks it.

  Args:
    output_dir: its checkpoint is preferred; training resumes from the newest.
    init_checkpoint: used if output_dir has none.
    trainable_variables: names of what the run trains; None: it does not.
    make_shapes: returns name -> shape of all variables of the model.
    encoder: the model's.
    allows_missing: as of check_init.
    choice: without training, of checkpoint_choice.of_folder.

  Returns:
    A path, or None for training from random weights.

  Raises:
    UserError: it does not fit the model, or, without training, there is none
      that was fine-tuned.
  """
  is_training = trainable_variables is not None
  # Training resumes from the newest checkpoint: the best one would repeat steps.
  newest = (latest(output_dir) if is_training else
            checkpoint_choice.of_folder(output_dir, choice))
  if newest and init_checkpoint and newest != init_checkpoint:
    # Not used, but a mistyped path is reported all the same.
    shapes_in(init_checkpoint, "--init_checkpoint")
    tf.logging.info("--init_checkpoint is not used: %s comes first", newest)
  if newest and is_training:
    check_resumable(newest, make_shapes(), trainable_variables)
  elif newest:
    check_trained(newest, make_shapes(), "--output_dir" if choice in (
        None, checkpoint_choice.BEST, checkpoint_choice.NEWEST) else
                  "--checkpoint")
  elif is_training and init_checkpoint:
    check_init(init_checkpoint, make_shapes(), encoder, allows_missing)
  elif is_training:
    tf.logging.warning("No --init_checkpoint: training from random weights")
  elif init_checkpoint:
    check_trained(init_checkpoint, make_shapes(), "--init_checkpoint")
  else:
    raise UserError(
        "--output_dir=%s holds no checkpoint to evaluate or predict with; %s" % (
            output_dir, checkpoint_choice.folder_of_one_model(output_dir) or
            "give --do_train, or a fine-tuned --init_checkpoint"))
  return newest or init_checkpoint


def model_variables() -> List[tf.Variable]:
  """Returns the model's variables in the graph, including frozen ones."""
  return [each for each in tf.global_variables()
          if not checkpoint_files.is_training_state(each.op.name)]


def init_from(checkpoint: str) -> Dict[str, int]:
  """Initializes the model's variables from a checkpoint.

  Returns:
    Names, with ":0", of the initialized variables.
  """
  assignment, filled = modeling.get_assignment_map_from_checkpoint(
      model_variables(), checkpoint)
  tf.train.init_from_checkpoint(checkpoint, assignment)
  return filled


def _check_equal(checkpoint, actual, expected):
  """Raises UserError for variables of another shape or type."""
  for name, shape in expected.items():
    if name in actual and actual[name] != tuple(shape):
      raise UserError(
          "%s: %s has shape %s there, but the model needs %s; the config, the "
          "labels or the checkpoint belongs to another model" % (
              checkpoint, name, list(actual[name]), list(shape)))
  types = tf.train.load_checkpoint(checkpoint).get_variable_to_dtype_map()
  for name in expected:
    if name in types and types[name] != tf.float32:
      raise UserError(
          "%s: %s is of type %s there, but the model needs float32; convert "
          "the checkpoint's variables to float32" % (
              checkpoint, name, tf.as_dtype(types[name]).name))
