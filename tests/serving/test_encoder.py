"""Exported encoders: from Python, in a pipe's lines, and over HTTP."""
import base64
import io
import json
import os
import threading

import numpy as np
import pytest

import commands
import exported
import extract_features
import golden
import served
from bert.data.examples import Words
from bert.predictor import Encoder
from bert.server.http import application
from mistakes import message_of
from tiny_encoder import flags_of, run

TEXTS = ["the ferry left", "two votes", "渡轮 captain", "before sunrise " * 30,
         "who said"]


def vectors_of(folder, flags, texts):
  """What the command writes for texts."""
  path = commands.write(folder / "texts.txt", "".join(
      each + "\n" for each in texts))
  run(dict(flags, do_export=None, output_dir=None, input_file=path,
           output_file=str(folder / "vectors.npy")))
  return np.load(str(folder / "vectors.npy"))


def by_flags(kind):
  """The flags of the vectors that task.json calls so."""
  return {"pooling": kind.replace("_all", ""),
          "pool_special_tokens": kind.endswith("_all")}


@pytest.mark.parametrize("kind, layer", [
    ("mean", -2), ("mean_all", -1), ("max", 0), ("mean_max", -1), ("cls", -1)])
def test_vectors_are_those_of_the_command(kind, layer, tmp_path):
  flags = flags_of(tmp_path, layers=layer, **by_flags(kind))
  run(flags)
  encoder = Encoder(flags["output_dir"], batch_size=3)
  found = encoder.encode(TEXTS)
  assert found.dtype == np.float32
  np.testing.assert_allclose(found, vectors_of(tmp_path, flags, TEXTS),
                             atol=2e-5)
  assert encoder.predictor.width == found.shape[1]


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
  return Encoder(run(flags_of(tmp_path_factory.mktemp("encoder")))[
      "output_dir"], batch_size=4)


def test_pairs_and_word_pieces_have_vectors(encoder):
  pair, pieces, text = encoder.encode(
      [("the ferry", "left"), ["the", "ferry", "left"], "the ferry left"])
  assert np.abs(pair - text).max() > 1e-3
  tokens = encoder.predictor.loaded.encoder.tokenizer.tokenize("the ferry left")
  np.testing.assert_allclose(encoder.encode([tokens])[0], text, atol=1e-6)
  assert pieces.shape == text.shape


def test_threads_may_encode_at_once(encoder):
  expected = encoder.encode(TEXTS)
  found = [None] * 6

  def work(index):
    found[index] = encoder.encode(TEXTS)

  threads = [threading.Thread(target=work, args=(index,)) for index in range(6)]
  for each in threads:
    each.start()
  for each in threads:
    each.join()
  for each in found:
    np.testing.assert_allclose(each, expected, atol=1e-5)


def test_other_exports_are_no_encoders(tmp_path):
  flags = exported.of_singles(tmp_path)
  message = message_of(Encoder, flags["output_dir"])
  assert "cola" in message and "extract_features.py --do_export" in message


def test_blank_text_is_refused(encoder):
  assert "blank" in message_of(encoder.encode, ["a", " "])


@pytest.mark.parametrize("changes, fragment", [
    (dict(output_dir=None), "--output_dir is required with --do_export"),
    (dict(pooling=None), "--pooling is required"),
    (dict(input_file="a"), "--input_file=a: no such file"),
    (dict(output_file="a"), "--output_file=a does not go with --do_export"),
    (dict(do_export=None, output_dir=None), "--input_file is required"),
    (dict(do_export=None, output_dir=None, input_file="a"),
     "--output_file is required"),
    (dict(do_export=None, input_file="a", output_file="b"),
     "does not go without --do_export"),
    (dict(layers=9), "--layers=9"),
    (dict(pooling="tokens", do_export=None, output_dir=None,
          input_file="a", output_file="b"), "is for --do_export"),
    (dict(init_checkpoint="/no/such"), "/no/such")])
def test_flags_that_do_not_fit_are_refused(tmp_path, changes, fragment):
  result = commands.run(flags_of(tmp_path, **changes), extract_features)
  assert result.code == 2
  assert fragment in result.log
  assert not os.path.exists(str(tmp_path / "encoder"))


def test_lines_of_a_pipe_are_vectors(encoder):
  (output,) = encoder.predictor.predict(["two votes"])
  line = encoder.predictor.head.to_line(output)
  np.testing.assert_allclose([float(cell) for cell in line.split("\t")],
                             encoder.encode(["two votes"])[0], rtol=1e-6)


def client_of(folder):
  return served.Client(served.model_of(folder, max_queue=100),
                       limits=application.Limits(max_texts=8))


@pytest.fixture(scope="module")
def client(encoder):
  return client_of(encoder.predictor.folder)


def ask(client, path, body):
  code, found = client.ask(body, path)
  assert code == 200, found
  return found


MODEL = "/v1/models/bert"


def test_predict_has_a_vector_for_each_instance(client, encoder):
  found = ask(client, MODEL + ":predict", {"instances": TEXTS[:2] + [
      {"text_a": "a", "text_b": "b"}]})["predictions"]
  np.testing.assert_allclose([each["vector"] for each in found], encoder.encode(
      TEXTS[:2] + [("a", "b")]), atol=1e-5)


def test_encode_has_all_vectors_in_one_array(client, encoder):
  body = {"instances": TEXTS}
  expected = encoder.encode(TEXTS)
  np.testing.assert_allclose(ask(client, MODEL + ":encode", body)["vectors"],
                             expected, atol=1e-5)
  code, content, headers = client.call(
      "POST", MODEL + ":encode", body, HTTP_ACCEPT="application/octet-stream")
  assert (code, headers["Content-Type"]) == (200, "application/octet-stream")
  found = np.load(io.BytesIO(content))
  assert found.dtype == np.float32
  np.testing.assert_allclose(found, expected, atol=1e-5)


def test_form_of_bert_as_service_is_answered(client, encoder):
  found = ask(client, "/encode", {"id": 7, "texts": TEXTS[:2],
                                 "is_tokenized": False})
  assert (found["id"], found["status"]) == (7, 200)
  np.testing.assert_allclose(found["results"], encoder.encode(TEXTS[:2]),
                             atol=1e-5)
  found = ask(client, "/encode", {"id": 8, "texts": [["two", "votes"]],
                                 "is_tokenized": True})
  np.testing.assert_allclose(found["results"], encoder.encode(
      [Words(["two", "votes"])]), atol=1e-5)


def test_form_of_embeddings_is_answered(client, encoder):
  expected = encoder.encode(TEXTS[:2])
  found = ask(client, "/v1/embeddings", {"model": "any", "input": TEXTS[:2]})
  assert found["object"] == "list" and found["model"] == "bert"
  assert [each["index"] for each in found["data"]] == [0, 1]
  np.testing.assert_allclose([each["embedding"] for each in found["data"]],
                             expected, atol=1e-5)
  tokens = encoder.predictor.loaded.encoder.tokenizer.tokenize
  num_tokens = sum(2 + len(tokens(each)) for each in TEXTS[:2])
  assert found["usage"] == {"prompt_tokens": num_tokens,
                            "total_tokens": num_tokens}
  (packed,) = ask(client, "/v1/embeddings", {
      "input": TEXTS[0], "encoding_format": "base64"})["data"]
  np.testing.assert_allclose(np.frombuffer(base64.b64decode(
      packed["embedding"]), "<f4"), expected[0], atol=1e-5)


@pytest.mark.parametrize("path, body, code, fragment", [
    ("/encode", {}, 400, "texts"), ("/encode", {"texts": []}, 400, "texts"),
    ("/encode", {"texts": "a"}, 400, "texts"),
    ("/encode", {"texts": [3]}, 400, "must be text"),
    ("/encode", {"texts": [" "]}, 400, "blank"),
    ("/encode", {"texts": ["a"], "is_tokenized": 1}, 400, "true or false"),
    ("/encode", {"texts": ["a"], "is_tokenized": True}, 400, "lists of tokens"),
    ("/encode", {"texts": [[3]], "is_tokenized": True}, 400, "must be text"),
    ("/encode", {"texts": ["a"] * 9}, 413, "9 texts"),
    ("/v1/embeddings", {}, 400, "input"),
    ("/v1/embeddings", {"input": [[1, 2]]}, 400, "must be text"),
    ("/v1/embeddings", {"input": "a", "encoding_format": "x"}, 400, "base64"),
    ("/v1/embeddings", {"input": "a", "dimensions": 3}, 400, "must be 32"),
    ("/v1/embeddings", {"input": "a", "inputs": 3}, 400, "not known"),
    (MODEL + ":encode", {"instances": []}, 400, "not empty"),
    (MODEL + ":encode", {"instances": ["a"] * 9}, 413, "9 texts")])
def test_request_that_is_wrong_is_told_so(client, path, body, code, fragment):
  found_code, found = client.ask(body, path)
  assert found_code == code
  assert fragment in found["error"]


def test_paths_of_encoders_are_not_there_for_others(tmp_path):
  flags = exported.of_singles(tmp_path)
  other = client_of(flags["output_dir"])
  for path in ("/encode", "/v1/embeddings", MODEL + ":encode"):
    assert other.ask({"texts": ["a"]}, path)[0] == 404


def test_other_methods_are_refused(client):
  for path in ("/encode", "/v1/embeddings", MODEL + ":encode"):
    assert client.call("GET", path, {})[0] == 405


# Name of a strategy of bert-as-service 1.10 -> ours.
STRATEGIES = {
    "NONE": "tokens", "REDUCE_MEAN": "mean_all", "REDUCE_MAX": "max",
    "REDUCE_MEAN_MAX": "mean_max_all", "CLS_TOKEN": "cls", "FIRST_TOKEN": "cls",
    "LAST_TOKEN": "last", "SEP_TOKEN": "last"}
SERVED = golden.arrays("bert_serving.npz")


@pytest.mark.parametrize("name", sorted(
    set(SERVED) - {"texts", "tokens"}))
def test_vectors_are_those_of_bert_as_service(name, tmp_path):
  strategy = name.rstrip("-0123456789,")
  # That server's gelu is the erf form.
  config = commands.write(tmp_path / "config.json", json.dumps(dict(
      golden.document("bert_config.json"), hidden_act="gelu_exact")))
  flags = run(flags_of(tmp_path, layers=name[len(strategy):],
                       bert_config_file=config,
                       **by_flags(STRATEGIES[strategy])))
  encoder = Encoder(flags["output_dir"])
  np.testing.assert_allclose(encoder.encode(SERVED["texts"].tolist()),
                             SERVED[name], atol=1e-4)
  if name == "REDUCE_MEAN-2":
    tokens = [["the", "ferry", "left"], ["votes", "[UNK]", "captain"]]
    np.testing.assert_allclose(encoder.encode(tokens), SERVED["tokens"],
                               atol=1e-4)


def test_every_strategy_has_been_compared():
  assert {name.rstrip("-0123456789,") for name in SERVED} == set(
      STRATEGIES) | {"texts", "tokens"}
