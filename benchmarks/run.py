"""Measures sections, saves every measurement, writes the report again.

Usage: python -m benchmarks.run [section...] [--quick] [--rounds=N] ...

scripts/benchmark.sh makes the environments first. The interpreters are those
in TF1_PYTHON, TF2_PYTHON and PEER_PYTHON; sections on real text need
BERT_BASE_DIR and DATA_DIR. Needs the standard library alone.
"""

import argparse
import datetime
import json
import os
import re
import shutil
import signal
import sys
from typing import Dict, Iterator, List, NamedTuple, Sequence, Tuple

from benchmarks import ablations
from benchmarks import machine
from benchmarks import process
from benchmarks import programs
from benchmarks import report

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
# Section -> its comparisons, and how many rounds they usually have.
SECTIONS = {
    "records": (programs.records, 5), "instances": (programs.instances, 5),
    "steps": (programs.steps, 5), "lengths": (programs.lengths, 5),
    "memory": (programs.memory, 1), "finetune": (programs.finetune, 3),
    "growth": (programs.growth, 1), "rows": (programs.rows, 1),
    "workers": (programs.workers, 5),
    "ablations": (ablations.ablations, 3)}
# Older names of sections.
ALIASES = {"levers": "ablations"}
# The runs of `steps` give the memory as well; workers need Horovod.
USUAL = [name for name in SECTIONS if name not in ("memory", "workers")]
NEEDED = {
    "TF1_PYTHON": "an interpreter with TensorFlow 1.15",
    "TF2_PYTHON": "an interpreter with TensorFlow 2",
    "PEER_PYTHON": "an interpreter with benchmarks/requirements.txt",
    "BERT_BASE_DIR": "the folder of a released BERT, with bert_config.json, "
                     "vocab.txt and bert_model.ckpt.*",
    "DATA_DIR": "a folder with the folders cola and mrpc, for lengths tnews "
                "too",
    "CORPUS_FILE": "text as scripts/prepare_corpus.py makes it"}
QUICK = programs.Settings(warmup=1, steps=2, epochs=1, num_points=1)


class Context(NamedTuple):
  """What all measurements of a run have in common."""
  folder: str
  variables: Dict[str, str]
  versions: Dict[str, str]
  line: Dict[str, object]


def main(argv: Sequence[str]) -> int:
  """Runs the sections; returns 0, or 1 if a program failed."""
  args = parse(argv)
  settings = read_settings(args)
  plans = {}
  for section in args.sections or USUAL:
    plans[section] = [
        each for each in select(SECTIONS[section][0](settings), args.programs)
        if not args.tables or args.tables.search(each.table)]
  check_variables(plans)
  context = make_context(args)
  num_failed = 0
  for section, comparisons in plans.items():
    num_rounds = args.rounds or (1 if args.quick else SECTIONS[section][1])
    num_failed += run_section(section, comparisons, num_rounds, context)
  print(report.write(context.folder))
  if num_failed:
    print("%d programs failed; their output is in %s" % (
        num_failed, os.path.join(context.folder, "logs")), file=sys.stderr)
  return int(num_failed > 0)


def parse(argv: Sequence[str]) -> argparse.Namespace:
  """Reads the command line."""
  parser = argparse.ArgumentParser(
      prog="scripts/benchmark.sh", allow_abbrev=False,
      description="Compares this project with transformers.",
      epilog="Sections: %s. Without any: %s." % (" ".join(SECTIONS),
                                                 " ".join(USUAL)))
  parser.add_argument("sections", nargs="*", metavar="section")
  parser.add_argument("--quick", action="store_true",
                      help="only see that all runs: fewest rounds and steps")
  for name, kind, text in (
      ("rounds", int, "runs of each program; of finetune, the seeds 1..N"),
      ("warmup", int, "steps before the clock runs"),
      ("steps", int, "measured steps of a run"),
      ("epochs", float, "of finetune"),
      ("max_examples", int, "rows taken of each training and dev set"),
      ("programs", re.compile, "regular expression; measures only these"),
      ("tables", re.compile, "the same, of the tables of a section"),
      ("tasks", split_words, "of records, lengths and finetune; default: "
                             "cola,mrpc, for lengths tnews too"),
      ("attention", split_words, "the peer's in finetune and growth: sdpa, "
                                 "eager or sdpa,eager; default: eager")):
    parser.add_argument("--" + name, type=kind, help=text)
  args = parser.parse_args(argv)
  args.sections = [ALIASES.get(each, each) for each in args.sections]
  unknown = set(args.sections) - set(SECTIONS)
  if unknown:
    parser.error("no section %s; there are: %s" % (
        " ".join(sorted(unknown)), " ".join(SECTIONS)))
  if args.quick and args.max_examples is None:
    args.max_examples = 64
  return args


def split_words(text: str) -> Tuple[str, ...]:
  """Returns what commas separate."""
  return tuple(text.split(","))


def read_settings(args: argparse.Namespace) -> programs.Settings:
  """Returns the usual settings with those of the command line."""
  settings = QUICK if args.quick else programs.Settings()
  given = {name: getattr(args, name, None) for name in settings._fields}
  return settings._replace(**{name: value for name, value in given.items()
                              if value is not None})


def select(comparisons: List[programs.Comparison],
           pattern) -> List[programs.Comparison]:
  """Keeps the programs whose names match a pattern; all for None."""
  if not pattern:
    return comparisons
  kept = [each._replace(programs=[program for program in each.programs
                                  if pattern.search(program.name)])
          for each in comparisons]
  return [each for each in kept if each.programs]


def check_variables(plans: Dict[str, List[programs.Comparison]]) -> None:
  """Ends with 2 unless the environment has what all commands need."""
  commands = [program.command for comparisons in plans.values()
              for each in comparisons for program in each.programs]
  named = {name for command in commands
           for name in re.findall(r"\$([A-Z0-9_]+)", command)}
  for name in NEEDED:
    if name in named and not os.environ.get(name):
      print("benchmark.sh: %s: set it to %s" % (name, NEEDED[name]),
            file=sys.stderr)
      sys.exit(2)


def make_context(args: argparse.Namespace) -> Context:
  """Returns what is known before the first measurement."""
  folder = report.out_folder()
  os.makedirs(os.path.join(folder, "logs"), exist_ok=True)
  variables = {name: os.environ[name] for name in NEEDED if name in os.environ}
  for name, value in variables.items():
    if os.sep in value:  # The programs run in another folder.
      variables[name] = os.path.abspath(value)
  versions = {name: machine.versions_of(variables[name], ROOT)
              for name in variables if name.endswith("_PYTHON")}
  if args.max_examples and "DATA_DIR" in variables:
    cut = os.path.join(folder, "data")
    process.cut_tables(variables["DATA_DIR"], cut, args.max_examples)
    variables["DATA_DIR"] = cut
  variables.update(OUT_DIR=folder, RUN_DIR=os.path.join(folder, "run"))
  line = {"machine": machine.describe(), "code": machine.revision(ROOT),
          "is_trial": args.quick or args.max_examples is not None}
  return Context(folder, variables, versions, line)


def run_section(section: str, comparisons: List[programs.Comparison],
                num_rounds: int, context: Context) -> int:
  """Writes SECTION.jsonl; returns how many programs failed.

  What it holds of other tables and programs stays.
  """
  path = os.path.join(context.folder, section + ".jsonl")
  kept = keep_others(path, comparisons)
  num_failed = 0
  with open(path, "w", encoding="utf-8") as stream:
    stream.writelines(kept)
    for comparison in comparisons:
      prepare(comparison, context)
      failed = set()
      for number, program in alternate(comparison.programs, num_rounds):
        if program.name in failed:
          continue
        line = measure(section, comparison, program, number, context)
        stream.write(json.dumps(line) + "\n")
        stream.flush()
        print(report.progress(line), flush=True)
        if "error" in line:
          failed.add(program.name)
      num_failed += len(failed)
  return num_failed


def prepare(comparison: programs.Comparison, context: Context) -> None:
  """Makes the files that the programs read; ends with 1 if that fails."""
  for path, command in programs.PREPARATIONS.items():
    if any(path in program.command for program in comparison.programs):
      made = process.run_command(
          command, dict(context.variables, **comparison.variables), ROOT,
          os.path.join(context.folder, "logs", "preparation"))
      if "error" in made:
        sys.exit("benchmark.sh: %s: %s" % (command, made["error"]))


def keep_others(path: str,
                comparisons: List[programs.Comparison]) -> List[str]:
  """Returns a file's lines of other programs than are to be measured."""
  if not os.path.exists(path):
    return []
  with open(path, encoding="utf-8") as stream:
    lines = stream.readlines()
  os.replace(path, path + ".previous")
  measured = {(each.table, each.row, program.name)
              for each in comparisons for program in each.programs}
  return [line for line in lines if
          tuple(json.loads(line)[name] for name in ("table", "row", "program"))
          not in measured]


def alternate(items: Sequence, num_rounds: int) -> Iterator[Tuple[int, object]]:
  """Yields (round from 1, item): each item once a round.

  Each round begins with another item, so that none always follows the same.
  """
  for number in range(num_rounds):
    start = number % len(items)
    for item in list(items[start:]) + list(items[:start]):
      yield number + 1, item


def measure(section: str, comparison: programs.Comparison,
            program: programs.Program, number: int,
            context: Context) -> Dict[str, object]:
  """Runs a program once; returns its measurement."""
  shutil.rmtree(context.variables["RUN_DIR"], ignore_errors=True)
  os.makedirs(context.variables["RUN_DIR"])
  name = re.sub(r"\W+", "_", "_".join(
      (section, comparison.table, program.name)))
  variables = dict(context.variables, SEED=str(number), **comparison.variables)
  started = datetime.datetime.now().isoformat(" ", "seconds")
  found = process.run_command(
      program.command, variables, ROOT,
      os.path.join(context.folder, "logs", name), program.environment)
  if "error" not in found:
    found.update(process.read_results(variables["RUN_DIR"]))
  shutil.rmtree(context.variables["RUN_DIR"], ignore_errors=True)
  python = re.match(r"\$(\w+)", program.command).group(1)
  return dict(
      context.line, section=section, table=comparison.table,
      row=comparison.row, program=program.name, side=program.side,
      precision=program.precision, round=number, date=started,
      command=programs.shown(program, comparison.variables),
      versions=context.versions.get(python, ""), **found)


if __name__ == "__main__":
  signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
  sys.exit(main(sys.argv[1:]))
