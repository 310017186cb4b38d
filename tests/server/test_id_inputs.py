"""Ids that come over HTTP, against the limits of a model."""
import pytest

from bert.server import id_inputs
from mistakes import message_of

ARRAYS = id_inputs.to_arrays({"input_ids": [[1, 2, 0]],
                              "segment_ids": [[0, 1, 0]]})
TASK = {"vocab_size": 3, "max_positions": 3, "num_segment_ids": 2}


@pytest.mark.parametrize("max_positions", [3, None])  # None: no limit.
def test_ids_within_the_limits_pass(max_positions):
  id_inputs.check(ARRAYS, dict(TASK, max_positions=max_positions), 1)


@pytest.mark.parametrize("limit, expected", [
    (dict(max_positions=2), "3 tokens; the model has 2 positions"),
    (dict(vocab_size=2), "'input_ids' must be from 0 to 1"),
    (dict(num_segment_ids=1), "'segment_ids' must be from 0 to 0")])
def test_limit_is_named(limit, expected):
  assert expected in message_of(id_inputs.check, ARRAYS, dict(TASK, **limit), 1)
