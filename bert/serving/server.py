"""A predictor's HTTP server, from its start to its end."""

import json
import logging
import signal
import threading
import time
from typing import Optional, Tuple

from bert.common import libraries
from bert.common.errors import UserError
from bert.serving import application
from bert.serving import batcher
from bert.serving import bert_clients
from bert.serving import encoder
from bert.serving.predictor import Predictor

# Seconds that what was accepted may take at the end.
_MAX_CLOSING = 60


def check_libraries() -> None:
  """Raises UserError if what serves is not installed."""
  for library in ("waitress", "prometheus_client"):
    libraries.check_library(library, "--http", "-r requirements-serving.txt")


def serve(predictor: Predictor, address: Optional[Tuple[str, int]],
          ports: Optional[Tuple[int, int]], options) -> None:
  """Serves until SIGTERM or Ctrl-C; accepted requests get their response.

  Args:
    predictor: the model.
    address: of the HTTP server; None: there is none.
    ports: for the clients of bert-as-service; None: they are not answered.
    options: ServerOptions.

  Raises:
    UserError: an address can't be had.
  """
  texts = batcher.Batcher(predictor.predict, predictor.batch_size,
                          options.batch_wait_ms / 1000, options.max_queue)
  clients = ports and _answer_clients(predictor, texts, ports, address, options)
  if address:
    _serve_http(predictor, texts, address, options)
  else:
    _wait_for_signal()
  if clients:
    clients.close()
  texts.close()


def _answer_clients(predictor, texts, ports, address, options):
  if not encoder.is_encoder(predictor):
    raise UserError("--bert_serving=%s: %s is no encoder; extract_features.py "
                    "--do_export makes one" % (
                        options.bert_serving, predictor.folder))
  host = address[0] if address else "127.0.0.1"
  clients = bert_clients.BertClients(
      predictor, texts, bert_clients.Ports(*ports),
      max_bytes=options.max_body_kb << 10, host=host)
  print("Serving %s to bert-serving-client at %s, ports %d and %d" % (
      (predictor.folder, host) + ports), flush=True)
  return clients


def _wait_for_signal():
  ended = threading.Event()
  for number in (signal.SIGTERM, signal.SIGINT):
    signal.signal(number, lambda *_: ended.set())
  while not ended.wait(1):  # A wait without end would not see signals.
    pass


def _serve_http(predictor, texts, address, options):
  import waitress
  logging.getLogger("waitress").setLevel(logging.ERROR)
  _send_errors_as_json()
  wsgi = application.Application(
      predictor, options.model_name, texts, application.Limits(
          options.max_body_kb << 10, options.max_texts, options.max_chars,
          options.timeout))
  listening = {}
  try:
    server = waitress.create_server(
        wsgi, map=listening, host=address[0], port=address[1],
        threads=options.num_threads, clear_untrusted_proxy_headers=True,
        ident=None, max_request_body_size=(options.max_body_kb + 1) << 10,
        channel_timeout=int(options.timeout) + 10, connection_limit=1000,
        expose_tracebacks=False)
  except OSError as error:
    raise UserError("--http=%s: %s" % (options.http, error))
  _close_on_signal(server, wsgi, listening)
  # A name may stand for several addresses.
  port = (server.effective_port if hasattr(server, "effective_port") else
          server.effective_listen[0][1])
  print("Serving %s at http://%s:%s/" % (predictor.folder, address[0], port),
        flush=True)
  try:
    server.run()
  except (OSError, SystemExit):
    pass


def _send_errors_as_json():
  """Makes waitress send its own errors (not HTTP, too large) as JSON."""
  from waitress import channel
  from waitress import task

  class ErrorTask(task.ErrorTask):
    """The response to what never came to the application."""

    def execute(self):
      error = self.request.error
      body = json.dumps({"error": "%s: %s" % (error.reason, error.body)})
      self.status = "%d %s" % (error.code, error.reason)
      self.response_headers += [("Content-Type", "application/json"),
                                ("Connection", "close")]
      self.close_on_finish = True
      self.content_length = len(body)
      self.write(body.encode())

  channel.HTTPChannel.error_task_class = ErrorTask


def _close_on_signal(server, application, listening):
  def close(*_):
    application.is_closing = True
    threading.Thread(target=_close, args=(server, application, listening),
                     daemon=True).start()

  signal.signal(signal.SIGTERM, close)
  signal.signal(signal.SIGINT, close)


def _close(server, application, listening):
  """Lets what was accepted come to its end, then ends the server."""
  from waitress import wasyncore
  until = time.monotonic() + _MAX_CLOSING
  quiet = 0
  while quiet < 3 and time.monotonic() < until:
    time.sleep(0.1)
    quiet = 0 if application.num_open else quiet + 1
  server.task_dispatcher.shutdown()
  wasyncore.close_all(listening)
