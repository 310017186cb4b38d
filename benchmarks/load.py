"""Load test of a server: more requests than it can serve, a tenth malformed.

Usage: python -m benchmarks.load --export_dir=DIR --input_file=TEXTS
       python -m benchmarks.load vectors ... (see benchmarks.encoder_load)
       python -m benchmarks.load scenarios ... (see benchmarks.hostile_load)

TEXTS has a text a line, or `text_a ||| text_b`. Starts run_predictor.py --http,
and reports the latency of one text in a bare session, in the Predictor and over
HTTP, the throughput, whether every response was right, and the server's memory.
With --swaps, DIR is an output_dir, whose newest export is copied to a newer number
that many times meanwhile.
"""

import argparse
import collections
import contextlib
import http.client
import json
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import threading
import time
import urllib.request
from typing import Callable, Dict, Sequence, Tuple

import numpy as np

from bert.heads.base import DEFAULT_SIGNATURE
from bert.serving import exports
from bert.serving import formats
from bert.serving import predictor

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PATH = "/v1/models/bert:predict"
# Of so many requests, one is wrong, in the next of these ways.
WRONG_EVERY = 10
WRONG = ("not_json", "no_instances", "blank", "long_text", "large_body",
         "cut_off", "not_http", "no_path")
_MAX_BODY_KB = 256


class Server:
  """run_predictor.py --http in a process of its own."""

  def __init__(self, export_dir: str, *arguments: str,
               python: Sequence[str] = (sys.executable,)):
    self.process = subprocess.Popen(
        list(python) + [
         os.path.join(ROOT, "run_predictor.py"), "--export_dir=" + export_dir, "--http=0",
         "--max_body_kb=%d" % _MAX_BODY_KB] + list(arguments),
        stdout=subprocess.PIPE, cwd=ROOT)
    line = self.process.stdout.readline().decode()
    self.port = int(re.search(r":(\d+)/", line).group(1))

  def memory(self) -> float:
    """Returns the MiB that it has in memory."""
    with open("/proc/%d/status" % self.process.pid) as stream:
      return int(re.search(r"VmRSS:\s+(\d+)", stream.read()).group(1)) / 1024

  def stop(self) -> int:
    """Asks it to end; returns its exit code."""
    self.process.send_signal(signal.SIGTERM)
    return self.process.wait(60)


class Client:
  """A connection that is kept, and opened again where it was closed."""

  def __init__(self, port: int):
    self._port = port
    self._connection = None

  def post(self, body: bytes, path: str = PATH) -> Tuple[int, dict]:
    """Returns the status and the parsed answer."""
    for is_last in (False, True):
      if self._connection is None:
        self._connection = http.client.HTTPConnection(
            "127.0.0.1", self._port, timeout=60)
      try:
        self._connection.request("POST", path, body)
        response = self._connection.getresponse()
        return response.status, json.loads(response.read().decode())
      except (OSError, http.client.HTTPException):
        self._connection.close()
        self._connection = None
        if is_last:
          raise

  def get(self, path: str) -> int:
    """Returns the status of a GET request."""
    made = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
    with contextlib.closing(made):
      made.request("GET", path)
      return made.getresponse().status

  def send(self, content: bytes, is_answered: bool) -> Tuple[int, dict]:
    """Sends bytes as they are; returns (0, {}) if nothing is to come back."""
    with socket.create_connection(("127.0.0.1", self._port), 60) as made:
      made.sendall(content)
      if not is_answered:
        return 0, {}
      head, _, body = made.makefile("rb").read().partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body.decode())


def ask_wrong(client: Client, kind: str) -> Tuple[int, dict]:
  """Sends a request that can't be answered; returns what comes back."""
  half = ("POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: 400\r\n\r\n"
          '{"instances": [' % PATH).encode()
  ways = {
      "not_json": lambda: client.post(b'{"instances": ['),
      "no_instances": lambda: client.post(b'{"instances": 3}'),
      "blank": lambda: client.post(b'{"instances": ["", 7]}'),
      "long_text": lambda: client.post(to_body("x" * 30000)),
      "large_body": lambda: client.send(
          half.replace(b"400", b"%d" % (2 * _MAX_BODY_KB << 10)), True),
      "cut_off": lambda: client.send(half, False),
      "not_http": lambda: client.send(
          half.replace(b"Content-Length: 400", b"Content-Length: many"), True),
      "no_path": lambda: client.post(b"{}", "/none")}
  return ways[kind]()


def to_body(question) -> bytes:
  """Returns the request for a text or a pair."""
  if isinstance(question, str):
    question = {"text_a": question}
  elif isinstance(question, tuple):
    question = dict(zip(("text_a", "text_b"), question))
  return json.dumps({"instances": [question]}).encode()


def with_new_words(number: int) -> str:
  """Returns a text of words that no other number's text has."""
  return " ".join("n%dw%d" % (number, index) for index in range(12))


def load(server: Server, asked: Sequence, is_right: Callable,
         num_requests: int, num_clients: int) -> Dict[str, object]:
  """Sends requests from several threads, each when its last was answered.

  Args:
    server: what is asked.
    asked: questions, again from the first when they end; none: texts of words
      that are all new, whose answers are not compared.
    is_right: (number of the question, prediction) -> bool.
    num_requests, num_clients: how many.

  Returns:
    counts: outcome -> number of requests, wrong ones by their kind and status;
    seconds: of each that was answered with 200; memory: MiB on the way.
  """
  counts, seconds, memory = collections.Counter(), [], []
  numbers = iter(range(num_requests))
  lock = threading.Lock()

  def work():
    client = Client(server.port)
    while True:
      with lock:
        number = next(numbers, None)
        if number is not None and number % max(1, num_requests // 10) == 0:
          memory.append(server.memory())
      if number is None:
        return
      try:
        eval_prediction = one(client, number)
      except (OSError, ValueError, IndexError,
              http.client.HTTPException) as error:
        eval_prediction = "lost: %r" % error
      with lock:
        counts[eval_prediction] += 1

  def one(client, number):
    if number % WRONG_EVERY == 0:
      kind = WRONG[number // WRONG_EVERY % len(WRONG)]
      status, said = ask_wrong(client, kind)
      return "%s: %s" % (kind, status if "error" in said or not status else
                         "no error told")
    start = time.perf_counter()
    place = number % max(1, len(asked))
    status, said = client.post(to_body(
        asked[place] if asked else with_new_words(number)))
    if status != 200:
      return "status %d" % status
    seconds.append(time.perf_counter() - start)
    return "answered" if not asked else "right" if is_right(
        place, said["predictions"][0]) else "wrong answer"

  threads = [threading.Thread(target=work) for _ in range(num_clients)]
  for thread in threads:
    thread.start()
  for thread in threads:
    thread.join()
  return {"counts": dict(counts), "seconds": seconds, "memory": memory}


def median_ms(function: Callable[[], object], count: int = 200) -> float:
  """Returns the milliseconds that a call takes, after some to warm up."""
  seconds = []
  for number in range(count + 20):
    start = time.perf_counter()
    function()
    if number >= 20:
      seconds.append(time.perf_counter() - start)
  return 1000 * statistics.median(seconds)


def alone(made: predictor.Predictor, question) -> Tuple[float, float]:
  """Returns the milliseconds of a text in the bare session, and in predict."""
  # pylint: disable=protected-access
  (columns,) = made.encode(made.to_example(question))
  length = int(columns["input_mask"].sum())
  inputs = {name: values[:, :length] for name, values in columns.items()}
  names, run = made.loaded.engine.runs[DEFAULT_SIGNATURE]
  values = [inputs[name] for name in names]
  return (median_ms(lambda: run(*values)),
          median_ms(lambda: made.predict([question])))


def main(argv: Sequence[str]) -> None:
  """Measures; prints a line a number."""
  parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
  parser.add_argument("--export_dir", required=True)
  parser.add_argument("--input_file", required=True)
  parser.add_argument("--requests", type=int, default=10000)
  parser.add_argument("--clients", type=int, default=32)
  parser.add_argument("--swaps", type=int, default=0)
  parser.add_argument("--new_words", action="store_true",
                      help="all words of each request are new")
  args = parser.parse_args(argv)
  with open(args.input_file, encoding="utf-8") as stream:
    asked = [formats.of_line(line) for line in stream if line.strip()]
  made = predictor.Predictor(args.export_dir)
  shortest = min(asked, key=lambda each: len("".join(each)))
  bare, whole = alone(made, shortest)
  print("one short text: session %.2f ms, Predictor %.2f ms, ratio %.2f" % (
      bare, whole, whole / bare))
  start = time.perf_counter()
  answers = made.predict(asked)
  rate = len(asked) / (time.perf_counter() - start)
  print("Predictor: %.1f texts/s" % rate)
  shown = [made.head.to_json(answer) for answer in answers]
  server = Server(args.export_dir, "--poll_seconds=1")
  try:
    client = Client(server.port)
    print("one short text over HTTP: %.2f ms" % median_ms(
        lambda: client.post(to_body(shortest))))
    start = time.perf_counter()
    swapper = Swapper(args.export_dir, args.swaps)
    found = load(
        server, [] if args.new_words else asked,
        lambda number, said: is_close(said, shown[number]), args.requests,
        args.clients)
    tell(found, time.perf_counter() - start, rate)
    swapper.finish(server.port)
  finally:
    print("exit code of the server: %d" % server.stop())


class Swapper:
  """Copies the newest export to newer numbers while a load runs; those before
  the last two copies go."""

  def __init__(self, export_dir: str, count: int):
    self._made = []
    self._source = exports.find(export_dir)
    self._ended = threading.Event()
    self._thread = threading.Thread(target=self._work, args=(count,))
    self._thread.start()

  def finish(self, port: int) -> None:
    """Waits; prints which version the server ended with; removes the copies."""
    self._ended.set()
    self._thread.join()
    if self._made:
      with urllib.request.urlopen(
          "http://127.0.0.1:%d/v1/models/bert" % port) as response:
        (state,) = json.load(response)["model_version_status"]
      print("versions that appeared: %d; the last one answers: %s" % (
          len(self._made), state["version"] == os.path.basename(
              self._made[-1])))
    for folder in self._made:
      shutil.rmtree(folder, ignore_errors=True)

  def _work(self, count):
    parent, number = os.path.split(self._source)
    for step in range(1, count + 1):
      if self._ended.wait(4):
        return
      folder = os.path.join(parent, str(int(number) + step))
      shutil.copytree(self._source, folder + ".copy")
      os.rename(folder + ".copy", folder)
      self._made.append(folder)
      for old in self._made[:-2]:
        shutil.rmtree(old, ignore_errors=True)


def is_close(one: dict, other: dict) -> bool:
  """Whether two answers are the same to 1e-5, vectors to 1e-4."""
  if "vector" in one:
    return np.allclose(one["vector"], other["vector"], rtol=0, atol=1e-4)
  numbers = lambda answer: [answer["score"]] + [
      each for _, each in sorted(answer.get("probabilities", {}).items())]
  return one.get("label") == other.get("label") and all(
      abs(a - b) < 1e-5 for a, b in zip(numbers(one), numbers(other)))


def tell(found: dict, seconds: float, rate: float) -> None:
  """Prints what a load led to."""
  good = sorted(1000 * each for each in found["seconds"])
  print("HTTP: %.1f texts/s, %.0f %% of the Predictor's; p50 %.0f ms, p99 "
        "%.0f ms" % (len(good) / seconds, 100 * len(good) / seconds / rate,
                     statistics.median(good), good[int(0.99 * len(good))]))
  print("memory, MiB: %s" % " ".join("%.0f" % each
                                     for each in found["memory"]))
  for eval_prediction, count in sorted(found["counts"].items()):
    print("%6d %s" % (count, eval_prediction))


if __name__ == "__main__":
  if sys.argv[1:2] == ["vectors"]:
    from benchmarks import encoder_load
    encoder_load.main(sys.argv[2:])
  elif sys.argv[1:2] == ["scenarios"]:
    from benchmarks import hostile_load
    hostile_load.main(sys.argv[2:])
  else:
    main(sys.argv[1:])
