"""Loads servers of sentence vectors with the clients of bert-as-service: ours,
and bert-serving-server 1.10 itself.

  python -m benchmarks.load vectors --ours=output/encoder --theirs=minilm \\
    --their_command=venv/bin/bert-serving-start --input_file=texts.txt

--theirs is a folder with bert_config.json, vocab.txt and bert_model.ckpt. After
the rounds, ours gets --frames requests, of which every tenth is broken.
"""

import argparse
import collections
import contextlib
import json
import os
import re
import shlex
import signal
import socket
import statistics
import subprocess
import sys
import time
from concurrent import futures
from typing import Dict, Iterator, List, Sequence, Tuple

import numpy as np
import zmq
from bert_serving.client import BertClient

from bert.predictor import Encoder

_ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
# Requests that can't be answered.
BROKEN = ([b""], [b"x"], [b"x", b"y", b"1"], [b"", b'["a"]', b"1", b"1"],
          [b"x", b"\xff", b"1", b"1"], [b"x", b"[", b"1", b"1"],
          [b"x", b"[3]", b"1", b"1"], [b"x", b'["a"]', b"one", b"1"],
          [b"x", b"[" * 100000, b"1", b"1"], [b"x", b'[" "]', b"1", b"1"])
# Texts that a client sends at once, and short ones that are timed alone.
_SIZE, _NUM_SINGLE = 8, 200


def main(argv: Sequence[str]) -> None:
  """Prints a line of JSON for each server, in turns."""
  parser = argparse.ArgumentParser(description=__doc__)
  for name in ("ours", "theirs", "their_command", "input_file"):
    parser.add_argument("--" + name, required=True)
  for name, value in (("clients", 32), ("requests", 20), ("rounds", 3),
                      ("frames", 10000)):
    parser.add_argument("--" + name, type=int, default=value)
  args = parser.parse_args(argv)
  with open(args.input_file, encoding="utf-8") as stream:
    texts = [line.strip() for line in stream if line.strip()]
  for number in range(1, args.rounds + 1):
    for name in ("ours", "theirs"):
      with serving(name, args) as (ports, _):
        print(json.dumps(dict(measure(ports, texts, args), server=name,
                              round=number)), flush=True)
  with serving("ours", args) as (ports, process):
    print(json.dumps(send_frames(ports, process, texts, args)), flush=True)


@contextlib.contextmanager
def serving(name: str, args: argparse.Namespace) -> Iterator[Tuple]:
  """Runs a server while the block runs; gives its ports and its process."""
  ports = free_ports()
  if name == "ours":
    command = [sys.executable, os.path.join(_ROOT, "run_predictor.py"),
               "--export_dir=" + args.ours, "--bert_serving=%d,%d" % ports]
  else:
    command = shlex.split(args.their_command) + [
        "-model_dir", args.theirs, "-num_worker", "1", "-cpu",
        "-pooling_strategy", "REDUCE_MEAN", "-pooling_layer", "-1",
        "-max_seq_len", "NONE", "-port", str(ports[0]), "-port_out",
        str(ports[1])]
  # What the TensorFlow of this process has set is not for another one.
  environment = {name: value for name, value in os.environ.items()
                 if not name.startswith("TF")}
  process = subprocess.Popen(
      command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
      preexec_fn=os.setsid, env=environment)
  try:
    with connect(ports) as client:  # Waits until it is there.
      client.encode(["a text"])
    yield ports, process
  finally:
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def measure(ports: Tuple[int, int], texts: List[str],
            args: argparse.Namespace) -> Dict[str, float]:
  """Returns sentences a second of many clients, and seconds of one text."""
  with connect(ports) as client:
    singles = [timed(client, texts[index % len(texts)][:40])
               for index in range(_NUM_SINGLE)]
  began = time.monotonic()
  with futures.ThreadPoolExecutor(args.clients) as pool:
    counts = list(pool.map(lambda index: run_client(
        ports, texts, index, args.requests), range(args.clients)))
  return {"sentences_per_second": sum(counts) / (time.monotonic() - began),
          "p50_of_one_text": statistics.median(singles)}


def run_client(ports: Tuple[int, int], texts: List[str], index: int,
               num_requests: int) -> int:
  """Sends requests one after the other; returns how many texts they had."""
  count = 0
  with connect(ports) as client:
    for number in range(num_requests):
      start = (index * num_requests + number) * _SIZE % len(texts)
      batch = (texts + texts)[start:start + _SIZE]
      assert len(client.encode(batch)) == len(batch)
      count += len(batch)
  return count


def send_frames(ports: Tuple[int, int], process: subprocess.Popen,
                texts: List[str], args: argparse.Namespace) -> Dict:
  """Sends requests of one text from all clients, every tenth of them broken;
  returns how many responses came, and the server's MiB on the way."""
  memory = []
  shorts = [text[:40] for text in texts]
  expected = Encoder(args.ours).encode(shorts)

  def work(index):
    counts = collections.Counter()
    sender = zmq.Context.instance().socket(zmq.PUSH)
    sender.setsockopt(zmq.LINGER, 0)
    sender.connect("tcp://127.0.0.1:%d" % ports[0])
    with connect(ports) as client:
      for number in range(args.frames // args.clients):
        if number % 10 == 0:
          sender.send_multipart(BROKEN[number // 10 % len(BROKEN)])
          counts["broken"] += 1
        else:
          place = (number * 7 + index) % len(texts)
          (vector,) = client.encode([shorts[place]])
          is_right = np.abs(vector - expected[place]).max() < 1e-4
          counts["right" if is_right else "wrong"] += 1
        if index == 0 and number % max(
            1, args.frames // args.clients // 8) == 0:
          memory.append(round(memory_of(process)))
    sender.close()
    return counts

  with futures.ThreadPoolExecutor(args.clients) as pool:
    counts = sum(pool.map(work, range(args.clients)), collections.Counter())
  with connect(ports) as client:
    statistic = client.server_status["statistic"]
  return dict(counts, memory=memory + [round(memory_of(process))],
              refused=statistic["num_total_request"] -
              statistic["num_data_request"])


def memory_of(process: subprocess.Popen) -> float:
  """Returns the MiB that a process has in memory."""
  with open("/proc/%d/status" % process.pid) as stream:
    return int(re.search(r"VmRSS:\s+(\d+)", stream.read()).group(1)) / 1024


def timed(client: BertClient, text: str) -> float:
  """Returns the seconds that a text takes."""
  began = time.monotonic()
  client.encode([text])
  return time.monotonic() - began


def connect(ports: Tuple[int, int]) -> BertClient:
  """Returns a client, which waits for the server up to two minutes."""
  return BertClient("127.0.0.1", *ports, check_length=False, timeout=120000)


def free_ports() -> Tuple[int, int]:
  """Returns two ports that nobody listens at."""
  sockets = [socket.socket() for _ in range(2)]
  for each in sockets:
    each.bind(("127.0.0.1", 0))
  ports = tuple(each.getsockname()[1] for each in sockets)
  for each in sockets:
    each.close()
  return ports


if __name__ == "__main__":
  main(sys.argv[1:])
