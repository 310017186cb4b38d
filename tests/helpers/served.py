"""Serves exports without a socket, and asks them."""
import contextlib
import io
import json
import socket

from bert.data.examples import Words
from bert.options.serving import ServerOptions
from bert.server.http import application
from bert.server import batcher
from bert.server import models
from bert.server import server
from bert.server import server_metrics
from bert.server import settings
from bert.server import versions


def model_of(folder, name="bert", run=None, max_batch=8, **changes):
  """A model in the newest version below a folder; run takes the place of its
  run_records."""
  changes = dict({"wait": 0.0, "max_queue": 16}, **changes)
  model = models.ServedModel(settings.ModelSpec(
      name, folder, max_batch=max_batch), versions.LoadSettings(**changes))
  if run:
    model.current.texts.close()
    model.current.texts = batcher.Batcher(run, max_batch, **changes)
  return model


def free_ports(count=2):
  """Ports of this machine that nobody has."""
  sockets = [socket.socket() for _ in range(count)]
  for each in sockets:
    each.bind(("127.0.0.1", 0))
  ports = [each.getsockname()[1] for each in sockets]
  for each in sockets:
    each.close()
  return ports


class Client:
  """Calls the application as a server does.

  Attributes:
    models, application: what is called.
  """

  def __init__(self, *served, limits=application.Limits(), log=None):
    self.models = models.Models(list(served))
    metrics = server_metrics.ServerMetrics()
    for each in served:
      metrics.show(each)
    self.application = application.Application(self.models, metrics, limits,
                                               log)

  def call(self, method, path, body=None, length=None, **headers):
    """Returns (code, body, headers); headers are such as HTTP_ACCEPT."""
    told = []
    content = body if isinstance(body, bytes) else (
        b"" if body is None else json.dumps(body).encode())
    path, _, query = path.partition("?")
    environ = dict({
        "REQUEST_METHOD": method, "QUERY_STRING": query,
        "PATH_INFO": path.encode().decode("latin-1"),
        "wsgi.input": io.BytesIO(content)}, **headers)
    if body is not None:
      environ["CONTENT_LENGTH"] = str(
          len(content) if length is None else length)
    (found,) = self.application(
        environ, lambda status, headers: told.append((status, headers))) or [
            b""]
    status, headers = told[0]
    return int(status.split()[0]), found, dict(headers)

  def ask(self, body, path="/v1/models/bert:predict", **options):
    """POSTs -> (code, parsed body)."""
    code, found, headers = self.call("POST", path, body, **options)
    assert headers["Content-Type"].startswith("application/json")
    return code, json.loads(found.decode())


@contextlib.contextmanager
def running(*specs, endpoints=settings.Endpoints(http=("127.0.0.1", 0)),
            **flags):
  """A server that listens, while the block runs."""
  made = server.Server(list(specs), endpoints,
                       ServerOptions(**flags))
  made.start()
  try:
    yield made
  finally:
    made.close()


def ask(predictor, texts):
  """The predictions that the HTTP server returns for texts."""
  client = Client(model_of(predictor.folder, max_batch=32, max_queue=100))
  code, found = client.ask({"instances": [
      {"words": each} if isinstance(each, Words) else each for each in texts]})
  client.models.close()
  assert code == 200
  return found["predictions"]
