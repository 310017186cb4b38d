"""Whose jobs are next."""
import pytest

from bert.server.zeromq import client_queue
from bert.server.zeromq.messages import Refusal

pytestmark = pytest.mark.smoke


class Job:

  def __init__(self, client, load=1, size=10):
    self.client = client
    self.load = load
    self.size = size


def queue_of(*jobs, max_load=4, max_total=6):
  queue = client_queue.ClientQueue(max_load, max_total)
  for job in jobs:
    queue.add(job)
  return queue


def test_clients_take_turns_with_the_steps_of_their_jobs():
  large, second, small = Job("a", 4), Job("a", 4), Job("b")
  queue = queue_of(large, second, small)
  for _ in range(3):
    assert queue.take() is large
    queue.leave("a")
    queue.put_back(large)
    if small:
      assert queue.take() is small
      queue.remove(small)
      small = None
  assert queue.take() is large
  queue.leave("a")
  queue.remove(large)
  assert queue.take() is second
  queue.remove(second)
  assert queue.is_empty


def test_client_runs_no_more_than_its_share():
  jobs = [Job("a", 2) for _ in range(3)] + [Job("b", 2), Job("c", 2)]
  queue = queue_of(*jobs)
  assert [queue.take() for _ in range(3)] == [jobs[0], jobs[3], jobs[4]]
  queue.remove(jobs[3])
  assert queue.take() is jobs[1]
  queue.leave("a")
  queue.remove(jobs[0])
  queue.remove(jobs[4])
  assert queue.take() is jobs[2]


def test_client_occupies_few_workers():
  jobs = [Job("a"), Job("a"), Job("a"), Job("b")]
  queue = queue_of(*jobs)
  assert [queue.take() for _ in range(3)] == [jobs[0], jobs[3], jobs[1]]
  queue.leave("a")  # The model runs what the worker has submitted.
  assert queue.take() is jobs[2]


def test_job_larger_than_all_capacity_runs_alone():
  small, large = Job("a"), Job("b", 9)
  queue = queue_of(large)
  assert queue.take() is large
  queue.remove(large)
  queue.add(small)
  assert queue.take() is small


def test_client_that_sends_too_much_is_refused_and_others_are_not(monkeypatch):
  monkeypatch.setattr(client_queue, "_MAX_CLIENT", 2100)
  queue = queue_of(Job("a"), Job("a"))
  assert queue.fill("a") == 2068 / 2100 and queue.fill("b") == 0
  with pytest.raises(Refusal, match="too many requests wait") as caught:
    queue.add(Job("a"))
  assert caught.value.code == "full"
  queue.add(Job("b"))
  queue.remove(queue.take())
  queue.add(Job("a"))


@pytest.mark.parametrize("name, value", [("_MAX_ALL", 3000), ("_MAX_JOBS", 2)])
def test_all_clients_have_limits(monkeypatch, name, value):
  monkeypatch.setattr(client_queue, name, value)
  with pytest.raises(Refusal, match="too many requests wait"):
    queue_of(Job("a"), Job("b"), Job("c"))


def test_closed_queue_gives_what_it_has():
  queue = queue_of(Job("a"))
  queue.close()
  with pytest.raises(Refusal) as caught:
    queue.add(Job("b"))
  assert caught.value.code == "closing"
  queue.remove(queue.take())
  assert queue.take() is None


def test_aborted_queue_names_what_is_not_finished():
  jobs = [Job("a"), Job("a"), Job("b")]
  queue = queue_of(*jobs)
  queue.take()
  assert queue.abort() == [jobs[0], jobs[2], jobs[1]]
  assert queue.take() is None
