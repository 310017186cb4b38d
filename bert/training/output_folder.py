"""What all trainings and evaluations share around the Estimator's calls."""

import contextlib
import os
from typing import Dict, Iterator, Optional

import tensorflow.compat.v1 as tf

from bert.common import files
from bert.common.errors import UserError
from bert.training import checkpoints


def open_to_train(output_dir: str, description: dict,
                  random_seed: Optional[int]) -> int:
  """Makes --output_dir with its task.json; returns the training's seed.

  Args:
    output_dir: path.
    description: what task.json says beside the seed.
    random_seed: the flag.
  """
  files.make_folder(output_dir)
  seed = checkpoints.choose_seed(output_dir, random_seed)
  checkpoints.write_task(output_dir, dict(description, random_seed=seed))
  return seed


@contextlib.contextmanager
def telling_nan(learning_rate: float) -> Iterator[None]:
  """Raises UserError where the block ends because the loss is no number."""
  try:
    yield
  except tf.estimator.NanLossDuringTrainingError:
    raise UserError(
        "--learning_rate=%s: the loss is no longer a number; lower the rate "
        "and begin anew" % learning_rate)


def write_results(output_dir: str, results: Dict[str, float],
                  heading: str = "***** Eval results *****") -> None:
  """Writes and logs eval_results.txt, under a heading in the log."""
  lines = ["%s = %s" % (key, results[key]) for key in sorted(results)]
  tf.logging.info(heading)
  for line in lines:
    tf.logging.info("  %s", line)
  files.write_text(os.path.join(output_dir, "eval_results.txt"), lines)
