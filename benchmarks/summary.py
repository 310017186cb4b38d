"""From measurements to medians over rounds, and ours by the peer's."""

import statistics
from typing import Callable, Dict, List, NamedTuple, Optional


class Number(NamedTuple):
  """A number of a measurement.

  Attributes:
    key: in the line.
    unit: heads the column.
    is_rate: whether more is faster.
    ratio: heads the column of ours by the peer's; a speed's is over 1 where
      ours is the faster one, whether rates or seconds were measured.
    is_speed: else the ratio is ours over the peer's.
  """
  key: str
  unit: str
  is_rate: bool
  ratio: str
  is_speed: bool = True


RATE = Number("examples_per_second", "examples/s", True, "speed, ours : peer")
SECONDS = Number("process_seconds", "seconds", False, "speed, ours : peer")
MEMORY = Number("peak_memory_mib", "MiB", False, "memory, ours : peer", False)


class Summary(NamedTuple):
  """A program's number over its rounds."""
  median: float
  low: float
  high: float
  count: int


def summarize(values: List[float]) -> Summary:
  """Returns the median over rounds, and how far they spread."""
  return Summary(statistics.median(values), min(values), max(values),
                 len(values))


def relate(one: float, other: float, number: Number) -> float:
  """Returns how many times as fast, or as large, one is as the other."""
  is_inverse = number.is_speed and not number.is_rate
  return other / one if is_inverse else one / other


def group(lines: List[dict], key: Callable) -> Dict[object, List[dict]]:
  """Returns key -> its lines, in the order in which keys first appear."""
  groups = {}  # type: Dict[object, List[dict]]
  for line in lines:
    groups.setdefault(key(line), []).append(line)
  return groups


def by_program(lines: List[dict], number: Number) -> Dict[str, Summary]:
  """Returns program -> Summary of what was measured of it."""
  measured = [line for line in lines if number.key in line]
  return {name: summarize([line[number.key] for line in rounds])
          for name, rounds in group(
              sorted(measured, key=lambda line: line["round"]),
              lambda line: line["program"]).items()}


def best_peer(lines: List[dict], precision: str,
              number: Number) -> Optional[float]:
  """Returns the best median of the peer's programs of a precision."""
  peers = [line for line in lines if line["side"] == "peer" and
           line["precision"] == precision]
  medians = [each.median for each in by_program(peers, number).values()]
  best = max if number.is_rate else min
  return best(medians) if medians else None


def against_peer(lines: List[dict], number: Number) -> Dict[str, float]:
  """Returns our program -> its median by the best peer's of its precision."""
  ratios = {}
  for name, summary in by_program(lines, number).items():
    line = next(line for line in lines if line["program"] == name)
    peer = best_peer(lines, line["precision"], number)
    if line["side"] == "ours" and peer:
      ratios[name] = relate(summary.median, peer, number)
  return ratios


def product_shares(lines: List[dict]) -> Dict[str, float]:
  """Returns our program -> the share of its steps that their products take."""
  measured = [line for line in lines if "product_seconds" in line and
              line["precision"] == "float32"]
  return {name: statistics.median(
      line["product_seconds"] / sum(line["seconds"]) for line in rounds)
          for name, rounds in group(
              measured, lambda line: line["program"]).items()}
