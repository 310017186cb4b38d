"""Flags of run_search.py, and their rules."""

import dataclasses

from bert.common.command_line import Path
from bert.common.command_line import Repeated
from bert.common.command_line import option
from bert.common.errors import UserError
from bert.options import finetuning


@dataclasses.dataclass(frozen=True)
class SearchOptions:
  """Search"""
  search: Repeated = option(
      None, "A flag of data, head, model or training, and the values to try: "
      "FLAG=log:LOW:HIGH, FLAG=float:LOW:HIGH, FLAG=int:LOW:HIGH or "
      "FLAG=int:LOW:HIGH:STEP, HIGH included, or FLAG=choice:A,B,...; may be "
      "given several times.")
  search_file: Path = option(
      None, "JSON file with more flags to search: {FLAG: \"log:LOW:HIGH\", "
      "FLAG: [A, B, ...]}; a local file, not one on an object store.")
  sampler: str = option(
      "tpe", "How settings are chosen: grid (all combinations of choice and "
      "int), random, or tpe (near the settings with good scores).",
      choices=("grid", "random", "tpe"))
  num_search_trials: int = option(
      None, "Number of trials; when not given, 20, or with --sampler=grid all "
      "combinations.", minimum=1)
  search_timeout: float = option(
      None, "Minutes after which no new trial is started.", above=0.0)
  pruner: str = option(
      "none", "Which trials are stopped at an evaluation of --eval_every: "
      "none; median (those below the median of the other trials); or halving "
      "(successive halving: only the best fraction of the trials continues).",
      choices=("none", "median", "halving"))
  keep_trials: int = option(
      1, "Number of best trials whose checkpoints are kept.", minimum=1)
  search_storage: str = option(
      None, "URL of an Optuna storage that several machines share, such as "
      "postgresql://...; a SQLite file in --output_dir when not given.")
  do_predict: bool = option(
      False, "Predict the test set with the best trial.")
  do_export: bool = option(
      False, "Export the best trial for run_predictor.py.")


def check_search(search: SearchOptions,
                 flags: finetuning.FineTuningFlags) -> None:
  """Raises UserError for a search that the flags do not allow."""
  if search.pruner != "none" and not flags.evaluation.eval_every:
    raise UserError("--pruner=%s needs --eval_every" % search.pruner)
  if flags.speed.use_horovod or flags.tpu.use_tpu:
    raise UserError("run_search.py trains on one machine: leave out --%s" % (
        "use_horovod" if flags.speed.use_horovod else "use_tpu"))
  if "://" in flags.run.output_dir and not search.search_storage:
    raise UserError("--output_dir=%s: on an object store, a search needs "
                    "--search_storage" % flags.run.output_dir)
