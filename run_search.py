#!/usr/bin/env python
"""Searches the best settings of a task: trains many models with flags of
run_classifier.py, compares them, and evaluates and predicts with the best.

Each trial is an output_dir of run_classifier.py: trial_1, trial_2, ... Given
again, a search goes on; several processes share one.
"""

import sys

from bert.common import command
from bert.common import command_line
from bert.options.finetuning import check_fine_tuning
from bert.options.finetuning import FineTuningFlags
from bert.options.search import check_search
from bert.options.search import SearchOptions
from bert.search import space

GROUPS = (SearchOptions,) + tuple(
    FineTuningFlags.__annotations__.values())


def main(argv):
  search, flags = parse(argv, {})
  dimensions = space.read(search.search, search.search_file)
  check_search(search, flags)
  if search.sampler == "grid":
    list(space.combinations(dimensions))
  space.check(dimensions, lambda settings: parse(argv, settings))

  command.start_tensorflow(flags)
  from bert.search import search as search_lib
  from processors import loading
  search_lib.run(flags, search, dimensions,
                 lambda settings: parse(argv, settings)[1],
                 loading.load_processor)


def parse(argv, settings):
  """Returns the options of the search, and the flags with some settings."""
  search, *groups = command_line.parse(
      list(argv) + ["--%s=%s" % (flag, space.as_flag(value))
                    for flag, value in settings.items()], GROUPS, __doc__)
  flags = FineTuningFlags(*groups)
  check_fine_tuning(flags, ["train", "eval"] + [
      "predict"] * search.do_predict)
  return search, flags


if __name__ == "__main__":
  sys.exit(command.run(main, sys.argv))
