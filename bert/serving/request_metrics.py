"""What a server tells of its requests, as Prometheus reads it.

Source: https://prometheus.io/docs/instrumenting/exposition_formats.
"""

import threading
from typing import Dict

# Upper ends, in seconds, of what requests' times are counted in.
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Counts:
  """Requests that are open and that were answered; for several threads."""

  def __init__(self):
    self._lock = threading.Lock()
    self.num_open = 0
    self._codes = {}  # type: Dict[int, int]
    self._buckets = [0] * (len(_BUCKETS) + 1)
    self._seconds = 0.0

  def open(self) -> None:
    """Counts a request that has come."""
    with self._lock:
      self.num_open += 1

  def close(self) -> None:
    """Counts one that has been answered."""
    with self._lock:
      self.num_open -= 1

  def add(self, code: int, seconds: float) -> None:
    """Counts an answer's code, and how long it took."""
    with self._lock:
      self._codes[code] = self._codes.get(code, 0) + 1
      self._seconds += seconds
      place = sum(seconds > end for end in _BUCKETS)
      self._buckets[place] += 1

  def shown(self, num_waiting: int) -> str:
    """Returns all numbers as Prometheus reads them."""
    with self._lock:
      codes, buckets = sorted(self._codes.items()), list(self._buckets)
      seconds, num_open = self._seconds, self.num_open
    lines = ["# TYPE bert_requests_total counter"]
    lines += ['bert_requests_total{code="%d"} %d' % pair for pair in codes]
    lines.append("# TYPE bert_request_seconds histogram")
    total = 0
    for end, count in zip(_BUCKETS + (float("inf"),), buckets):
      total += count
      lines.append('bert_request_seconds_bucket{le="%s"} %d' % (
          "+Inf" if end == float("inf") else "%g" % end, total))
    lines += ["bert_request_seconds_sum %.6f" % seconds,
              "bert_request_seconds_count %d" % total,
              "# TYPE bert_requests_open gauge",
              "bert_requests_open %d" % num_open,
              "# TYPE bert_texts_waiting gauge",
              "bert_texts_waiting %d" % num_waiting]
    return "\n".join(lines) + "\n"
