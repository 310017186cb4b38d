"""Serves clients of TensorFlow Serving over gRPC: Predict, GetModelMetadata and
GetModelStatus.

Source: https://github.com/tensorflow/serving/tree/master/tensorflow_serving/apis.
"""

import contextlib
import functools
import operator
import threading
import time
import typing
from concurrent import futures
from typing import Callable, Optional, Tuple

import grpc
import tensorflow.compat.v1 as tf
from tensorflow.core.framework import types_pb2
from tensorflow_serving.apis import get_model_metadata_pb2
from tensorflow_serving.apis import get_model_status_pb2
from tensorflow_serving.apis import model_service_pb2_grpc
from tensorflow_serving.apis import predict_pb2
from tensorflow_serving.apis import prediction_service_pb2_grpc

from bert.common.errors import UserError
from bert.common.errors import shortened
from bert.heads.base import DEFAULT_SIGNATURE
from bert.server import batcher
from bert.server import id_inputs
from bert.server import model_requests
from bert.server.access_log import AccessLog
from bert.server.model_requests import Limits
from bert.server.models import Models
from bert.server.server_metrics import ServerMetrics
from bert.server.versions import to_number
from bert.serving.predictor import ModelError

# Seconds in which clients learn that their calls are cancelled.
_CANCELLING = 1
# Seconds between two looks at what is not yet sent.
_POLL = 0.02
# Most characters of an error, as clients read few KiB of trailing metadata.
_MAX_MESSAGE = 1000
# Of outputs, float32 and int32.
_BYTES_PER_VALUE = 4
# Whole numbers: dtype -> the field with values that are not in tensor_content.
_FIELDS = {types_pb2.DT_INT8: "int_val", types_pb2.DT_UINT8: "int_val",
           types_pb2.DT_INT16: "int_val", types_pb2.DT_UINT16: "int_val",
           types_pb2.DT_INT32: "int_val", types_pb2.DT_INT64: "int64_val",
           types_pb2.DT_UINT32: "uint32_val", types_pb2.DT_UINT64: "uint64_val"}
# Calls that may wait for each thread; more get RESOURCE_EXHAUSTED.
_MAX_WAITING = 16


class GrpcError(Exception):
  """Ends a call with a grpc.StatusCode and a message."""

  def __init__(self, code, message):
    super().__init__(message)
    self.code = code


class Recorder(typing.NamedTuple):
  """Counts and logs calls; log None: no access log."""
  metrics: ServerMetrics
  log: Optional[AccessLog] = None

  def add(self, model: str, method: str, code: str, seconds: float) -> None:
    """Counts and logs a call."""
    self.metrics.add(model, "grpc", code, seconds)
    if self.log:
      self.log.write(protocol="grpc", method=method, model=model, code=code,
                     seconds=round(seconds, 6))


class GrpcServer:
  """Serves calls in threads until it is closed.

  Attributes:
    port: that it listens on.
  """

  def __init__(self, models: Models, address: Tuple[str, int], limits: Limits,
               num_threads: int, recorder: Recorder):
    """Listens on the address.

    Raises:
      UserError: it is not available.
    """
    self._open_calls = _OpenCalls()
    self._server = grpc.server(
        futures.ThreadPoolExecutor(num_threads), options=[
            ("grpc.max_receive_message_length", limits.max_bytes),
            ("grpc.max_send_message_length", -1),
            ("grpc.so_reuseport", 0)],
        maximum_concurrent_rpcs=num_threads * _MAX_WAITING,
        interceptors=[self._open_calls])
    calls = _Calls(models, limits, recorder, self._open_calls)
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(
        _PredictionService(calls), self._server)
    model_service_pb2_grpc.add_ModelServiceServicer_to_server(
        _ModelService(calls), self._server)
    host = "[%s]" % address[0] if ":" in address[0] else address[0]
    try:
      self.port = self._server.add_insecure_port("%s:%d" % (host, address[1]))
    except RuntimeError as error:  # Of later versions.
      raise UserError("--grpc=%s:%d: %s" % (address + (error,)))
    if not self.port:
      raise UserError("--grpc=%s:%d: the port is in use, or the address is not "
                      "this machine's" % address)

  def start(self) -> None:
    """Starts serving."""
    self._server.start()

  def close(self, seconds: float) -> None:
    """Completes accepted calls until clients have read their responses, at
    most for some seconds; then ends."""
    until = time.monotonic() + seconds
    self._open_calls.refuse()
    # gRPC closes a connection once its responses are with the system, which
    # drops what is not yet sent when the client's next message arrives.
    while time.monotonic() < until and (
        self._open_calls.count or _num_unsent(self.port)):
      time.sleep(_POLL)
    left = max(0.0, until - time.monotonic())
    # A client that does not even read that its call is cancelled would be
    # waited for without end.
    self._server.stop(left).wait(left + _CANCELLING)


class _OpenCalls(grpc.ServerInterceptor):
  """Counts the calls whose responses are not sent; refuses new ones in the end.

  Attributes:
    count: of the calls that have begun.
  """

  def __init__(self):
    self.count = 0
    self._lock = threading.Lock()
    self._is_closing = False

  def intercept_service(self, continuation, handler_call_details):
    """Returns the handler of a call."""
    handler = continuation(handler_call_details)
    if handler is None or not self._is_closing:
      return handler
    return grpc.unary_unary_rpc_method_handler(_abort)

  def refuse(self) -> None:
    """Refuses the calls that arrive from now on."""
    self._is_closing = True

  def add(self, context: grpc.ServicerContext) -> None:
    """Counts a call until its end."""
    with self._lock:
      self.count += 1
    if not context.add_callback(self._remove):
      self._remove()  # It has ended.

  def _remove(self):
    with self._lock:
      self.count -= 1


def _abort(request, context):
  del request
  context.abort(grpc.StatusCode.UNAVAILABLE, "the server is closing")


def _num_unsent(port):
  """Returns the bytes of a port's connections that the clients' machines have
  not yet received; 0 where the system does not tell."""
  count = 0
  for path in ("/proc/net/tcp", "/proc/net/tcp6"):
    with contextlib.suppress(OSError), open(path) as reader:
      for fields in map(str.split, reader):
        if fields[1].endswith(":%04X" % port):
          count += int(fields[4].split(":")[0], 16)
  return count


class _PredictionService(prediction_service_pb2_grpc.PredictionServiceServicer):
  """The calls for predictions."""

  def __init__(self, calls):
    self._calls = calls

  def Predict(self, request, context):
    """Runs a signature on ids."""
    return self._calls.run("Predict", self._calls.predict, request, context)

  def GetModelMetadata(self, request, context):
    """Returns the signatures."""
    return self._calls.run("GetModelMetadata", self._calls.metadata, request,
                           context)


class _ModelService(model_service_pb2_grpc.ModelServiceServicer):
  """The calls for the state of a model."""

  def __init__(self, calls):
    self._calls = calls

  def GetModelStatus(self, request, context):
    """Returns the current version, and the one that is being loaded."""
    return self._calls.run("GetModelStatus", self._calls.status, request,
                           context)


class _Calls:
  """Runs calls, counts them and converts errors to statuses."""

  def __init__(self, models, limits, recorder, open_calls):
    self._models = models
    self._limits = limits
    self._recorder = recorder
    self._open_calls = open_calls

  def run(self, name: str, function: Callable, request, context):
    """Returns the response of a call, or ends it with a status."""
    began = time.monotonic()
    self._open_calls.add(context)
    model = request.model_spec.name
    served = self._models.get(model)
    code, message, response = grpc.StatusCode.OK, "", None
    try:
      if served is None:
        raise GrpcError(grpc.StatusCode.NOT_FOUND, "no model %r; models: %s" % (
            shortened(model), ", ".join(self._models.names)))
      with served.using() as version:
        _check_version(request.model_spec, served, version)
        response = function(request, served, version)
    except GrpcError as error:
      code, message = error.code, str(error)
    except futures.CancelledError:
      code, message = grpc.StatusCode.UNAVAILABLE, "the server is closing"
    except ModelError as error:
      code, message = grpc.StatusCode.INTERNAL, str(error)
      tf.logging.error("%s of %s: %s", name, served.name, error)
    except model_requests.ResponseTooLarge as error:
      code, message = grpc.StatusCode.RESOURCE_EXHAUSTED, str(error)
    except batcher.Full:
      code, message = (grpc.StatusCode.RESOURCE_EXHAUSTED,
                       "too many requests wait")
    except futures.TimeoutError:
      code, message = (grpc.StatusCode.DEADLINE_EXCEEDED,
                       "no answer within %g seconds" % self._limits.timeout)
    except UserError as error:
      code, message = grpc.StatusCode.INVALID_ARGUMENT, str(error)
    except Exception:  # pylint: disable=broad-except
      # The message may have paths, which are no business of the client's.
      code, message = grpc.StatusCode.INTERNAL, "internal error"
      tf.logging.error("%s of %s failed", name, served.name, exc_info=True)
    self._recorder.add(model if served else "", name, code.name,
                       time.monotonic() - began)
    if response is None:
      context.abort(code, message[:_MAX_MESSAGE])
    return response

  def predict(self, request, served, version):
    """Returns a PredictResponse."""
    signature = request.model_spec.signature_name or DEFAULT_SIGNATURE
    if not request.inputs:
      raise UserError("there are no inputs")
    ids = model_requests.IdRequest(
        {name: _to_column(name, tensor, self._limits.max_bytes)
         for name, tensor in request.inputs.items()}, signature,
        set(request.output_filter))
    outputs = model_requests.run_ids(version, ids, self._limits,
                                     _BYTES_PER_VALUE)
    response = predict_pb2.PredictResponse()
    _fill_spec(response.model_spec, served, version)
    response.model_spec.signature_name = signature
    for name, values in outputs.items():
      response.outputs[name].CopyFrom(tf.make_tensor_proto(values))
    return response

  def metadata(self, request, served, version):
    """Returns a GetModelMetadataResponse."""
    if list(request.metadata_field) != ["signature_def"]:
      raise UserError("metadata_field must be signature_def")
    response = get_model_metadata_pb2.GetModelMetadataResponse()
    _fill_spec(response.model_spec, served, version)
    signatures = get_model_metadata_pb2.SignatureDefMap()
    for name, each in version.predictor.loaded.engine.signatures.items():
      signatures.signature_def[name].CopyFrom(each)
    response.metadata["signature_def"].Pack(signatures)
    return response

  def status(self, request, served, version):
    """Returns a GetModelStatusResponse."""
    response = get_model_status_pb2.GetModelStatusResponse()
    status = get_model_status_pb2.ModelVersionStatus
    states = [(served.loading, status.LOADING),
              (version.number, status.AVAILABLE)]
    for number, state in states:
      if number:
        response.model_version_status.add(
            version=to_number(number), state=state)
    return response


def _check_version(spec, served, version):
  """Raises GrpcError unless a spec allows the current version."""
  number = spec.version.value if spec.HasField("version") else None
  if spec.version_label or number not in (None, to_number(version.number)):
    raise GrpcError(grpc.StatusCode.NOT_FOUND, "%s has version %s alone" % (
        served.name, version.number))


def _fill_spec(spec, served, version):
  spec.name = served.name
  spec.version.value = to_number(version.number)


def _to_column(name, tensor, max_size):
  """Returns an input; its array is made only when its shape is checked."""
  rank = len(tensor.tensor_shape.dim)
  if tensor.dtype not in _FIELDS or not 2 <= rank <= id_inputs.MAX_RANK:
    raise id_inputs.not_whole(name)
  shape = tuple(dim.size for dim in tensor.tensor_shape.dim)
  size = functools.reduce(operator.mul, shape)
  # One value may represent any number of equal ones.
  if min(shape) < 1 or size > max_size:
    raise UserError("%r has %s values; at most %d are read" % (
        shortened(name), " x ".join(map(str, shape)), max_size))
  return id_inputs.Column(shape, functools.partial(
      _to_array, name, tensor, size))


def _to_array(name, tensor, size):
  num_bytes = size * tf.as_dtype(tensor.dtype).size
  num_packed = len(getattr(tensor, _FIELDS[tensor.dtype]))
  if tensor.tensor_content:
    if len(tensor.tensor_content) != num_bytes:
      raise UserError("%r can't be read: %d bytes for %d values" % (
          name, len(tensor.tensor_content), size))
  elif not 0 < num_packed <= size:
    raise UserError("%r can't be read: %d values, its shape has %d" % (
        name, num_packed, size))
  try:
    return tf.make_ndarray(tensor)
  except (TypeError, ValueError) as error:
    raise UserError("%r can't be read: %s" % (name, error))
