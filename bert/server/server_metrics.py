"""The metrics of a server, in Prometheus's format."""

import threading
from typing import Callable

from bert.server.models import ServedModel
from bert.server.versions import to_number

# Upper ends of the buckets of histograms: seconds, and texts of a batch.
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256)


class ServerMetrics:
  """Counts open and completed requests; thread-safe.

  Attributes:
    num_open: requests in progress.
  """

  def __init__(self):
    import prometheus_client
    self._lock = threading.Lock()
    self.num_open = 0
    # Several servers in a process have metrics of their own.
    self._registry = registry = prometheus_client.CollectorRegistry()
    self._requests = prometheus_client.Counter(
        "bert_requests", "Requests answered, by model, protocol and status.",
        ["model", "protocol", "code"], registry=registry)
    self._seconds = prometheus_client.Histogram(
        "bert_request_seconds", "Seconds until a request was answered.",
        ["model", "protocol"], buckets=_SECONDS, registry=registry)
    self._sizes = prometheus_client.Histogram(
        "bert_batch_texts", "Texts that were run together.", ["model"],
        buckets=_SIZES, registry=registry)
    self._waits = prometheus_client.Histogram(
        "bert_queue_seconds", "Seconds that a text waited to be run.",
        ["model"], buckets=_SECONDS, registry=registry)
    self._waiting = prometheus_client.Gauge(
        "bert_texts_waiting", "Texts that wait to be run.", ["model"],
        registry=registry)
    self._failures = prometheus_client.Counter(
        "bert_version_failures", "Times that a version could not be looked "
        "for, loaded or warmed up.", ["model"], registry=registry)
    self._versions = prometheus_client.Gauge(
        "bert_model_version", "Version that answers new requests.", ["model"],
        registry=registry)
    self._lost_lines = prometheus_client.Counter(
        "bert_log_lines_lost", "Lines of the access log that could not be "
        "written.", registry=registry)
    prometheus_client.Gauge(
        "bert_requests_open", "Requests that are being answered.",
        registry=registry).set_function(lambda: self.num_open)

  def open(self) -> None:
    """Counts a new request."""
    with self._lock:
      self.num_open += 1

  def close(self) -> None:
    """Counts a completed request."""
    with self._lock:
      self.num_open -= 1

  def add(self, model: str, protocol: str, code: str, seconds: float) -> None:
    """Counts the status of a response, and how long it took.

    Args:
      model: its name; empty for requests without a model.
      protocol: http, grpc or zmq.
      code: of the response, as its protocol has it.
      seconds: from reading the request to its response.
    """
    self._requests.labels(model, protocol, code).inc()
    self._seconds.labels(model, protocol).observe(seconds)

  def count_lost_line(self) -> None:
    """Counts a line that the access log could not write."""
    self._lost_lines.inc()

  def observer(self, name: str) -> Callable:
    """Returns what ServedModel calls for each batch of the model `name`."""
    sizes, waits = self._sizes.labels(name), self._waits.labels(name)

    def observe(num_texts, seconds):
      sizes.observe(num_texts)
      for each in seconds:
        waits.observe(each)

    return observe

  def failure_counter(self, name: str) -> Callable:
    """Returns what ServedModel calls when a version of the model `name`
    fails."""
    return self._failures.labels(name).inc

  def show(self, model: ServedModel) -> None:
    """Adds the queue and the version of a model to the metrics."""
    self._waiting.labels(model.name).set_function(
        lambda: len(model.current.texts))
    self._versions.labels(model.name).set_function(
        lambda: to_number(model.current.number))

  def exposition(self) -> bytes:
    """Returns all metrics in Prometheus's text format."""
    import prometheus_client
    return prometheus_client.generate_latest(self._registry)
