"""Which items of several requests are taken first."""
import pytest

from bert.server import fair_queue

pytestmark = pytest.mark.smoke


def push(queue, *texts):
  queue.push(texts, [len(text) for text in texts])


def test_items_of_similar_size_are_taken_with_the_oldest():
  queue = fair_queue.FairQueue(100)
  push(queue, "aaaaa", "a", "aaaa")
  push(queue, "aaaaaa")
  assert queue.pop(3) == ["aaaaa", "aaaa", "aaaaaa"]
  assert queue.pop(3) == ["a"]
  assert queue.pop(3) == []


def test_one_request_alone_gets_all_a_quantum_at_a_time():
  queue = fair_queue.FairQueue(4)
  push(queue, "aa", "bb", "cc", "dd", "eeeeeeeee")
  assert [queue.pop(9) for _ in range(4)] == [
      ["aa", "bb"], ["cc", "dd"], ["eeeeeeeee"], []]


def test_large_request_gets_no_more_work_than_each_of_the_others():
  queue = fair_queue.FairQueue(8)
  push(queue, *["large" + "." * 3] * 100)
  done = {"large": 0, "small": 0}
  for _ in range(400):
    for _ in range(3):  # Three clients that ask again when they are answered.
      if sum(entry.size == 2 for entry in queue._entries) < 3:
        push(queue, "ab")
    for item in queue.pop(32):
      done["large" if len(item) == 8 else "small"] += len(item)
  # Of four requests that always wait, each has a right to a quarter.
  share = done["large"] / (done["large"] + done["small"])
  assert 0.2 < share < 0.3


def test_small_request_is_due_at_once_beside_a_large_one():
  queue = fair_queue.FairQueue(4)
  push(queue, "aaaa", "bbbb", "cccc")
  push(queue, "x")
  assert queue.pop(9) == ["aaaa", "x"]
  push(queue, "y")
  assert queue.is_due and queue.pop(9) == ["y"]
  assert not queue.is_due
  assert queue.pop(9) == ["bbbb"]


def test_items_of_no_size_end():
  queue = fair_queue.FairQueue(4)
  push(queue, "", "", "")
  assert queue.pop(2) == ["", ""] and queue.pop(2) == [""]
