#!/usr/bin/env python
"""Trains BERT on masked words and next sentences.

Reads the files of create_pretraining_data.py. Drop-in for the reference
release's run_pretraining.py: same flags, files and checkpoints.
"""

import sys

from bert.common import import_logging  # First; pylint: disable=unused-import
from bert import options
from bert.common import command_line
from bert.common import console
from bert.common.errors import UserError
from bert.pretraining import run
from bert.training import checkpoints
from bert.training import estimator
from bert.training import model_function

GROUPS = tuple(run.Flags.__annotations__.values())


def main(argv):
  flags = run.Flags(*command_line.parse(argv, GROUPS, __doc__))
  wanted = [name for name in ("train", "eval")
            if getattr(flags.data, "do_" + name)]
  if not wanted:
    raise UserError("nothing to do: give --do_train or --do_eval")
  options.check_tpu(flags.tpu, {
      name: getattr(flags.training, name + "_batch_size") for name in wanted})
  options.check_speed(flags.speed, flags.training.train_batch_size,
                      flags.tpu.use_tpu)
  estimator.check_precision(flags.speed.precision)
  checkpoints.check_name(flags.run.output_dir)
  config = model_function.load_config(flags.model.bert_config_file,
                                 flags.data.max_seq_length)
  run.run(run.Job(flags, config), wanted)


if __name__ == "__main__":
  sys.exit(console.run(main, sys.argv))
