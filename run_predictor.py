#!/usr/bin/env python
"""Answers texts with an exported model that stays loaded: at a prompt, in a
pipe, or over HTTP.

A line is a text, or `text_a ||| text_b`. Export with run_classifier.py
--do_export.
"""

import sys

from bert.common import import_logging  # First; pylint: disable=unused-import
from bert import predictor_options
from bert.common import command_line
from bert.common import console
from bert.serving import pipe
from bert.serving import predictor
from bert.serving import server

GROUPS = (predictor_options.PredictorOptions, predictor_options.ServerOptions)


def main(argv):
  wanted, served = command_line.parse(argv, GROUPS, __doc__)
  address = server.check(served)
  made = predictor.Predictor(wanted.export_dir, wanted.batch_size,
                             wanted.precision)
  if address:
    server.serve(made, address, served)
  elif sys.stdin.isatty() and sys.stdout.isatty():
    pipe.prompt(made)
  else:
    pipe.run(made, wanted, sys.stdin.buffer, sys.stdout)


if __name__ == "__main__":
  sys.exit(console.run(main, sys.argv))
