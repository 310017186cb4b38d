#!/usr/bin/env python
"""Answers texts with exported models that stay loaded: at a prompt, in a
pipe, over HTTP or gRPC, or to the clients of bert-as-service.

A line is a text, or `text_a ||| text_b`. Export with run_classifier.py
--do_export.
"""

import sys

from bert.common import command
from bert.common import command_line
from bert.common import plug_ins
from bert.options.serving import PredictorOptions
from bert.options.serving import ServerOptions
from bert.server import settings

GROUPS = (PredictorOptions, ServerOptions)


def main(argv):
  predicting, serving = command_line.parse(argv, GROUPS, __doc__)
  endpoints = settings.endpoints_of(serving)
  specs = settings.models_of(predicting, serving)

  command.start_tensorflow(predicting)
  from bert.serving import pipe
  from bert.serving import predictor
  from bert.server import server
  server.check_libraries(endpoints)
  if predicting.processor_module:
    plug_ins.load(predicting.processor_module, "--processor_module")
  if any(endpoints):
    server.serve(specs, endpoints, serving)
    return
  (spec,) = specs
  model = predictor.Predictor(spec.export_dir, spec.max_batch, spec.precision,
                              spec.engine)
  if sys.stdin.isatty() and sys.stdout.isatty():
    pipe.prompt(model)
  else:
    pipe.run(model, predicting, sys.stdin.buffer, sys.stdout)


if __name__ == "__main__":
  sys.exit(command.run(main, sys.argv))
