"""From checked flags to models that answer: what run_predictor.py does."""

import sys
from typing import List

from bert.common import plug_ins
from bert.server import server
from bert.server.settings import Endpoints
from bert.server.settings import ModelSpec
from bert.serving import pipe
from bert.serving.predictor import Predictor
from bert.options.serving import PredictorOptions
from bert.options.serving import ServerOptions


def run(predicting: PredictorOptions, serving: ServerOptions,
        endpoints: Endpoints, specs: List[ModelSpec]) -> None:
  """Serves models, or answers at a prompt or in a pipe.

  Args:
    predicting, serving: the command line.
    endpoints: where models are served; none: at the prompt or in the pipe.
    specs: the models; one without endpoints.

  Raises:
    UserError: a library or a module is missing, a model can't be loaded, an
      address can't be had.
  """
  server.check_libraries(endpoints)
  if predicting.processor_module:
    plug_ins.load(predicting.processor_module, "--processor_module")
  if any(endpoints):
    server.serve(specs, endpoints, serving)
    return
  (spec,) = specs
  predictor = Predictor(spec.export_dir, spec.max_batch, spec.precision,
                        spec.engine)
  if sys.stdin.isatty() and sys.stdout.isatty():
    pipe.prompt(predictor)
  else:
    # A thread may still read when Python exits, which sys.stdin itself would
    # make it abort for, and waits in vain to be closed.
    source = open(sys.stdin.fileno(), "rb", closefd=False)
    pipe.run(predictor, predicting, source, sys.stdout)
