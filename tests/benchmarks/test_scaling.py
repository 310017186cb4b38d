"""What is to be expected of many GPUs, on paper."""
import os

import pytest

import commands
from benchmarks import scaling
from benchmarks.scaling import Case


@pytest.mark.parametrize("model, number", [
    # As the released models have.
    ("base", 109482240), ("large", 335141888)])
def test_models_have_the_weights_of_the_released_ones(model, number):
  assert scaling.num_weights(*scaling.MODELS[model]) == number


def test_one_worker_sends_nothing():
  case = Case("base", "V100", 10)
  assert scaling.message_seconds(case, 1) == 0
  assert scaling.efficiency(case, 1) == 1


def test_a_ring_sends_each_number_twice_but_for_the_own_share():
  # 4 bytes of 109,482,240 numbers, 3/4 of them twice, at 1.25 GB/s.
  assert scaling.message_seconds(Case("base", "V100", 10), 4) == pytest.approx(
      437.92896e6 * 1.5 / 1.25e9)
  assert scaling.message_seconds(Case("base", "V100", 10, 2), 4) == (
      pytest.approx(437.92896e6 * 0.75 / 1.25e9))


def test_step_is_what_was_published():
  assert scaling.step_seconds(Case("large", "V100", 10)) == pytest.approx(
      64 / 168.63)
  assert scaling.step_seconds(
      Case("large", "V100", 10, num_micro_batches=4)) == pytest.approx(
          4 * 64 / 168.63)
  # 12 * 768^2 against 24 * 1024^2.
  assert scaling.step_seconds(Case("base", "V100", 10)) == pytest.approx(
      64 / 168.63 * 7077888 / 25165824)


def test_efficiency_is_the_share_of_the_step():
  case = Case("large", "V100", 25)
  step, message = 64 / 168.63, 335141888 * 4 * 2 * 63 / 64 * 8 / 25e9
  assert scaling.efficiency(case, 64) == pytest.approx(step / (step + message))


def test_page_has_the_tables():
  path = os.path.join(os.path.dirname(commands.SCRIPT), "docs",
                      "distributed.md")
  with open(path, encoding="utf-8") as stream:
    lines = stream.read().split("\n")
  for line in scaling.messages() + scaling.efficiencies():
    assert line in lines
