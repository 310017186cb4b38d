"""extract_features.py as a user runs it, against the model by itself."""
import json
import os

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import commands
import extract_features
import golden
from bert import modeling
from bert import tokenization
from bert.model import dataset_outputs

pytestmark = pytest.mark.usefixtures("plain_graphs")

LINES = ["the captain said", "two votes ||| before sunrise", "",
         "the dough ferry left before sunrise " * 4, "two"]


def make_flags(folder, **changes):
  return dict({
      "input_file": commands.write(folder / "in.txt", "\n".join(LINES) + "\n"),
      "output_file": str(folder / "out"), "layers": "-1,-2",
      "bert_config_file": golden.path("bert_config.json"),
      "init_checkpoint": golden.checkpoint(),
      "vocab_file": golden.path("vocab.txt"), "max_seq_length": 16,
      "batch_size": 2}, **changes)


def finish(flags):
  result = commands.run(flags, extract_features)
  assert result.code == 0, result.log
  return result.log


def expected():
  """Tokens and all layers of each line, each by itself."""
  tokenizer = tokenization.FullTokenizer(golden.path("vocab.txt"))
  config = modeling.BertConfig.from_json_file(golden.path("bert_config.json"))
  found = []
  for line in LINES:
    texts = [tokenizer.tokenize(text) for text in line.split(" ||| ")]
    if len(texts) == 1:
      tokens = ["[CLS]"] + texts[0][:14] + ["[SEP]"]
      segments = [0] * len(tokens)
    else:
      tokens = ["[CLS]"] + texts[0] + ["[SEP]"] + texts[1] + ["[SEP]"]
      segments = [0] * (len(texts[0]) + 2) + [1] * (len(texts[1]) + 1)
    with tf.Graph().as_default(), tf.Session() as session:
      model = modeling.BertModel(
          config, False, tf.constant([tokenizer.convert_tokens_to_ids(tokens)]),
          None, tf.constant([segments]), scope="bert")
      layers = model.get_all_encoder_layers()
      tf.train.Saver(tf.trainable_variables()).restore(session,
                                                       golden.checkpoint())
      found.append((tokens, [layer[0] for layer in session.run(layers)]))
  return found


def test_lines_are_the_references(tmp_path):
  flags = make_flags(tmp_path)
  finish(flags)
  lines = commands.lines(flags["output_file"])
  assert len(lines) == len(LINES)
  for index, (line, (tokens, layers)) in enumerate(zip(lines, expected())):
    row = json.loads(line)
    assert list(row) == ["linex_index", "features"]
    assert row["linex_index"] == index
    assert [each["token"] for each in row["features"]] == tokens
    for place, each in enumerate(row["features"]):
      assert [layer["index"] for layer in each["layers"]] == [-1, -2]
      for layer in each["layers"]:
        np.testing.assert_allclose(
            layer["values"], layers[layer["index"]][place], atol=2e-5)
        assert all(round(value, 6) == value for value in layer["values"])


@pytest.mark.parametrize("kind", [
    "mean_all", "mean_max", "cls"])
def test_texts_have_one_vector_each(tmp_path, kind):
  flags = make_flags(tmp_path, layers=None, pooling=kind.replace("_all", ""),
                     pool_special_tokens=kind.endswith("_all"))
  finish(flags)
  found = np.load(flags["output_file"])
  rows = []
  for tokens, layers in expected():
    layer = layers[-2]
    text = [row for row, token in zip(layer, tokens)
            if token not in ("[CLS]", "[SEP]")]
    mean = np.mean(text, axis=0) if text else np.zeros(layer.shape[1])
    rows.append({"mean": mean, "max": layer.max(axis=0), "cls": layer[0],
                 "mean_all": layer.mean(axis=0),
                 "mean_max": np.concatenate([mean, layer.max(axis=0)])}[kind])
  assert found.dtype == np.float32 and found.shape == np.array(rows).shape
  np.testing.assert_allclose(found, rows, atol=2e-5)


def test_another_layer_can_be_taken(tmp_path):
  flags = make_flags(tmp_path, pooling="cls", layers=0)
  finish(flags)
  np.testing.assert_allclose(
      np.load(flags["output_file"]),
      [layers[0][0] for _, layers in expected()], atol=2e-5)


def test_rows_come_in_order_as_soon_as_they_can():
  batches = iter([{"x": np.array([2, 0]), "position": np.array([2, 0])},
                  {"x": np.array([1, 9]), "position": np.array([1, 9])}])
  rows = dataset_outputs.in_input_order(batches, 3)
  assert next(rows)["x"] == 0
  assert [row["x"] for row in rows] == [1, 2]


@pytest.mark.parametrize("changes, fragments", [
    (dict(input_file="none"), ["--input_file=none"]),
    (dict(layers="-9"), ["--layers=-9", "3 layers"]),
    (dict(layers="last"), ["--layers=last"]),
    (dict(pooling="sum"), ["--pooling=sum"]),
    (dict(pooling="mean", layers=3), ["--layers=3"]),
    (dict(init_checkpoint="none"), ["--init_checkpoint=none"]),
    (dict(bert_config_file="none"), ["--bert_config_file=none"]),
    (dict(vocab_file="none"), ["--vocab_file=none"]),
    (dict(max_seq_length=4096), ["--max_seq_length=4096"]),
    (dict(batch_size=0), ["--batch_size=0"])])
def test_mistake_is_told_in_one_line(tmp_path, changes, fragments):
  flags = make_flags(tmp_path, **changes)
  result = commands.run(flags, extract_features)
  assert result.code == 2
  (line,) = [line for line in result.log.split("\n") if "error: " in line]
  for fragment in fragments:
    assert fragment in line
  assert not os.path.exists(flags["output_file"])
