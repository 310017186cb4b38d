"""A model that notes the ids it is given, and every way to give it a text."""
import io
import json
from unittest import mock

import numpy as np
import tensorflow.compat.v1 as tf
from tensorflow.core.protobuf import meta_graph_pb2

import golden
import served
from bert.data import features
from bert.data.tokenizers import vocabulary
from bert.data.examples import Choices, TextPair, Words
from bert.heads import registry
from bert.heads.encoder_layers import VectorHead
from bert.options.finetuning import HeadOptions
from bert.options.finetuning import SpanOptions
from bert.options.serving import PredictorOptions
from bert.serving import exports
from bert.serving import pipe
from bert.serving import predictor

LENGTH = 24
LABELS = {"regression": [], "span": [], "tagging": ["O", "B-X"]}


class NotingEngine:
  """Stands for an engine; rows has what it was run on."""

  def __init__(self, head):
    names = ("input_ids", "input_mask", "segment_ids")
    if head.signature == "words":
      names += ("word_starts",)
    self.rows = []
    self.signatures = {head.signature: meta_graph_pb2.SignatureDef()}
    self.runs = {head.signature: (names, self._run)}
    self._names = names
    self._num_sequences = getattr(head, "num_sequences", 1)

  def _run(self, *values):
    inputs = dict(zip(self._names, values))
    size, length = len(values[0]), values[0].shape[-1]
    self.rows += [row_of({name: each[index] for name, each in inputs.items()},
                         self._num_sequences) for index in range(size)]
    none = np.zeros([size, length], np.float32)
    return {"probabilities": np.full([size, 2], 0.5, np.float32),
            "scores": none if "word_starts" in inputs else none[:, 0],
            "chosen": np.zeros([size, length], np.int32),
            "num_words": (inputs.get("word_starts", none) > 0).sum(axis=-1),
            "start_logits": none, "end_logits": none,
            "vector": none[:, :2], "cosines": none[:, 0]}

  def close(self):
    pass


def row_of(columns, num_sequences):
  """A record's real tokens: a tuple of ids and one of segments a sequence."""
  ids, mask, segments = [
      np.reshape(columns[name], [num_sequences, -1])
      for name in ("input_ids", "input_mask", "segment_ids")]
  return tuple((tuple(ids[index, :count]), tuple(segments[index, :count]))
               for index, count in enumerate(mask.sum(axis=1)))


def head_of(kind):
  """The head of a kind; siamese is one of classification, vectors one of
  extract_features.py."""
  if kind == "vectors":
    return VectorHead([-1], "mean", [8, 9])
  settings = HeadOptions(
      **{"pair_encoding": kind} if kind == "siamese" else {})
  kind = "classification" if kind == "siamese" else kind
  return registry.create(kind, LABELS.get(kind, ["0", "1"]), settings,
                         SpanOptions(**{"max_query_length": 8} if (
                             kind == "span") else {}), None)


class Reader:
  """A model behind every door; each method returns the rows that a text, given
  that way, is to the model.

  Attributes:
    head, encoder, predictor: of the model.
    client: of its HTTP server.
  """

  def __init__(self, kind, tokenizer, text_facts=None):
    self.head = head_of(kind)
    if text_facts:
      self.head = self.head.with_text_facts(text_facts)
    self.encoder = features.TextEncoder(vocabulary.load_tokenizer(
        golden.path("vocab.txt"), True, tokenizer), LENGTH)
    self.engine = NotingEngine(self.head)
    task = {"task": kind, "num_windows": 1, "max_seq_length": LENGTH,
            "max_positions": 64, "vocab_size": 756, "num_segment_ids": 2,
            "vector_layer": "-1"}
    if kind == "vectors":
      task[exports.VECTORS] = "mean"
    loaded = exports.LoadedModel(self.engine, task, self.head, self.encoder,
                                 None)
    with mock.patch.object(exports, "load", lambda *unused: loaded), (
        mock.patch.object(exports, "find_all", lambda folder: iter([folder]))), (
            mock.patch.object(predictor.Predictor, "check_outputs")):
      self.predictor = predictor.Predictor("export/1")
      self.model = served.model_of("export/1")
    self.client = served.Client(self.model)

  def close(self):
    self.model.close()

  def command(self, example):
    """As a command reads an example, from a file."""
    if isinstance(self.head, VectorHead):
      return [row_of(self.encoder.encode_text(
          example.text_a, example.text_b).columns, 1)]
    return sorted(row_of(each, self.head.num_sequences) for each
                  in self.head.to_features(example, self.encoder)[0])

  def python(self, text):
    return self._noted(lambda: self.predictor.predict([text]))

  def line(self, line):
    """Through the pipe."""
    return self._noted(lambda: self._pipe(line, "text"))

  def prompted(self, line):
    """At the prompt."""
    def ask():
      with mock.patch("builtins.input", mock.Mock(side_effect=[line, EOFError])):
        pipe.prompt(self.predictor)
    return self._noted(ask)

  def lines(self, content):
    """Through the pipe, several of them, as bytes."""
    return self._noted(lambda: pipe.run(
        self.predictor, PredictorOptions(),
        io.BytesIO(content), io.StringIO()))

  def json_line(self, text):
    return self._noted(lambda: self._pipe(json.dumps(
        to_json(text, self.head)), "jsonl"))

  def http(self, text):
    return self._noted(lambda: self._ask({"instances": [
        to_json(text, self.head)]}))

  def encode(self, text, path="/v1/models/bert:encode", key="instances"):
    """To the paths of encoders."""
    return self._noted(lambda: self._ask({key: [text]}, path))

  def grpc(self, stub, text):
    """As ids, which the client makes."""
    from tensorflow_serving.apis import predict_pb2

    def ask():
      for row in self.predictor.encode(self.predictor.to_example(text)):
        request = predict_pb2.PredictRequest()
        request.model_spec.name = "bert"
        request.model_spec.signature_name = self.head.signature
        for name, values in row.items():
          request.inputs[name].CopyFrom(tf.make_tensor_proto(
              values[None] if len(values) > 1 else values, tf.int32))
        stub.Predict(request, 20)
    return self._noted(ask)

  def client_of_bert_serving(self, client, text):
    return self._noted(lambda: client.encode(
        [text], is_tokenized=isinstance(text, list)))

  def _pipe(self, line, input_format):
    target = io.StringIO()
    pipe.run(self.predictor, PredictorOptions(
        input_format=input_format, output_format="jsonl"),
             io.BytesIO(line.encode("utf-8") + b"\n"), target)
    # What can't be written to a file would end the pipe.
    assert "error" not in json.loads(target.getvalue().encode("utf-8"))

  def _ask(self, body, path="/v1/models/bert:predict"):
    code, found = self.client.ask(body, path)
    assert code == 200, found

  def _noted(self, ask):
    del self.engine.rows[:]
    ask()
    return sorted(self.engine.rows)


def to_json(text, head):
  """A text as requests have it; as the page has it, too."""
  if isinstance(text, Words):
    return {"words": list(text)}
  if isinstance(text, (TextPair, Choices)):
    return dict(zip(head.input_names, text))
  return {head.input_names[0]: text}

