"""Heads of an encoder that is not trained: the vectors of its layers."""

from typing import Optional, Sequence

import tensorflow.compat.v1 as tf

from bert.data import layouts
from bert.data.examples import InputExample
from bert.data.examples import Words
from bert.heads import pooling
from bert.heads.base import DEFAULT_SIGNATURE
from bert.heads.encoding import Encoding
from bert.heads.graph_head import GraphHead
from bert.heads.outputs import HeadOutputs
from bert.heads.outputs import TextOutput


class LayersHead(GraphHead):
  """The vectors of some layers, one per token or one per text."""

  def __init__(self, layers: Sequence[int], vectors: Optional[str] = None,
               special_ids: Sequence[int] = (),
               layout: layouts.Layout = layouts.BERT):
    """Selects layers and their pooling.

    Args:
      layers: their numbers; -1 is the last.
      vectors: mean, max, mean_max, cls or last, over the tokens of these
        layers, which are joined; a mean whose name ends with _all counts the
        special tokens; tokens: a vector per token; None: the same, each layer
        by itself, with ids.
      special_ids: of the special tokens, which other means leave out.
      layout: of the encoder, whose pooled token cls reads.
    """
    self._layers = list(layers)
    self._vectors = vectors
    self.layout = layout
    self._special_ids = list(special_ids)

  def forward(self, model, features):
    all_layers = model.get_all_encoder_layers()
    chosen = {"layer_%d" % number: all_layers[number]
              for number in self._layers}
    if not self._vectors:
      return dict(chosen, input_ids=features["input_ids"],
                  input_mask=features["input_mask"])
    joined = tf.concat([chosen["layer_%d" % number]
                        for number in self._layers], axis=-1)
    return {"vector": self._pool(joined, features)}

  def predictions(self, outputs, features):
    """Returns what `forward` returned."""
    del features
    return outputs

  def _pool(self, layer, features):
    mask = features["input_mask"]
    kept = tf.cast(tf.expand_dims(mask, -1), tf.float32)
    if self._vectors == "tokens":
      return layer * kept
    if self._vectors == "last":
      is_last = kept - tf.concat([kept[:, 1:], tf.zeros_like(kept[:, :1])],
                                 axis=1)
      return tf.reduce_sum(layer * is_last, axis=1)
    if self._vectors in ("cls", "max"):
      return pooling.pool(layer, mask, self._vectors, self.layout)
    text = mask
    for number in () if self._vectors.endswith("_all") else self._special_ids:
      text *= tf.cast(tf.not_equal(features["input_ids"], number), tf.int32)
    mean = pooling.pool(layer, text, "mean")
    if self._vectors in ("mean", "mean_all"):
      return mean
    return tf.concat([mean, pooling.pool(layer, mask, "max")], axis=-1)


class VectorHead(Encoding, HeadOutputs, LayersHead):
  """The vector of a text, as an export has it."""
  labels = ["vector"]
  signature = DEFAULT_SIGNATURE
  takes_lines = True

  def serving_signatures(self, inputs, outputs):
    """Returns name -> (inputs, outputs) of an export's signatures."""
    return {DEFAULT_SIGNATURE: (inputs, outputs)}

  def without_padding(self, row, num_tokens):
    if self._vectors != "tokens":
      return row
    return {"vector": row["vector"][:num_tokens]}

  def to_example(self, text_input):
    """Returns the example of a text or a pair; Words are its word pieces."""
    pieces = [text_input] if isinstance(text_input, Words) else text_input
    if isinstance(pieces, (list, tuple)) and isinstance(pieces[0], Words):
      return InputExample("text", *map(list, pieces))
    return super().to_example(text_input)

  def text_output(self, row, example):
    # Its line is made by to_line alone: it takes longer than the vector.
    return TextOutput([], [], {}, None, "", vector=row["vector"])

  def to_json(self, output):
    return {"vector": output.vector.tolist()}

  def to_line(self, output):
    return "\t".join(map(str, output.vector.reshape(-1)))
