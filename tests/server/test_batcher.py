"""Records of many threads, run together."""
import threading
from concurrent import futures

import pytest

from bert.common.errors import UserError
from bert.server import batcher
from bert.serving.predictor import Record

pytestmark = pytest.mark.smoke


def record(name, length=None, kind="k"):
  """A record whose only input is its name."""
  return Record({"name": name}, len(name) if length is None else length, kind)


class Asked:
  """Answers in upper case; can be held up; remembers its batches."""

  def __init__(self):
    self.batches = []
    self.go = threading.Event()
    self.go.set()

  def __call__(self, records):
    self.go.wait(10)
    names = [each.inputs["name"] for each in records]
    self.batches.append(names)
    if "bad" in names:
      raise UserError("bad one")
    if "bug" in names:
      raise ValueError("bug")
    return [ValueError() if name == "nan" else name.upper() for name in names]


@pytest.fixture
def asked():
  return Asked()


def make(asked, **changes):
  return batcher.Batcher(asked, **dict(
      dict(max_batch=3, wait=0.0, max_queue=5), **changes))


def submit(made, names, **changes):
  """Submits texts of one record each -> a Future for each."""
  return [each for (each,) in made.submit(
      [[record(name, **changes)] for name in names])]


def held_up(made, asked):
  """Holds the thread up with a record of its own -> its Future."""
  asked.go.clear()
  first = submit(made, ["x"])
  while len(made):
    pass
  return first


def results(pending):
  return [each.result(5) for each in pending]


def test_answers_come_in_order(asked):
  made = make(asked)
  assert results(submit(made, ["a", "b"])) == ["A", "B"]
  made.close()


def test_what_waits_is_read_together_up_to_a_batch(asked):
  made = make(asked)
  first = held_up(made, asked)
  waiting = submit(made, ["a", "b", "c", "d"])
  asked.go.set()
  assert results(first + waiting) == list("XABCD")
  assert asked.batches == [["x"], ["a", "b", "c"], ["d"]]
  made.close()


def test_records_of_similar_length_are_run_together(asked):
  made = make(asked, max_queue=9)
  first = held_up(made, asked)
  texts = ["a" * length for length in (5, 1, 9, 4, 2, 6, 1)]
  waiting = submit(made, texts)
  asked.go.set()
  assert results(first + waiting) == ["X"] + [text.upper() for text in texts]
  # Each batch has the record that waits longest.
  assert [list(map(len, each)) for each in asked.batches] == [
      [1], [5, 4, 6], [1, 2, 1], [9]]
  made.close()


def test_batch_has_records_of_one_kind(asked):
  made = make(asked)
  first = held_up(made, asked)
  waiting = submit(made, ["a", "b"]) + submit(made, ["c"], kind="other") + (
      submit(made, ["d"]))
  asked.go.set()
  assert results(first + waiting) == list("XABCD")
  assert asked.batches == [["x"], ["a", "b", "d"], ["c"]]
  made.close()


def test_request_of_many_records_does_not_hold_up_others(asked):
  made = make(asked, max_queue=20)
  held_up(made, asked)
  many = submit(made, ["m"] * 9, length=100)
  others = [submit(made, [name]) for name in "ab"]
  asked.go.set()
  results(many + others[0] + others[1])
  # Of 100 tokens, one is due at once: 32 for each of three records of a batch.
  assert asked.batches == [["x"], ["m", "a", "b"]] + [["m"]] * 8
  made.close()


def test_short_records_wait_for_few_long_ones_and_are_not_padded_to_them(asked):
  made = make(asked, max_queue=20)
  held_up(made, asked)
  many = submit(made, ["l"] * 3, length=200)
  others = submit(made, ["s"], length=49) + submit(made, ["t"], length=50)
  asked.go.set()
  results(many + others)
  # 50 is a quarter of 200.
  assert asked.batches == [["x"], ["l", "t"], ["s"], ["l"], ["l"]]
  made.close()


def test_records_that_were_given_up_hold_up_nobody(asked):
  made = make(asked, max_queue=5)
  held_up(made, asked)
  for each in submit(made, ["m"] * 5, length=100):
    each.cancel()
  asked.go.set()
  while len(made):
    pass
  assert results(submit(made, list("abcde"))) == list("ABCDE")
  assert ["m"] not in asked.batches
  made.close()


def test_lone_record_waits_for_others(asked):
  made = make(asked, wait=5.0)
  one = submit(made, ["a"])
  other = submit(made, ["b", "c"])
  assert results(one + other) == ["A", "B", "C"]
  assert asked.batches == [["a", "b", "c"]]
  made.close()


def test_full_queue_takes_nothing(asked):
  made = make(asked)
  held_up(made, asked)
  submit(made, ["a"] * 4)
  made.check_capacity(1)
  for function in (made.check_capacity, lambda count: submit(made, "bc")):
    with pytest.raises(batcher.Full):
      function(2)
  submit(made, ["b"])
  asked.go.set()
  made.close()


def test_more_texts_than_the_queue_has_wait_until_it_is_empty(asked):
  made = make(asked)
  held_up(made, asked)
  submit(made, ["a"])
  with pytest.raises(batcher.Full):
    submit(made, list("bcdefg"))
  asked.go.set()
  while len(made):
    pass
  assert results(submit(made, list("bcdefg"))) == list("BCDEFG")
  made.close()


def test_abandoned_texts_are_not_run(asked):
  made = make(asked)
  first = held_up(made, asked)
  waiting = submit(made, ["a", "b"])
  made.abandon()
  asked.go.set()
  made.close()
  assert results(first) == ["X"] and asked.batches == [["x"]]
  assert all(each.cancelled() for each in waiting)
  assert len(made) == 0


def test_text_of_many_records_is_one_in_the_queue(asked):
  made = make(asked)
  held_up(made, asked)
  (waiting,) = made.submit([[record("w")] * 7])
  assert len(made) == 1
  submit(made, ["a"] * 4)
  with pytest.raises(batcher.Full):
    submit(made, ["b"])
  asked.go.set()
  assert results(waiting) == ["W"] * 7
  assert max(map(len, asked.batches)) == 3  # Memory is that of a batch.
  made.close()
  assert len(made) == 0


@pytest.mark.parametrize("name, error", [("bad", UserError),
                                         ("bug", ValueError)])
def test_failure_reaches_the_callers_and_the_thread_lives_on(asked, name,
                                                             error):
  made = make(asked)
  held_up(made, asked)
  waiting = submit(made, ["a", name])
  asked.go.set()
  for each in waiting:
    with pytest.raises(error):
      each.result(5)
  # What is queued is valid, so that nothing is run again one by one.
  assert asked.batches == [["x"], ["a", name]]
  assert results(submit(made, ["a"])) == ["A"]
  made.close()


def test_record_that_fails_alone_spoils_no_other(asked):
  made = make(asked)
  held_up(made, asked)
  one, bad, other = submit(made, ["a", "nan", "b"])
  asked.go.set()
  assert results([one, other]) == ["A", "B"]
  with pytest.raises(ValueError):
    bad.result(5)
  assert asked.batches == [["x"], ["a", "nan", "b"]]
  made.close()


def test_closing_answers_what_waits(asked):
  made = make(asked)
  asked.go.clear()
  waiting = submit(made, ["a", "b", "c", "d"])
  threading.Timer(0.1, asked.go.set).start()
  made.close()
  assert [each.result(0) for each in waiting] == list("ABCD")
  with pytest.raises(batcher.Full):
    submit(made, ["e"])


def test_what_was_given_up_is_not_run(asked):
  made = make(asked)
  held_up(made, asked)
  gone, kept = submit(made, ["a", "b"])
  assert gone.cancel()
  asked.go.set()
  assert kept.result(5) == "B"
  assert asked.batches == [["x"], ["b"]]
  with pytest.raises(futures.CancelledError):
    gone.result(0)
  made.close()


def test_pending_output_is_of_all_records(asked):
  made = make(asked)
  held_up(made, asked)
  (records,) = made.submit([[record("a"), record("b")]])
  pending = batcher.Pending(records, "".join)
  woken = threading.Event()
  pending.add_done_callback(lambda _: woken.set())
  assert not pending.done()
  with pytest.raises(futures.TimeoutError):
    pending.result(batcher.Deadline(0.0))
  asked.go.set()
  assert pending.result(batcher.Deadline(5.0)) == "AB"
  assert pending.done() and woken.wait(5)
  made.close()


def test_deadline_is_over_after_its_time():
  batcher.Deadline(100.0).check()
  with pytest.raises(futures.TimeoutError):
    batcher.Deadline(0.0).check()
