"""The web page that shows a model."""

import json
import os

from bert.server.http.messages import Response
from bert.server.models import Models
from bert.server.models import ServedModel
from bert.model import export

_POLICY = ("default-src 'self'; style-src 'unsafe-inline'; script-src "
           "'unsafe-inline'")


class Page:
  """page.html, filled with the data of a model."""

  def __init__(self, models: Models):
    self._models = models
    with open(os.path.join(os.path.dirname(__file__), "page.html"),
              encoding="utf-8") as reader:
      self._page = reader.read()

  def show(self, served: ServedModel) -> Response:
    """Returns the page of a model."""
    with served.using() as version:
      predictor = version.predictor
      head = predictor.head
      about = {"model": served.name, "models": self._models.names,
               "version": version.number, "task": predictor.task["task"],
               "takes_pairs": head.takes_pairs, "inputs": head.input_names,
               "takes_lines": head.takes_lines,
               "examples": predictor.task.get(export.SAMPLES, [])}
    # Escaped, as no tag may begin within a script of HTML.
    text = json.dumps(about).replace("<", "\\u003c")
    return Response(200, self._page.replace("{{about}}", text).encode(),
                    "text/html; charset=utf-8",
                    {"Content-Security-Policy": _POLICY})
