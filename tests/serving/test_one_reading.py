"""A text is read in one way, whichever way it comes."""
import json
from unittest import mock

import pytest

import commands
import served
from bert.data.examples import Choices, TextPair, Words
from bert.serving import vectors
from processors import base
from processors import squad
from reading import Reader
from reading import head_of

TOKENIZERS = ("wordpiece", "char")
TEXTS = [
    "two votes", " two votes  ", "\u3000两张票\u3000", "two\u00a0votes\t",
    "\tthe", "a\0b\x07 c", "\x1ctwo votes\x85", "\ufeffthe ferry",
    "the ||| votes", "the|||votes ", "two votes |||", "||| two", "x" * 250,
    "two\u2028votes\r", "两张 票", "cut \ud83d off", "two\r\nvotes\n",
    "\U0001d11e the", "[SEP] the [MASK]"]
SECOND = ["said", " said ", "", " ", "\u3000", "b ||| c", "||| c", "x" * 250,
          "\ufeffsaid\0"]
KINDS = ["classification", "multi_label", "regression", "siamese",
         "multiple_choice", "span", "tagging", "vectors"]


def texts_of(kind):
  """What models of a kind are asked."""
  if kind == "tagging":
    return [Words([" the", "two votes", "\u3000", "x" * 250, "|||", "\0",
                   "a\ud83d", "\ufeff"]), Words(["两", "张", "票"])]
  if kind == "multiple_choice":
    return [Choices(text, [" two ", "votes ||| a"]) for text in TEXTS]
  pairs = [TextPair(text, "votes ") for text in TEXTS] + [
      TextPair(" two", text) for text in SECOND]
  if kind == "span":
    return [each for each in pairs if each.text_b.strip()]
  return pairs if kind == "siamese" else TEXTS + pairs


def examples_of(kind, texts, folder):
  """The texts as a task's command reads them, from a file."""
  if kind == "span":
    path = commands.write(folder / "squad.json", json.dumps({"data": [
        {"paragraphs": [{"context": text_b, "qas": [
            {"id": str(index), "question": text_a}]}]}
        for index, (text_a, text_b) in enumerate(texts)]}))
    return squad.read_questions(path, "--predict_file", False)
  if kind == "tagging":
    commands.write(folder / "test.conll", "".join(
        "".join(word.encode("utf-8", "replace").decode() + "\tO\n"
                for word in words) + "\n" for words in texts))
    return _table(folder, {"format": "conll", "labels": ["O", "B-X"]})
  # A file of JSON holds every text; an example without a second one has a
  # table of its own.
  found = []
  for text in texts:
    row = {"a": text if isinstance(text, str) else text[0]}
    table = {"format": "jsonl", "text_a": "a", "label": "label"}
    if kind == "multiple_choice":
      row["c"] = text.choices
      table.update(head=kind, choices=["c", "c"], labels=["0", "1"])
      row.update(c=text.choices[0], d=text.choices[1])
      table["choices"] = ["c", "d"]
    elif not isinstance(text, str):
      row["b"], table["text_b"] = text.text_b, "b"
    commands.write(folder / "test.jsonl", json.dumps(row) + "\n")
    found += _table(folder, dict({"labels": ["0", "1"]}, **table))
  return found


def _table(folder, table):
  commands.write(folder / "table.json", json.dumps(table))
  return base.create("table", str(folder)).get_test_examples(str(folder))


def line_of(text, is_encoder):
  """The line that a text is to a pipe; None if it can't be one."""
  parts = [text] if isinstance(text, str) else [text[0]] + (
      text.choices if isinstance(text, Choices) else [text[1]])
  line = " ||| ".join(parts)
  if isinstance(text, Words) or "\n" in line or "\ud83d" in line or (
      line.endswith("\r") or line.startswith("\ufeff")):
    return None
  if len(parts) > 1 and not parts[1].strip() and (parts[1] or is_encoder):
    return None
  return line if line.count("|||") == len(parts) - 1 else None


@pytest.fixture(scope="module", params=[
    (kind, tokenizer) for kind in KINDS for tokenizer in TOKENIZERS], ids=str)
def door(request, tmp_path_factory):
  """(the model, its texts, their ids by the command)."""
  kind, tokenizer = request.param
  made = Reader(kind, tokenizer)
  texts = texts_of(kind)
  examples = examples_of(kind, texts, tmp_path_factory.mktemp("data"))
  assert len(examples) == len(texts)
  yield made, list(zip(texts, map(made.command, examples)))
  made.close()


@pytest.mark.parametrize("way", ["python", "json_line", "http"])
def test_texts_are_what_the_command_reads(door, way):
  made, texts = door
  for text, expected in texts:
    assert getattr(made, way)(text) == expected, text


def test_lines_are_what_the_command_reads(door):
  """In the pipe, and at the prompt."""
  made, texts = door
  for text, expected in texts:
    line = line_of(text, made.predictor.task["task"] == "vectors")
    if line is not None:
      assert made.line(line) == expected, text
      if line.strip():
        assert made.prompted(line) == expected, text


def test_mark_of_byte_order_is_one_at_the_beginning_alone(encoder):
  assert encoder.lines(b"\xef\xbb\xbftwo\r\n\xef\xbb\xbfvotes\n") == sorted(
      encoder.python("two") + encoder.python("\ufeffvotes"))


def test_clients_of_grpc_find_the_same(door):
  import grpc
  from bert.server import grpc_server
  from bert.server import model_requests
  from bert.server import server_metrics
  from tensorflow_serving.apis import prediction_service_pb2_grpc
  made, texts = door
  server = grpc_server.GrpcServer(
      made.client.models, ("127.0.0.1", 0), model_requests.Limits(), 1,
      grpc_server.Recorder(server_metrics.ServerMetrics()))
  server.start()
  with grpc.insecure_channel("127.0.0.1:%d" % server.port) as channel:
    stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
    for text, expected in texts:
      assert made.grpc(stub, text) == expected, text
  server.close(0)


# Lines, and the two texts that they are to whatever encodes vectors of lines:
# the reference release's extract_features.py, bert-as-service.
LINES = {
    "two votes": ("two votes", None), " two votes ": (" two votes ", None),
    "two ||| votes": ("two", "votes"), " two ||| votes ": (" two", "votes "),
    "the ||| two ||| votes": ("the ||| two", "votes"),
    "two ||| ": ("two ||| ", None), "||| votes": ("||| votes", None),
    "two|||votes": ("two|||votes", None),
    "\u3000两张 ||| 票": ("\u3000两张", "票")}


@pytest.fixture(scope="module", params=TOKENIZERS)
def encoder(request):
  made = Reader("vectors", request.param)
  yield made
  made.close()


@pytest.fixture(params=sorted(LINES))
def line(request, encoder):
  """(a line, its ids as one of extract_features.py, those of its texts)."""
  texts = LINES[request.param]
  return request.param, encoder.python(
      TextPair(*texts) if texts[1] is not None else texts[0])


def test_separator_separates_in_lines(encoder, line, tmp_path):
  text, expected = line
  (example,) = vectors.read_examples(commands.write(
      tmp_path / "in.txt", text + "\r\n"))
  assert encoder.command(example) == expected
  assert encoder.line(text) == expected
  assert encoder.encode(text, "/encode", "texts") == expected


def test_separator_separates_for_clients_of_bert_serving(encoder):
  from bert_serving import client as client_lib
  from bert.server.zeromq import server as bert_clients
  from bert.server import server_metrics
  ports = bert_clients.Ports(*served.free_ports())
  made = bert_clients.BertClients(
      encoder.model, ports, server_metrics.ServerMetrics())
  made.start()
  with client_lib.BertClient("127.0.0.1", *ports, timeout=20000) as client:
    for text, (text_a, text_b) in LINES.items():
      assert encoder.client_of_bert_serving(client, text) == encoder.python(
          text_a if text_b is None else TextPair(text_a, text_b)), text
    # Tokens that the vocabulary has are themselves; what is in two lists is
    # read as a pair.
    assert encoder.client_of_bert_serving(
        client, ["two", "|||", "votes"]) == [row(encoder, [
            "[CLS]", "two", "[SEP]", "votes", "[SEP]"], [0, 0, 0, 1, 1])]
  made.close()


def row(encoder, tokens, segments):
  ids = encoder.encoder.tokenizer.convert_tokens_to_ids(tokens)
  return ((tuple(ids), tuple(segments)),)


@pytest.mark.parametrize("path, key", [
    ("/v1/models/bert:encode", "instances"), ("/v1/embeddings", "input")])
def test_separator_is_text_in_json(encoder, path, key):
  if key == "input":
    encoder.engine.signatures = {encoder.head.signature: _Signature}
  for text in LINES:
    assert encoder.encode(text, path, key) == encoder.python(text)


class _Signature:
  """Says that vectors have two numbers."""

  class _Shape:
    class tensor_shape:
      class _Dim:
        size = 2
      dim = [_Dim]
  outputs = {"vector": _Shape}


@pytest.mark.parametrize("tokenizer", TOKENIZERS)
@pytest.mark.parametrize("sentences, text, words", [
    ([list("他在北京。")], "两张 票", ["两", "张", "票"]),
    ([list("他在北京。")], " 他iOS\u3000", ["他", "i", "O", "S"]),
    ([["他", "用", "iOS", "在", "北", "京"]], "他用 iOS在", [
        "他", "用", "iOS", "在"]),
    ([["他", "在", "北京", "见到", "王小明"]], "他 在 北京", [
        "他", "在", "北京"]),
    ([["the", "captain", "said"]], "two\tvotes ", ["two", "votes"])])
def test_sentence_is_split_as_in_training(tokenizer, sentences, text, words,
                                          tmp_path):
  commands.write(tmp_path / "train.conll", "".join(
      "".join("%s\tO\n" % word for word in each) + "\n" for each in sentences))
  commands.write(tmp_path / "test.conll", "".join(
      "%s\tO\n" % word for word in words))
  processor_folder = str(tmp_path)
  commands.write(tmp_path / "table.json", json.dumps(
      {"format": "conll", "labels": ["O", "B-X"]}))
  processor = base.create("table", processor_folder)
  # As task.json keeps it.
  facts = json.loads(json.dumps(head_of("tagging").text_facts(
      processor.get_train_examples(processor_folder))))
  made = Reader("tagging", tokenizer, facts)
  (example,) = processor.get_test_examples(processor_folder)
  expected = made.command(example)
  for way in (made.python, made.json_line, made.http, made.line):
    assert way(text) == expected
  made.close()


def test_lines_with_half_a_pair_are_counted(tmp_path):
  path = commands.write(tmp_path / "in.txt",
                        "a ||| b\na ||| \n||| b\na|||\na ||| b |||\n")
  with mock.patch("tensorflow.compat.v1.logging.warning") as warning:
    vectors.read_examples(path)
  ((text, *values), _), = warning.call_args_list
  assert "in.txt: 2 lines begin or end with |||, the first at line 2" in (
      text % tuple(values))
