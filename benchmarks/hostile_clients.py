"""Clients that harm a server, each in its own way, until they are ended.

Usage: python -m benchmarks.hostile_clients NAME --http=PORT --bert_serving=PORT,PORT

Prints what came back, {"answer": count}, when its standard input is closed. Part
of `python -m benchmarks.load scenarios`.
"""

import argparse
import collections
import http.client
import json
import os
import random
import shutil
import sys
import threading
import time
from typing import Sequence

import zmq

# Bytes a second that a slow reader takes, in parts of 64 KiB.
_READ_RATE = 4 << 20
_TIMEOUT = 120


class HostileClient:
  """Sends requests one after the other.

  Attributes:
    counts: answer -> number of requests.
  """
  # The model that it asks, and that polite clients ask meanwhile.
  model = "classifier"
  # Flags of the server for it.
  arguments = ()

  def __init__(self, args: argparse.Namespace):
    self.args = args
    self.counts = collections.Counter()
    self._connection = None

  def prepare(self) -> None:
    """Makes what it sends again and again."""

  def step(self) -> None:
    """Sends a request and counts what comes back."""
    raise NotImplementedError

  def post(self, body: bytes, method: str = "predict") -> None:
    """Sends a body to the model, on one connection."""
    if self._connection is None:
      self._connection = http.client.HTTPConnection(
          "127.0.0.1", self.args.http, timeout=_TIMEOUT)
    try:
      self._connection.request("POST", "/v1/models/%s:%s" % (
          self.model, method), body)
      response = self._connection.getresponse()
      self.read(response)
      self.counts[str(response.status)] += 1
    except (OSError, http.client.HTTPException) as error:
      self.counts[type(error).__name__] += 1
      self._connection.close()
      self._connection = None
      time.sleep(0.1)

  def read(self, response: http.client.HTTPResponse) -> None:
    """Reads an answer."""
    response.read()


class SlowWords(HostileClient):
  """Long texts of long words that match letter by letter."""

  def prepare(self) -> None:
    draw = random.Random(1)
    words = ["".join(draw.choice("qxzjkvw") for _ in range(199))
             for _ in range(90)]
    self._body = json.dumps(
        {"instances": [{"text_a": " ".join(words)}] * 50}).encode()

  def step(self) -> None:
    self.post(self._body)


class Ids(HostileClient):
  """As many rows of ids as a request may have, each as long as can be."""

  def prepare(self) -> None:
    row = [1] * self.args.length
    self._body = json.dumps({"inputs": {
        "input_ids": [row] * 256, "input_mask": [row] * 256,
        "segment_ids": [[0] * self.args.length] * 256}},
                            separators=(",", ":")).encode()

  def step(self) -> None:
    self.post(self._body)


class TokenVectors(HostileClient):
  """As many long texts as a request may have, with a vector for each token."""
  model = "tokens"

  def prepare(self) -> None:
    self._body = json.dumps({"instances": ["a b c d " * 150] * 256}).encode()

  def step(self) -> None:
    self.post(self._body, "encode")


class BlankTexts(HostileClient):
  """Requests with a blank text among others."""

  def prepare(self) -> None:
    self._body = json.dumps(
        {"instances": [{"text_a": "good"}, {"text_a": " "}]}).encode()

  def step(self) -> None:
    self.post(self._body)


class BigZeroMQ(HostileClient):
  """A frame of 200 MB, then 20,000 texts in a request, and again."""
  model = "encoder"
  arguments = ("--max_body_kb=2048",)
  # Bytes of the frame, and number of texts.
  num_bytes, num_texts = 200000000, 20000

  def prepare(self) -> None:
    self._texts = json.dumps(["a text of a client"] * self.num_texts).encode()

  def step(self) -> None:
    self._ask(b" " * self.num_bytes)
    self._ask(self._texts)

  def _ask(self, message):
    context = zmq.Context.instance()
    requests, responses = context.socket(zmq.PUSH), context.socket(zmq.SUB)
    for each, port in zip((requests, responses),
                          self.args.bert_serving.split(",")):
      each.setsockopt(zmq.LINGER, 0)
      each.connect("tcp://127.0.0.1:" + port)
    responses.setsockopt(zmq.SUBSCRIBE, b"hostile")
    time.sleep(0.5)
    requests.send_multipart([b"hostile", message, b"1",
                             b"%d" % self.num_texts])
    is_answered = responses.poll(20000)
    if is_answered:
      responses.recv_multipart()
    self.counts["%d bytes: %s" % (len(message), "answered" if is_answered else
                                  "no answer")] += 1
    requests.close()
    responses.close()


class LogGone(HostileClient):
  """The folder of the access log is removed again and again."""

  def step(self) -> None:
    shutil.rmtree(self.args.log_folder, ignore_errors=True)
    self.post(b'{"instances": [{"text_a": "good"}]}')
    time.sleep(1)
    os.makedirs(self.args.log_folder, exist_ok=True)
    time.sleep(1)


class SlowReader(HostileClient):
  """Reads large answers slowly; the server gets SIGTERM meanwhile."""
  model = "tokens"

  def prepare(self) -> None:
    self._body = json.dumps({"instances": ["a b c d " * 60] * 16}).encode()

  def step(self) -> None:
    self.post(self._body)

  def read(self, response: http.client.HTTPResponse) -> None:
    while response.read(65536):
      time.sleep(65536 / _READ_RATE)


SCENARIOS = {"slow_words": SlowWords, "ids": Ids, "token_vectors": TokenVectors,
             "blank_texts": BlankTexts, "big_zeromq": BigZeroMQ,
             "log_gone": LogGone, "sigterm": SlowReader}


def main(argv: Sequence[str]) -> None:
  """Runs a hostile client until standard input ends."""
  parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
  parser.add_argument("name", choices=sorted(SCENARIOS))
  parser.add_argument("--http", type=int, required=True)
  parser.add_argument("--bert_serving", required=True)
  parser.add_argument("--log_folder")
  parser.add_argument("--length", type=int, default=512)
  args = parser.parse_args(argv)
  client = SCENARIOS[args.name](args)
  client.prepare()
  ended = threading.Event()

  def work():
    while not ended.is_set():
      client.step()

  thread = threading.Thread(target=work, daemon=True)
  thread.start()
  sys.stdin.read()
  ended.set()
  # A request that is under way is counted if it is answered soon.
  thread.join(30)
  print(json.dumps(client.counts), flush=True)


if __name__ == "__main__":
  main(sys.argv[1:])
