"""Questions of many threads, answered together."""
import threading
from concurrent import futures

import pytest

from bert.common.errors import UserError
from bert.server import batcher

pytestmark = pytest.mark.smoke


class Asked:
  """Answers in upper case; can be held up; remembers its batches."""

  def __init__(self):
    self.batches = []
    self.go = threading.Event()
    self.go.set()

  def __call__(self, questions):
    self.go.wait(10)
    self.batches.append(list(questions))
    if "bad" in questions:
      raise UserError("bad one")
    if "bug" in questions:
      raise ValueError("bug")
    return [question.upper() for question in questions]


@pytest.fixture
def asked():
  return Asked()


def make(asked, **changes):
  return batcher.Batcher(asked, **dict(
      dict(max_batch=3, wait=0.0, max_queue=5), **changes))


def test_answers_come_in_order(asked):
  made = make(asked)
  assert [each.result(5) for each in made.submit(["a", "b"])] == ["A", "B"]
  made.close()


def test_what_waits_is_read_together_up_to_a_batch(asked):
  made = make(asked)
  asked.go.clear()
  first = made.submit(["x"])
  while len(made):
    pass
  waiting = made.submit(["a", "b", "c", "d"])
  asked.go.set()
  assert [each.result(5) for each in first + waiting] == list("XABCD")
  assert asked.batches == [["x"], ["a", "b", "c"], ["d"]]
  made.close()


def test_texts_of_similar_length_are_run_together(asked):
  made = make(asked, max_queue=9)
  asked.go.clear()
  first = made.submit(["x"])
  while len(made):
    pass
  texts = ["a" * length for length in (5, 1, 9, 4, 2, 6, 1)]
  waiting = made.submit(texts)
  asked.go.set()
  assert [each.result(5) for each in first + waiting] == ["X"] + [
      text.upper() for text in texts]
  # Each batch has the text that waits longest.
  assert [list(map(len, each)) for each in asked.batches] == [
      [1], [5, 4, 6], [1, 2, 1], [9]]
  made.close()


def test_lone_question_waits_for_others(asked):
  made = make(asked, wait=5.0)
  one = made.submit(["a"])
  other = made.submit(["b", "c"])
  assert [each.result(4) for each in one + other] == ["A", "B", "C"]
  assert asked.batches == [["a", "b", "c"]]
  made.close()


def test_full_queue_takes_nothing(asked):
  made = make(asked)
  asked.go.clear()
  made.submit(["x"])
  while len(made):
    pass
  made.submit(["a"] * 4)
  with pytest.raises(batcher.Full):
    made.submit(["b", "c"])
  made.submit(["b"])
  asked.go.set()
  made.close()


def test_more_texts_than_the_queue_has_wait_until_it_is_empty(asked):
  made = make(asked)
  asked.go.clear()
  made.submit(["x"])
  while len(made):
    pass
  made.submit(["a"])
  with pytest.raises(batcher.Full):
    made.submit(list("bcdefg"))
  asked.go.set()
  while len(made):
    pass
  assert [each.result(5) for each in made.submit(list("bcdefg"))] == list(
      "BCDEFG")
  made.close()


def test_abandoned_texts_are_not_run(asked):
  made = make(asked)
  asked.go.clear()
  first = made.submit(["x"])
  while len(made):
    pass
  waiting = made.submit(["a", "b"])
  made.abandon()
  asked.go.set()
  made.close()
  assert first[0].result(5) == "X" and asked.batches == [["x"]]
  assert all(each.cancelled() for each in waiting)


def test_one_mistake_spoils_no_other_answer(asked):
  made = make(asked, wait=1.0)
  one, bad, other = made.submit(["a", "bad", "b"])
  assert (one.result(5), other.result(5)) == ("A", "B")
  with pytest.raises(UserError):
    bad.result(5)
  made.close()


def test_bug_reaches_the_caller_and_the_thread_lives_on(asked):
  made = make(asked)
  with pytest.raises(ValueError):
    made.submit(["bug"])[0].result(5)
  assert made.submit(["a"])[0].result(5) == "A"
  made.close()


def test_closing_answers_what_waits(asked):
  made = make(asked)
  asked.go.clear()
  waiting = made.submit(["a", "b", "c", "d"])
  threading.Timer(0.1, asked.go.set).start()
  made.close()
  assert [each.result(0) for each in waiting] == list("ABCD")
  with pytest.raises(batcher.Full):
    made.submit(["e"])


def test_what_was_given_up_is_not_answered(asked):
  made = make(asked)
  asked.go.clear()
  made.submit(["x"])
  while len(made):
    pass
  gone, kept = made.submit(["a", "b"])
  assert gone.cancel()
  asked.go.set()
  assert kept.result(5) == "B"
  assert asked.batches == [["x"], ["b"]]
  with pytest.raises(futures.CancelledError):
    gone.result(0)
  made.close()
