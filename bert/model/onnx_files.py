"""Writes signatures of an export as ONNX files, in float32 and in int8.

Int8: matrix products multiply 8-bit integers; activations are quantized when
the model runs.
"""

import contextlib
import logging
import os
import tempfile

import tensorflow.compat.v1 as tf

from bert.common import files
from bert.common import libraries
from bert.heads.graph_head import Tensors

FOLDER = "onnx"
PRECISIONS = ("float32", "int8")
# The highest opset of ONNX Runtime for Python 3.7.
_OPSET = 13


def path_of(export_dir: str, signature: str, precision: str) -> str:
  """Returns the path of a signature, relative to an export's folder."""
  return os.path.join(export_dir, FOLDER, "%s.%s.onnx" % (signature, precision))


def check_libraries() -> None:
  """Raises UserError if the libraries that write the files are not
  installed."""
  for library in ("tf2onnx", "onnx", "onnxruntime"):
    libraries.check_library(library, "--export_onnx",
                            "-r requirements-onnx.txt")


def write(export_dir: str, signature: str, session: tf.Session,
          inputs: Tensors, outputs: Tensors) -> None:
  """Writes the files of a signature.

  Args:
    export_dir: path.
    signature: its name.
    session: with the graph and its weights.
    inputs, outputs: name -> tensor; the files' inputs and outputs have these
      names.
  """
  model = _convert(session, inputs, outputs)
  tf.gfile.MakeDirs(os.path.join(export_dir, FOLDER))
  with tempfile.TemporaryDirectory() as folder:
    paths = [os.path.join(folder, name) for name in PRECISIONS]
    with open(paths[0], "wb") as stream:
      stream.write(model.SerializeToString())
    _quantize(*paths)
    for path, precision in zip(paths, PRECISIONS):
      target = path_of(export_dir, signature, precision)
      with files.replacing(target) as partial:
        tf.gfile.Copy(path, partial, overwrite=True)


def _convert(session, inputs, outputs):
  """Returns the onnx.ModelProto."""
  from tf2onnx import convert
  with session.graph.as_default():
    # The converter would merge a tensor with two names.
    named = {name: tf.identity(tensor, "onnx_" + name)
             for name, tensor in outputs.items()}
  graph = tf.graph_util.convert_variables_to_constants(
      session, session.graph.as_graph_def(),
      [tensor.op.name for tensor in named.values()])
  tensors = dict(inputs, **named)
  with _silent("tf2onnx"):
    model, _ = convert.from_graph_def(
        graph, input_names=[tensor.name for tensor in inputs.values()],
        output_names=[tensor.name for tensor in named.values()], opset=_OPSET)
  _rename(model.graph, {tensor.name: name for name, tensor in tensors.items()})
  return model


def _rename(graph, names):
  """Renames values of a graph."""
  for value in list(graph.input) + list(graph.output):
    value.name = names.get(value.name, value.name)
  for node in graph.node:
    for values in (node.input, node.output):
      values[:] = [names.get(name, name) for name in values]


def _quantize(source, target):
  from onnxruntime import quantization
  with _silent(None):  # Its advice does not apply here.
    quantization.quantize_dynamic(
        source, target, op_types_to_quantize=["MatMul", "Gather"],
        weight_type=quantization.QuantType.QInt8)


@contextlib.contextmanager
def _silent(name):
  """Silences a logger except for errors; None is the root."""
  logger = logging.getLogger(name)
  level = logger.level
  logger.setLevel(logging.ERROR)
  try:
    yield
  finally:
    logger.setLevel(level)
