#!/usr/bin/env python
"""Answers texts with exported models that stay loaded: at a prompt, in a
pipe, over HTTP or gRPC, or to the clients of bert-as-service.

A line is a text, or `text_a ||| text_b`. Export with run_classifier.py
--do_export.
"""

import sys

from bert.common import command
from bert.common import command_line
from bert.options.serving import PredictorOptions
from bert.options.serving import ServerOptions
from bert.server import settings

GROUPS = (PredictorOptions, ServerOptions)


def main(argv):
  predicting, serving = command_line.parse(argv, GROUPS, __doc__)
  endpoints = settings.endpoints_of(serving)
  specs = settings.models_of(predicting, serving)

  command.start_tensorflow(predicting)
  from bert.server import run
  run.run(predicting, serving, endpoints, specs)


if __name__ == "__main__":
  sys.exit(command.run(main, sys.argv))
