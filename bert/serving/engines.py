"""Engines that run an export's signatures: TensorFlow and ONNX Runtime."""

import os
from typing import Callable, Dict, Tuple

import numpy as np
import tensorflow.compat.v1 as tf
from tensorflow.core.protobuf import saved_model_pb2

from bert.common import libraries
from bert.common.errors import UserError
from bert.common.registry import Registry
from bert.model import estimator
from bert.model import export
from bert.model import onnx_files

Arrays = Dict[str, np.ndarray]
# Names of the inputs, and a function of their values in this order.
Run = Tuple[Tuple[str, ...], Callable[..., Arrays]]


class TensorFlowEngine:
  """An export in a TensorFlow session.

  Attributes:
    signatures: name -> SignatureDef.
    runs: name -> Run.
  """

  def __init__(self, folder: str, precision: str):
    """Loads the export in a folder.

    Raises:
      UserError: it is incomplete, or the precision is not available.
    """
    estimator.check_precision(precision)
    with tf.Graph().as_default():
      self._session = tf.Session(config=estimator.session_config(precision))
      try:
        loaded = tf.saved_model.loader.load(self._session, export.TAGS, folder)
      except (tf.errors.OpError, OSError, ValueError) as error:
        raise UserError("%s: can't be loaded: %s" % (
            folder, str(error).split("\n")[0]))
    self.signatures = dict(loaded.signature_def)
    self.runs = {name: self._run_of(each)
                 for name, each in self.signatures.items()}

  def close(self) -> None:
    """Gives the memory back."""
    self.runs = {}
    self._session.close()

  def _run_of(self, signature):
    graph = self._session.graph
    names = tuple(sorted(signature.inputs))
    feeds = [graph.get_tensor_by_name(signature.inputs[name].name)
             for name in names]
    fetches = {name: graph.get_tensor_by_name(info.name)
               for name, info in signature.outputs.items()}
    return names, self._session.make_callable(fetches, feeds)


class OnnxEngine:
  """An export's ONNX files in ONNX Runtime; attributes as above."""

  def __init__(self, folder: str, precision: str):
    """Loads the files of a precision: float32 or int8.

    Raises:
      UserError: the export has none, or ONNX Runtime is not installed.
    """
    libraries.check_library("onnxruntime", "--engine=onnx",
                            "-r requirements-onnx.txt")
    self.signatures = _read_signatures(folder)
    self.runs = {name: _load(folder, name, precision)
                 for name in self.signatures}

  def close(self) -> None:
    """Gives the memory back."""
    self.runs = {}


def _read_signatures(folder):
  """Returns the SignatureDefs of an export, without loading it."""
  with tf.gfile.GFile(os.path.join(folder, "saved_model.pb"), "rb") as reader:
    model = saved_model_pb2.SavedModel.FromString(reader.read())
  return dict(model.meta_graphs[0].signature_def)


def _load(folder, signature, precision):
  """Returns the Run of a signature."""
  import onnxruntime
  path = onnx_files.path_of(folder, signature, precision)
  if not tf.gfile.Exists(path):
    raise UserError("--engine=onnx: no %s; export with run_classifier.py "
                    "--do_export --export_onnx" % path)
  with tf.gfile.GFile(path, "rb") as reader:
    content = reader.read()
  try:
    session = onnxruntime.InferenceSession(
        content, providers=["CPUExecutionProvider"])
  except Exception as error:  # ONNX Runtime's errors have no common class.
    raise UserError("%s: can't be loaded: %s" % (
        path, str(error).split("\n")[0]))
  names = tuple(sorted(each.name for each in session.get_inputs()))
  outputs = [each.name for each in session.get_outputs()]

  def run(*values):
    return dict(zip(outputs, session.run(outputs, dict(zip(names, values)))))

  return names, run


ENGINES = Registry("engine", tensorflow=TensorFlowEngine, onnx=OnnxEngine)
