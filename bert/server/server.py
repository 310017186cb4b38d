"""A server of models, from its start to its end."""

import signal
import threading
from typing import List

from bert.common import libraries
from bert.common.errors import UserError
from bert.options.serving import ServerOptions
from bert.server.http import application
from bert.server.zeromq import server as bert_clients
from bert.server import models as models_lib
from bert.server import server_metrics
from bert.server import versions
from bert.server.access_log import AccessLog
from bert.server.model_requests import Limits
from bert.server.settings import Endpoints
from bert.server.settings import ModelSpec

_EXTRA = "-r requirements-serving.txt"
_LIBRARIES = {"http": ("waitress", "prometheus_client"),
              "grpc": ("prometheus_client", "grpc", "tensorflow_serving"),
              "bert_clients": ("prometheus_client", "zmq")}


def check_libraries(endpoints: Endpoints) -> None:
  """Raises UserError if the libraries for serving are not installed."""
  for name, needed in _LIBRARIES.items():
    for library in needed if getattr(endpoints, name) else ():
      flag = "--bert_serving" if name == "bert_clients" else "--" + name
      libraries.check_library(library, flag, _EXTRA)


def serve(specs: List[ModelSpec], endpoints: Endpoints,
          options: ServerOptions) -> None:
  """Serves models until SIGTERM or Ctrl-C; accepted requests get their
  responses.

  Args:
    specs: the models.
    endpoints: the addresses.
    options: limits and other flags.

  Raises:
    UserError: a model can't be loaded, or an address is not available.
  """
  server = Server(specs, endpoints, options)
  ended = threading.Event()
  for number in (signal.SIGTERM, signal.SIGINT):
    signal.signal(number, lambda *_: ended.set())
  server.start()
  while not ended.wait(1):  # A wait without a timeout would not handle signals.
    pass
  server.close()


class Server:
  """Models, and the listeners for their requests.

  Attributes:
    models, limits: the served models, and the limits of requests.
    metrics: of the requests.
    listeners: name of an endpoint -> its server.
  """

  def __init__(self, specs: List[ModelSpec], endpoints: Endpoints,
               options: ServerOptions):
    """Loads the models, then listens; arguments as of serve."""
    self._options = options
    self.metrics = metrics = server_metrics.ServerMetrics()
    self._log = (AccessLog(options.access_log, metrics.count_lost_line)
                 if options.access_log else None)
    settings = versions.LoadSettings(
        options.batch_wait_ms / 1000, options.max_queue, options.warmup)
    loaded = [models_lib.ServedModel(spec, settings,
                                     metrics.observer(spec.name),
                                     metrics.failure_counter(spec.name))
              for spec in specs]
    for each in loaded:
      metrics.show(each)
    self.models = models_lib.Models(loaded)
    self.limits = Limits(options.max_body_kb << 10, options.max_texts,
                         options.max_chars, options.timeout,
                         options.max_response_mb << 20)
    self.listeners = {
        name: getattr(self, "_listen_" + name)(address)
        for name, address in endpoints._asdict().items() if address}

  def start(self) -> None:
    """Starts serving, and polling for newer versions."""
    for each in self.listeners.values():
      each.start()
    self.models.start(self._options.poll_seconds, self._options.warmup)

  def close(self) -> None:
    """Completes accepted requests, at most for --drain_seconds, and ends."""
    self.models.refuse()
    threads = [threading.Thread(target=each.close,
                                args=(self._options.drain_seconds,))
               for each in self.listeners.values()]
    for each in threads:
      each.start()
    for each in threads:
      each.join()
    self.models.close()

  def _listen_http(self, address):
    from bert.server.http import server as http_server
    wsgi = application.Application(self.models, self.metrics, self.limits,
                                   self._log)
    server = http_server.HttpServer(wsgi, address, self.limits,
                                    self._options.num_threads)
    self._print("http://%s:%d/" % (address[0], server.port))
    return server

  def _listen_grpc(self, address):
    from bert.server import grpc_server
    server = grpc_server.GrpcServer(
        self.models, address, self.limits, self._options.num_threads,
        grpc_server.Recorder(self.metrics, self._log))
    self._print("grpc://%s:%d" % (address[0], server.port))
    return server

  def _listen_bert_clients(self, address):
    model = self._first_encoder()
    host, requests, responses = address
    server = bert_clients.BertClients(
        model, bert_clients.Ports(requests, responses), self.metrics,
        self.limits, host=host)
    print("Serving %s to bert-serving-client at %s, ports %d and %d" % (
        model.name, host, requests, responses), flush=True)
    return server

  def _first_encoder(self):
    if not self.models.encoders:
      raise UserError("--bert_serving=%s: %s is no encoder; extract_features.py "
                      "--do_export makes one" % (
                          self._options.bert_serving,
                          ", ".join(self.models.names)))
    return self.models.encoders[0]

  def _print(self, url):
    print("Serving %s at %s" % (", ".join(
        "%s (version %s)" % (each.name, each.current.number)
        for each in self.models), url), flush=True)
