"""Labels and predictions of a dataset: all that metrics and reports see."""

import typing
from typing import List, Optional, Union

import numpy as np


class EvalPrediction(typing.NamedTuple):
  """The labels of a dataset and what a model predicted.

  Attributes:
    labels: by label type (bert.data.label_types): CLASS, CHOICE: int
      [examples]; LABEL_SET: 0/1 int [examples, num_labels]; NUMBER: float
      [examples]; TAGS: for each example a list of str, a label per word;
      ANSWERS: for each question a list of str, the right answers, [] where
      there is none.
    predicted: the same; ANSWERS: a str per question, "" for no answer.
    probabilities: float32 [examples, num_labels]; NUMBER and ANSWERS: of what
      is predicted, [examples, 1]; TAGS: None.
    scheme: of TAGS, the name of their scheme in bert.data.tag_schemes.
    null_odds: of ANSWERS that may be none, float [examples]: how much better no
      answer is.
    cosines: of pairs whose texts are encoded apart, float32 [examples].
    answer_rule: of ANSWERS, the metric whose rule decides which are right.
  """
  labels: Union[np.ndarray, List[List[str]]]
  predicted: Union[np.ndarray, List[List[str]], List[str]]
  probabilities: Optional[np.ndarray]
  scheme: Optional[str] = None
  null_odds: Optional[np.ndarray] = None
  cosines: Optional[np.ndarray] = None
  answer_rule: Optional[str] = None

  def is_finite(self) -> bool:
    """Whether all outputs are numbers; of a model that diverged they aren't."""
    return (self.probabilities is None or
            bool(np.isfinite(self.probabilities).all()))
