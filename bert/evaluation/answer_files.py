"""The files of answers to questions, as the reference release writes them."""

import collections
import json
from typing import Dict, Iterable, List, Sequence

from bert.data.examples import InputExample
from bert.evaluation import reports
from bert.evaluation.answers import Answers

PREDICTIONS = "predictions.json"
NBEST = "nbest_predictions.json"
NULL_ODDS = "null_odds.json"
_NBEST_KEYS = ("text", "probability", "start_logit", "end_logit")


def lines_of(examples: Sequence[InputExample], found: Sequence[Answers]
            ) -> Dict[str, Iterable[str]]:
  """Returns file name -> lines.

  Args:
    examples: the questions; of those with the same name, the last counts.
    found: the answers to each.
  """
  by_name = collections.OrderedDict(
      (example.guid, each) for example, each in zip(examples, found))
  contents = {
      PREDICTIONS: _to_lines(by_name, lambda each: each.best),
      NBEST: _to_lines(by_name, lambda each: [
          collections.OrderedDict(zip(_NBEST_KEYS, answer[:len(_NBEST_KEYS)]))
          for answer in each.all]),
      "test_predictions.tsv": _table_lines(examples, found)}
  if any(each.null_odds is not None for each in found):
    contents[NULL_ODDS] = _to_lines(by_name, lambda each: each.null_odds)
  return contents


def _to_lines(by_name, function) -> List[str]:
  return json.dumps(collections.OrderedDict(
      (name, function(each)) for name, each in by_name.items()),
                    indent=4).split("\n")


def _table_lines(examples, found):
  yield "guid\tprediction\tscore\tstart\tend"
  for example, each in zip(examples, found):
    text, places = each.best, ("", "")
    answer = next((answer for answer in each.all if answer.text == each.best
                   and answer.begin >= 0), None)
    if answer:
      text = answer.as_in(example.text_b)
      places = str(answer.begin), str(answer.end)
    yield "\t".join((reports.cell(example.guid), reports.cell(text),
                     str(each.probability)) + places)
