"""A group of flags of which one was renamed."""
import dataclasses

from bert.common.command_line import option


@dataclasses.dataclass(frozen=True)
class Renamed:
  """Renamed"""
  speed: float = option(1.0, "Speed.", above=0.0, aliases={"pace": None})
