"""What a model_fn builds on top of the encoder; the base of every head."""

import typing
from typing import Dict, Tuple

import tensorflow.compat.v1 as tf

from bert import modeling

Tensors = Dict[str, tf.Tensor]


class BatchEvaluation(typing.NamedTuple):
  """The evaluation of a batch.

  Attributes:
    loss: float32 scalar.
    streamed: name -> (values, weights), of equal shape, whose weighted mean
      over a whole dataset is reported.
    collected: name -> tensor [batch, ...] that is kept of the whole dataset.
  """
  loss: tf.Tensor
  streamed: Dict[str, Tuple[tf.Tensor, tf.Tensor]]
  collected: Tensors


class GraphHead:
  """The graph on top of the encoder, as the model_fn sees it.

  Attributes:
    first_token_only: whether the pooled output is all that is read of the
      encoder.
    reads_padding: whether outputs at padding count, so that padding can't be
      left out of what is computed.
  """
  first_token_only = False
  reads_padding = False

  # Names of what `prepare` adds that are means over the batch.
  batch_means = ()

  def prepare(self, features: Tensors) -> Tensors:
    """Adds to a whole batch what its micro-batches or replicas need of it."""
    return features

  def loss(self, model: modeling.BertModel, features: Tensors) -> tf.Tensor:
    """Returns what training minimizes, float32 scalar."""
    raise NotImplementedError()

  def forward(self, model: modeling.BertModel, features: Tensors) -> Tensors:
    """Returns the outputs, name -> tensor [batch, ...], without dropout."""
    raise NotImplementedError()

  def evaluation(self, outputs: Tensors, features: Tensors) -> BatchEvaluation:
    """Evaluates what `forward` returned."""
    raise NotImplementedError()

  def predictions(self, outputs: Tensors, features: Tensors) -> Tensors:
    """Returns the tensors that predictions are made of, from the outputs."""
    raise NotImplementedError()
