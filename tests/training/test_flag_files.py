"""Flags of a training in a file."""
from bert.training import flag_files
from renamed import Renamed


def test_file_of_an_earlier_version_has_earlier_names():
  group = Renamed(speed=2.0)
  assert flag_files.differences(["--pace=2.0"], [group]) == ([], [])
  assert flag_files.differences(["--pace=3.0"], [group]) == (
      ["--speed=3.0"], ["--speed=2.0"])
  assert flag_files.lines_of([group]) == ["--speed=2.0"]
