#!/usr/bin/env python
"""Answers texts with an exported model that stays loaded: at a prompt, in a
pipe, over HTTP, or to the clients of bert-as-service.

A line is a text, or `text_a ||| text_b`. Export with run_classifier.py
--do_export.
"""

import sys

from bert import flag_rules
from bert import options
from bert.common import command
from bert.common import command_line
from bert.common import plug_ins

GROUPS = (options.PredictorOptions, options.ServerOptions)


def main(argv):
  predicting, serving = command_line.parse(argv, GROUPS, __doc__)
  address = flag_rules.address_of(serving.http)
  ports = flag_rules.ports_of(serving.bert_serving)
  flag_rules.check_engine(predicting)

  command.start_tensorflow(predicting)
  from bert.serving import pipe
  from bert.serving import predictor
  from bert.serving import server
  if address:
    server.check_libraries()
  is_server = bool(address or ports)
  if predicting.processor_module:
    plug_ins.load(predicting.processor_module, "--processor_module")
  batch_size = predicting.batch_size
  if is_server:
    batch_size = serving.max_batch or batch_size
  model = predictor.Predictor(predicting.export_dir, batch_size,
                              predicting.precision, predicting.engine)
  if is_server:
    server.serve(model, address, ports, serving)
  elif sys.stdin.isatty() and sys.stdout.isatty():
    pipe.prompt(model)
  else:
    pipe.run(model, predicting, sys.stdin.buffer, sys.stdout)


if __name__ == "__main__":
  sys.exit(command.run(main, sys.argv))
