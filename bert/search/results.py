"""The files of a search: search.tsv and best.flags; its table on the console."""

import os
from typing import Dict

from bert.common import files
from bert.common import tables
from bert.search import space
from bert.training import flag_files

_SCORE_DIGITS = "%.4f"


def describe(settings: Dict) -> str:
  """Returns settings as flags."""
  return " ".join("--%s=%s" % (flag, space.as_flag(value))
                  for flag, value in settings.items())


def rows_of(study):
  """Returns a header, and a row of text for each trial."""
  flags = [dimension.flag for dimension in study.settings.dimensions]
  header = ["trial", "state", study.settings.metric, "global_step",
            "seconds"] + flags + ["error"]
  rows = []
  for trial in study.trials():
    attributes = trial.user_attrs
    scores = attributes.get("scores", {})
    score = scores.get(study.settings.metric)
    step = scores.get("global_step")
    rows.append(
        [str(trial.number + 1), trial.state.name.lower(),
         "" if score is None else "%.6f" % score,
         "" if step is None else str(int(step)),
         "%.1f" % attributes.get("seconds", 0.0)] +
        [space.as_flag(trial.params[flag]) if flag in trial.params else ""
         for flag in flags] + [attributes.get("error", "")])
  return header, rows


def write_table(folder: str, study) -> None:
  """Writes search.tsv, a line for each trial."""
  header, rows = rows_of(study)
  files.write_text(os.path.join(folder, "search.tsv"), [
      "\t".join(" ".join(cell.split("\t")) for cell in row)
      for row in [header] + rows])


def print_table(study) -> None:
  """Shows the trials on the console, the best ones first."""
  header, rows = rows_of(study)
  ranks = {str(each.number + 1): rank
           for rank, each in enumerate(study.ranking())}
  rows.sort(key=lambda row: (ranks.get(row[0], len(rows)), int(row[0])))
  for row in rows:
    row[2] = row[2] and _SCORE_DIGITS % float(row[2])
    row[5:] = [_shorten(cell) for cell in row[5:]]
  for line in tables.table(header, rows, None):
    print(line)


def write_flags(folder: str, flags, trial, settings) -> None:
  """Writes best.flags, which trains the best trial again.

  Args:
    folder: the search's.
    flags: of the trial, as this command line has them; its folder's run.flags
      have what it was trained with.
    trial, settings: the best one's, and the study's.
  """
  lines = flag_files.read(flags.run.output_dir) or flag_files.lines_of([flags])
  seed = "--random_seed="
  if not any(line.startswith(seed) for line in lines):
    lines.append("%s%d" % (seed, flags.run.random_seed))
  files.write_text(os.path.join(folder, "best.flags"), [
      "# Trial %d: %s = %s" % (trial.number + 1, settings.metric, trial.value),
      "--do_train", "--do_eval"] + [
          line for line in lines if not line.startswith("--output_dir=")])


def _shorten(cell):
  """Returns a cell; a float rounded for display."""
  try:
    value = float(cell)
  except ValueError:
    return cell
  return cell if len(cell) < 8 else "%.3g" % value
