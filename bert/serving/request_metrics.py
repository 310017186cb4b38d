"""The metrics of a server's requests, as Prometheus reads them."""

import threading
from typing import Callable

# Upper ends, in seconds, of the histogram of requests' times.
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class RequestMetrics:
  """Counts requests that are open and that were answered; for several threads.

  Attributes:
    num_open: requests that are being answered.
  """

  def __init__(self, num_waiting: Callable[[], int]):
    """Takes what tells how many texts wait."""
    import prometheus_client
    self._lock = threading.Lock()
    self.num_open = 0
    # Several servers in a process have metrics of their own.
    self._registry = registry = prometheus_client.CollectorRegistry()
    self._requests = prometheus_client.Counter(
        "bert_requests", "Requests answered, by status.", ["code"],
        registry=registry)
    self._seconds = prometheus_client.Histogram(
        "bert_request_seconds", "Seconds until a request was answered.",
        buckets=_BUCKETS, registry=registry)
    prometheus_client.Gauge(
        "bert_requests_open", "Requests that are being answered.",
        registry=registry).set_function(lambda: self.num_open)
    prometheus_client.Gauge(
        "bert_texts_waiting", "Texts that wait to be run.",
        registry=registry).set_function(num_waiting)

  def open(self) -> None:
    """Counts a request that has come."""
    with self._lock:
      self.num_open += 1

  def close(self) -> None:
    """Counts one that has been answered."""
    with self._lock:
      self.num_open -= 1

  def add(self, code: int, seconds: float) -> None:
    """Counts the status of a response, and how long it took."""
    self._requests.labels(str(code)).inc()
    self._seconds.observe(seconds)

  def exposition(self) -> bytes:
    """Returns all metrics in Prometheus's text format."""
    import prometheus_client
    return prometheus_client.generate_latest(self._registry)
