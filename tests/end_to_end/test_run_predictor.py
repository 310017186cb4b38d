"""run_predictor.py as a user runs it: pipe, prompt, server."""
import json
import os
import pty
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

import pytest

import commands
import exported
import forked
import run_predictor
from benchmarks import load
from bert.serving import predictor

SCRIPT = os.path.abspath(run_predictor.__file__)


@pytest.fixture(scope="module")
def flags(tmp_path_factory):
  return exported.of_pairs(tmp_path_factory.mktemp("predictor"))


@pytest.fixture(scope="module")
def asked(flags):
  return predictor.Predictor(flags["output_dir"])


def start(flags, *arguments):
  return subprocess.Popen(
      forked.python() + [SCRIPT, "--export_dir=" + flags["output_dir"]] +
      list(arguments), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
      stderr=subprocess.PIPE, bufsize=0)


def pipe(flags, text, *arguments):
  process = start(flags, *arguments)
  out, _ = process.communicate(text)
  assert process.returncode == 0
  return out.decode("utf-8").split("\n")[:-1]


LINES = ["two votes", "the captain ||| said two", "", "before sunrise", "两张票"]


def test_lines_are_answered_in_order_with_errors_in_place(flags, asked):
  text = "\n".join(LINES[:3] + ["\udcff"] + LINES[3:])
  found = pipe(flags, text.encode("utf-8", "surrogateescape"))
  assert len(found) == 6
  assert found[2].startswith("ERROR\t") and found[3].startswith("ERROR\t")
  answers = asked.predict(["two votes", ("the captain", "said two"),
                           "before sunrise", "两张票"])
  for line, answer in zip(found[:2] + found[4:], answers):
    label, score = line.split("\t")
    assert label == answer.labels[0]
    assert float(score) == pytest.approx(answer.scores[0], abs=2e-6)


def test_pipe_ends_when_nobody_reads_it_though_its_input_goes_on(flags):
  process = start(flags)
  process.stdin.write(b"two votes\n")
  assert process.stdout.read(1)
  process.stdout.close()
  process.stdin.write(b"before sunrise\n")
  log = process.stderr.read().decode("utf-8")
  assert process.wait() == 128 + signal.SIGPIPE
  assert "Fatal" not in log and "Traceback" not in log
  process.stdin.close()


def test_json_lines_go_in_and_out_before_the_input_ends(flags, asked):
  rows = [{"text_a": "two votes"}, {"text_a": "the", "text_b": "said"}]
  process = start(flags, "--input_format=jsonl", "--output_format=jsonl")
  found = []
  for line in list(map(json.dumps, rows)) + ["none"]:
    process.stdin.write(line.encode() + b"\n")
    found.append(json.loads(process.stdout.readline().decode()))
    assert process.poll() is None
  out, _ = process.communicate()
  assert out == b"" and process.returncode == 0
  answers = asked.predict(["two votes", ("the", "said")])
  for row, answer in zip(found, answers):
    assert row["label"] == answer.labels[0]
    assert row["probabilities"] == pytest.approx(answer.probabilities,
                                                 abs=1e-5)
  assert list(found[2]) == ["error"]


def test_prompt_answers_until_ctrl_d(flags, asked):
  terminal, other = pty.openpty()
  process = subprocess.Popen(
      [sys.executable, SCRIPT, "--export_dir=" + flags["output_dir"]],
      stdin=other, stdout=other, stderr=subprocess.PIPE)
  os.close(other)

  def read_up_to(end):
    text = b""
    while not text.endswith(end):
      text += os.read(terminal, 1000)
    # Some terminals are told of pasted text.
    return re.sub(r"\x1b\[\?2004[hl]\r?", "", text.decode("utf-8"))

  read_up_to(b"> ")
  found = []
  for line in ("two votes", "the captain ||| said two"):
    os.write(terminal, line.encode("utf-8") + b"\n")
    found.append(read_up_to(b"> ").split("\r\n")[1])
  os.write(terminal, b"\x04")
  _, errors = process.communicate()
  os.close(terminal)
  assert process.returncode == 0, errors
  for line, answer in zip(found, asked.predict(
      ["two votes", ("the captain", "said two")])):
    label, score = line.split("\t")
    assert label == answer.labels[0]
    assert float(score) == pytest.approx(answer.scores[0], abs=2e-6)


class Server(load.Server):
  """Is asked as a client would."""

  def __init__(self, flags, *arguments):
    super().__init__(flags["output_dir"], *arguments, python=forked.python())
    self.url = "http://127.0.0.1:%d/" % self.port

  def ask(self, body, path="v1/models/bert:predict"):
    request = urllib.request.Request(
        self.url + path, json.dumps(body).encode() if body else None)
    try:
      with urllib.request.urlopen(request, timeout=30) as response:
        return response.status, json.loads(response.read().decode())
    except urllib.error.HTTPError as error:
      return error.code, json.loads(error.read().decode())


@pytest.fixture(scope="module")
def server(flags):
  pytest.importorskip("waitress", reason="requirements-serving.txt")
  made = Server(flags, "--max_body_kb=5")
  yield made
  made.process.kill()


def test_server_answers_many_at_once(server, asked):
  texts = ["two votes " * (1 + number % 5) for number in range(40)]
  expected = [answer.scores[0] for answer in asked.predict(texts)]
  found = {}

  def ask(number):
    for place in range(number, len(texts), 8):
      code, said = server.ask({"instances": [texts[place]]})
      assert code == 200
      found[place] = said["predictions"][0]["score"]

  threads = [threading.Thread(target=ask, args=(number,))
             for number in range(8)]
  for thread in threads:
    thread.start()
  for thread in threads:
    thread.join()
  assert [found[place] for place in range(40)] == pytest.approx(expected,
                                                                abs=1e-5)


def test_server_tells_mistakes(server):
  with urllib.request.urlopen(server.url) as response:
    assert b"<form" in response.read()
  assert server.ask({"instances": []})[0] == 400
  assert server.ask(None, "none")[0] == 404
  assert server.ask(None, "healthz") == (200, {
      "status": "ok", "model": "bert",
      "version": server.ask(None, "healthz")[1]["version"],
      "models": {"bert": server.ask(None, "healthz")[1]["version"]}})


@pytest.mark.parametrize("text, code", [
    (b"GET / HTTP/1.1\r\nContent-Length: many\r\n\r\n", 400),
    (b"POST /v1/models/bert:predict HTTP/1.1\r\nHost: x\r\n"
     b"Content-Length: 7000\r\n\r\n" + b" " * 7000, 413)])
def test_what_is_no_request_is_told_in_json(server, text, code):
  with socket.create_connection(("127.0.0.1", server.port),
                                timeout=30) as connection:
    connection.sendall(text)
    found = connection.makefile("rb").read()
  head, _, body = found.partition(b"\r\n\r\n")
  assert head.split()[1] == b"%d" % code
  assert "error" in json.loads(body.decode())


def test_sigterm_lets_accepted_requests_end(flags):
  pytest.importorskip("waitress", reason="requirements-serving.txt")
  made = Server(flags, "--batch_wait_ms=500")
  found = []
  thread = threading.Thread(target=lambda: found.append(
      made.ask({"instances": ["two votes"]})))
  thread.start()
  until = time.monotonic() + 60
  while b'bert_texts_waiting{model="bert"} 1' not in urllib.request.urlopen(
      made.url + "metrics").read() and time.monotonic() < until:
    pass
  made.process.send_signal(signal.SIGTERM)
  thread.join()
  assert found[0][0] == 200
  assert made.process.wait(30) == 0


@pytest.mark.parametrize("arguments, fragment", [
    (["--export_dir=none"], "--export_dir=none"),
    ([], "--export_dir or --config is required"), (["--http=x"], "--http=x"),
    (["--http=localhost:70000"], "--http=localhost:70000"),
    (["--batch_size=0"], "--batch_size=0"),
    (["--input_format=csv"], "--input_format=csv"),
    (["--max_queue=0"], "--max_queue=0"), (["--timeout=0"], "--timeout=0")])
def test_mistake_is_told_in_one_line(flags, arguments, fragment):
  given = [] if fragment.startswith("--export_dir") else [
      "--export_dir=" + flags["output_dir"]]
  result = commands.run(given + arguments, run_predictor)
  assert result.code == 2
  (line,) = result.log.strip().split("\n")
  assert fragment in line


def test_load_with_mistakes_loses_nothing(flags, asked):
  pytest.importorskip("waitress", reason="requirements-serving.txt")
  texts = ["two votes " * (1 + number % 5) for number in range(20)]
  expected = [asked.head.to_json(answer)
              for answer in asked.predict(texts)]
  made = load.Server(flags["output_dir"], python=forked.python())
  try:
    found = load.load(made, texts, lambda number, said: load.is_close(
        said, expected[number]), 80, 8)
  finally:
    code = made.stop()
  assert code == 0
  counts = found["counts"]
  assert counts.pop("right") == 72
  assert counts.pop("cut_off: 0") == 1
  assert set(counts) == {
      "not_json: 400", "no_instances: 400", "blank: 400", "long_text: 413",
      "large_body: 413", "not_http: 400", "no_path: 404"}
  assert sum(counts.values()) == 7
