"""One hostile client beside polite ones: what do the polite ones notice?

  python -m benchmarks.load scenarios --config=models.json --input_file=TEXTS

models.json is a --config of run_predictor.py with three models: `classifier`,
`encoder` with a vector for a text, and `tokens` with a vector for each token. TEXTS
has a text a line. The server has the first core, this program the last one.

For each scenario a server is started. Polite clients send a text at a time, each
when its last one was answered: first beside a connection that does nothing, then
beside a hostile client (benchmarks.hostile_clients). Printed are their 95th
percentiles, whether all answers were right, and the server's memory. Exits with 1 if
a scenario misses what is asked of it.
"""

import argparse
import collections
import contextlib
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from typing import Dict, Iterator, List, Sequence

import numpy as np

from benchmarks import encoder_load
from benchmarks import hostile_clients
from benchmarks import load
from bert.serving import formats
from bert.serving import predictor
from bert.server import settings

# What is asked: of the percentiles' ratio, and MiB above the memory after the
# first polite requests.
_MAX_RATIO, _MAX_GROWTH = 3.0, 400


class Server:
  """run_predictor.py on a core of its own."""

  def __init__(self, config: str, log_folder: str, arguments: Sequence[str]):
    self.ports = encoder_load.free_ports()
    self.log_folder = log_folder
    self.process = subprocess.Popen(
        [sys.executable, os.path.join(load.ROOT, "run_predictor.py"),
         "--config=" + config, "--http=0", "--warmup",
         "--bert_serving=%d,%d" % self.ports,
         "--access_log=" + os.path.join(log_folder, "log")] + list(arguments),
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=load.ROOT,
        preexec_fn=lambda: os.sched_setaffinity(0, {min(_CORES)}))
    self.port = 0
    while not self.port:
      found = re.search(r"http://\S+:(\d+)/",
                        self.process.stdout.readline().decode())
      self.port = int(found.group(1)) if found else 0
    # Waits until the models are warm.
    while load.Client(self.port).get("/readyz") != 200:
      time.sleep(0.5)

  def stop(self) -> int:
    """Ends it; returns its exit code."""
    if self.process.poll() is None:
      self.process.send_signal(signal.SIGTERM)
    return self.process.wait(120)


_CORES = os.sched_getaffinity(0)


class Polite:
  """Clients that send a text at a time.

  Attributes:
    counts: outcome -> number of requests.
    seconds: of each right answer.
    began: thread -> when its request under way was sent.
  """

  def __init__(self, port: int, model: str, asked: List, answers: List,
               num_clients: int):
    self._port = port
    self._path = "/v1/models/%s:predict" % model
    self._bodies = [load.to_body(each) for each in asked]
    self._answers = answers
    self._num_clients = num_clients
    self.counts = collections.Counter()
    self.seconds = []
    self._ended = threading.Event()
    self._until = float("inf")

  @contextlib.contextmanager
  def running(self) -> Iterator[None]:
    """Sends requests while the block runs; then waits for all answers."""
    threads = [threading.Thread(target=self._work, args=(index,))
               for index in range(self._num_clients)]
    for each in threads:
      each.start()
    try:
      yield
    finally:
      self._ended.set()
      for each in threads:
        each.join()

  def expect_end(self) -> None:
    """Requests that are sent from now on may be refused."""
    self._until = time.monotonic()
    self._ended.set()

  def p95(self) -> float:
    """Returns the 95th percentile of the right answers' milliseconds."""
    return 1000 * float(np.percentile(self.seconds or [np.inf], 95))

  def _work(self, index):
    client = load.Client(self._port)
    number = index
    while not self._ended.is_set():
      number += self._num_clients
      self._ask(client, number % len(self._bodies))

  def _ask(self, client, number):
    began = time.monotonic()
    try:
      status, said = client.post(self._bodies[number], self._path)
      if status != 200:
        outcome = "lost: status %d" % status
      elif load.is_close(said["predictions"][0], self._answers[number]):
        outcome = "right"
        self.seconds.append(time.monotonic() - began)
      else:
        outcome = "wrong"
    except (OSError, ValueError, http.client.HTTPException) as error:
      outcome = "lost: %s" % type(error).__name__
    if began > self._until and outcome != "wrong":
      outcome = "refused at the end"
    self.counts[outcome] += 1


class Memory:
  """The largest memory of a process while the block runs, in MiB."""

  def __init__(self, process: subprocess.Popen):
    self._process = process
    self.first = self.peak = encoder_load.memory_of(process)
    self._ended = threading.Event()
    self._thread = threading.Thread(target=self._watch)

  def __enter__(self):
    self._thread.start()
    return self

  def __exit__(self, *_):
    self._ended.set()
    self._thread.join()

  def _watch(self):
    while not self._ended.wait(0.05):
      with contextlib.suppress(OSError, AttributeError):
        self.peak = max(self.peak, encoder_load.memory_of(self._process))


def run(name: str, args: argparse.Namespace, asked: List,
        answers: Dict[str, List]) -> Dict:
  """Returns the figures of a scenario."""
  hostile = hostile_clients.SCENARIOS[name]
  with tempfile.TemporaryDirectory() as folder:
    log_folder = os.path.join(folder, "log")
    os.mkdir(log_folder)
    server = Server(args.config, log_folder, hostile.arguments)
    try:
      polite = lambda: Polite(server.port, hostile.model, asked,
                              answers[hostile.model], args.clients)
      with polite().running():
        time.sleep(args.seconds / 4)
      alone, beside = polite(), polite()
      with Memory(server.process) as memory:
        with socket.create_connection(("127.0.0.1", server.port)):
          with alone.running():
            time.sleep(args.seconds)
        with harming(name, server) as counts, beside.running():
          time.sleep(args.seconds)
          if name == "sigterm":
            beside.expect_end()
            server.process.send_signal(signal.SIGTERM)
    finally:
      code = server.stop()
  ratio = beside.p95() / alone.p95()
  lost = sum(count for outcome, count in (alone.counts + beside.counts).items()
             if outcome.startswith(("lost", "wrong")))
  return {
      "scenario": name, "p95_idle_ms": round(alone.p95(), 1),
      "p95_hostile_ms": round(beside.p95(), 1), "ratio": round(ratio, 2),
      "polite": dict(beside.counts), "hostile": counts,
      "memory_mib": [round(memory.first), round(memory.peak)],
      "exit_code": code,
      "holds": (ratio <= _MAX_RATIO and not lost and not code and
                memory.peak - memory.first <= _MAX_GROWTH)}


@contextlib.contextmanager
def harming(name: str, server: Server) -> Iterator[Dict]:
  """Runs a hostile client while the block runs; then the dict has its
  counts."""
  process = subprocess.Popen(
      [sys.executable, "-m", "benchmarks.hostile_clients", name,
       "--http=%d" % server.port, "--bert_serving=%d,%d" % server.ports,
       "--log_folder=" + server.log_folder],
      stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=load.ROOT)
  counts = {}
  try:
    yield counts
  finally:
    output, _ = process.communicate()
    counts.update(json.loads(output.decode()))


def main(argv: Sequence[str]) -> None:
  """Runs the scenarios; prints a line of JSON for each."""
  parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
  parser.add_argument("--config", required=True)
  parser.add_argument("--input_file", required=True)
  parser.add_argument("--scenarios", default=",".join(
      hostile_clients.SCENARIOS))
  parser.add_argument("--clients", type=int, default=16)
  parser.add_argument("--seconds", type=float, default=20)
  args = parser.parse_args(argv)
  os.sched_setaffinity(0, {max(_CORES)})
  with open(args.input_file, encoding="utf-8") as stream:
    asked = [formats.of_line(line) for line in stream if line.strip()]
  answers = {}
  for spec in settings.read_models(args.config, settings.ModelSpec("", "")):
    made = predictor.Predictor(spec.export_dir)
    answers[spec.name] = [made.head.to_json(each)
                          for each in made.predict(asked)]
  found = []
  for name in args.scenarios.split(","):
    found.append(run(name, args, asked, answers))
    print(json.dumps(found[-1]), flush=True)
  sys.exit(not all(each["holds"] for each in found))


if __name__ == "__main__":
  main(sys.argv[1:])
