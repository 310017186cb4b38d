"""A request that is run chunk by chunk."""
from concurrent import futures

import numpy as np
import pytest

from bert.common.errors import UserError
from bert.server.zeromq import jobs
from bert.server.zeromq import messages
from bert.server.zeromq.messages import Refusal
from bert.serving.predictor import Converted
from bert.serving.predictor import Record
from mistakes import message_of

pytestmark = pytest.mark.smoke
MANY = 1 << 40


class Model:
  """A version whose vectors are the lengths of texts, and its model."""

  def __init__(self):
    self.predictor = self.texts = self.loaded = self.encoder = self
    self.tokenizer = self
    self.submitted = []
    self.num_users = 0
    self.error = None

  def acquire(self):
    self.num_users += 1
    return self

  def release(self, _):
    self.num_users -= 1

  def to_example(self, text):
    if not text.strip():
      raise UserError("the text is blank")
    return text

  def encode(self, text):
    return [{"input_ids": np.array([[len(text), 0]]),
             "input_mask": np.array([[1, 0]])}]

  def convert_ids_to_tokens(self, ids):
    return list(map(str, ids))

  def convert(self, texts):
    return [Converted(text, [Record(self.encode(text)[0], 1, "vectors")])
            for text in texts]

  def start(self, converted):
    texts = [each.example for each in converted]
    self.submitted.append(texts)
    made = []
    for text in texts:
      made.append(futures.Future())
      if self.error:
        made[-1].set_exception(self.error)
      else:
        made[-1].set_result(self.output(text))
    return made

  def output(self, text):
    class Output:
      vector = np.array([len(text), 1.0])
    return Output


def job_of(message, num_texts=9):
  return jobs.Job(messages.Request(b"me", message, b"5", num_texts), 2)


def run(job, model, memory=None, max_response=MANY):
  done = []
  assert job.read(model, 20)
  while not job.is_complete:
    assert job.submit(done.append)
    assert done.pop() is job
    job.collect(memory or jobs.Memory(MANY), max_response)


def test_chunks_are_one_response_in_order():
  model, job = Model(), job_of(b'["a", "bb", "ccc"]')
  run(job, model)
  assert model.submitted == [["a", "bb"], ["ccc"]]
  client, about, vectors, number = job.response()
  assert (client, number) == (b"me", b"5")
  assert vectors.tolist() == [[1, 1], [2, 1], [3, 1]]
  assert about == (b'{"dtype": "float32", "shape": [3, 2], '
                   b'"tokens": [["1"], ["2"], ["3"]]}')
  job.close(model)
  assert not model.num_users


def test_vectors_of_tokens_are_padded_over_chunks():
  class Tokens(Model):
    def output(self, text):
      class Output:
        vector = np.full((len(text), 1), 1.0)
      return Output
  model, job = Tokens(), job_of(b'["a", "a", "aaa"]')
  run(job, model)
  assert job.response()[2][..., 0].tolist() == [[1, 0, 0], [1, 0, 0], [1, 1, 1]]


def test_blank_text_runs_nothing():
  model, job = Model(), job_of(b'["a", "b", " "]')
  assert message_of(job.read, model, 20) == "the text is blank"
  assert not model.submitted
  job.close(model)
  assert not model.num_users


def test_job_waits_for_a_turn_of_more_texts_than_its_client_said():
  model, job = Model(), job_of(b'["a", "b"]', num_texts=1)
  assert job.load == 1
  assert not job.read(model, 20) and job.load == 2
  assert job.read(model, 20)


def test_response_beyond_the_limit_is_refused_after_a_chunk():
  model, job = Model(), job_of(b'["a", "bb", "ccc"]')
  with pytest.raises(Refusal, match="would have 1 MB; at most 0 MB"):
    run(job, model, max_response=23)  # Three vectors of 8 bytes.
  assert len(model.submitted) == 1


def test_memory_is_for_what_several_jobs_hold(monkeypatch):
  monkeypatch.setattr(jobs, "_FREE", 10)
  memory, model = jobs.Memory(40), Model()
  first, second = [job_of(b'["a", "bb", "ccc"]') for _ in range(2)]
  run(first, model, memory)
  with pytest.raises(Refusal) as caught:
    run(second, model, memory)
  assert caught.value.code == "full"
  size = first.take_reserved()
  assert size == 24 and not first.take_reserved()
  memory.release(size)
  run(job_of(b'["a", "bb", "ccc"]'), model, memory)


def test_error_of_the_model_is_no_mistake_of_the_client():
  model, job = Model(), job_of(b'["a"]')
  model.error = UserError("/folder: NaN")
  with pytest.raises(RuntimeError, match="/folder: NaN"):
    run(job, model)


def test_job_is_answered_once():
  job = job_of(b'["a"]')
  assert [job.answer(), job.answer()] == [True, False]
