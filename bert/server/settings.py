"""The models and addresses of a server, from its flags; without TensorFlow."""

import dataclasses
import os
import re
import typing
from typing import List, Optional, Tuple

from bert.common import json_text
from bert.common.errors import UserError
from bert.options.serving import PredictorOptions
from bert.options.serving import ServerOptions

Address = Tuple[str, int]
_ENGINE_PRECISIONS = {"tensorflow": ("float32", "bfloat16", "float16"),
                      "onnx": ("float32", "int8")}
# Characters that need no escape in a URL, where . and .. are folders.
_NAME = re.compile(r"(?!\.{1,2}\Z)[\w.-]+")
# A name, an address or * for all addresses.
_HOST = re.compile(r"\*|[\w.-]+|\[?[0-9a-fA-F:.]*(%\w+)?\]?")
_THIS_MACHINE = "127.0.0.1"
_CONFIG_FORM = '{"models": [{"name": ..., "export_dir": ...}, ...]}'


class ModelSpec(typing.NamedTuple):
  """A configured model.

  Attributes:
    name: in the server's paths.
    export_dir: an export, or a folder with exports, of which the newest.
    engine, precision: as of Predictor.
    max_batch: most texts that are run together.
  """
  name: str
  export_dir: str
  engine: str = "tensorflow"
  precision: str = "float32"
  max_batch: int = 32


class Endpoints(typing.NamedTuple):
  """The addresses of a server; None: not served.

  Attributes:
    http, grpc: host and port.
    bert_clients: host, port of requests, port of responses.
  """
  http: Optional[Address] = None
  grpc: Optional[Address] = None
  bert_clients: Optional[Tuple[str, int, int]] = None


def endpoints_of(serving: ServerOptions) -> Endpoints:
  """Returns the addresses of a server.

  Raises:
    UserError: a value is no address, or flags of a server are given without an
      address.
  """
  http = _address_of("http", serving.http)
  ports = serving.bert_serving and _ports_of(serving.bert_serving)
  endpoints = Endpoints(http, _address_of("grpc", serving.grpc), ports and (
      (_host_of(serving.bert_serving_bind) or (
          http[0] if http else _THIS_MACHINE),) + ports))
  if not any(endpoints):
    for field in dataclasses.fields(serving):
      if getattr(serving, field.name) != field.default:
        raise UserError("--%s=%s is for a server: give --http, --grpc or "
                        "--bert_serving as well" % (
                            field.name, getattr(serving, field.name)))
  if serving.bert_serving_bind and not ports:
    raise UserError("--bert_serving_bind=%s is for --bert_serving: give that as "
                    "well" % serving.bert_serving_bind)
  return endpoints


def models_of(predicting: PredictorOptions,
              serving: ServerOptions) -> List[ModelSpec]:
  """Returns the models of --config, or that of --export_dir.

  Raises:
    UserError: neither or both are given, or a model is invalid.
  """
  max_batch = serving.max_batch or predicting.batch_size
  if not predicting.export_dir and not serving.config:
    raise UserError("--export_dir or --config is required. See --help.")
  if predicting.export_dir and serving.config:
    raise UserError("--export_dir=%s does not go with --config; leave one out" %
                    predicting.export_dir)
  if serving.config and serving.model_name != serving.__class__.model_name:
    raise UserError("--model_name=%s is for --export_dir; --config has names of "
                    "its own" % serving.model_name)
  default = ModelSpec(serving.model_name, predicting.export_dir,
                      predicting.engine, predicting.precision, max_batch)
  if serving.config:
    return read_models(serving.config, default)
  if not _NAME.fullmatch(default.name):
    raise UserError("--model_name=%s: needed are letters, digits, _ . -, and "
                    "not . or .. alone" % repr(default.name)[1:-1])
  _check_precision(default, "")
  return [default]


def read_models(path: str, default: ModelSpec) -> List[ModelSpec]:
  """Returns the models of {"models": [{"name": ..., "export_dir": ...}, ...]}.

  Args:
    path: of the file; folders in it are relative to its own.
    default: values that a model does not set.

  Raises:
    UserError: there is no such file, or it has another format.
  """
  where = "--config=%s: " % path
  content = json_text.read_local(path, "--config", _CONFIG_FORM)
  if set(content) != {"models"} or not (
      content["models"] and isinstance(content["models"], list)):
    raise UserError("%sneeded is %s" % (where, _CONFIG_FORM))
  specs = [_spec_of(entry, default, "%smodels[%d]: " % (where, index))
           for index, entry in enumerate(content["models"])]
  names = [spec.name for spec in specs]
  for name in names:
    if names.count(name) > 1:
      raise UserError("%stwo models are called %s" % (where, name))
  folder = os.path.dirname(os.path.abspath(path))
  return [spec._replace(export_dir=spec.export_dir if "://" in spec.export_dir
                        else os.path.join(folder, os.path.expanduser(
                            spec.export_dir)))
          for spec in specs]


def _spec_of(entry, default, where):
  if not isinstance(entry, dict):
    raise UserError("%sneeded is an object" % where)
  for key, value in entry.items():
    if key not in ModelSpec._fields:
      raise UserError("%s%r is not known; known: %s" % (
          where, key, " ".join(ModelSpec._fields)))
    kind = ModelSpec.__annotations__[key]
    if not isinstance(value, kind) or isinstance(value, bool) or not value:
      raise UserError("%s%r must be %s, not %r" % (
          where, key, "text" if kind is str else "a whole number from 1",
          value))
  for key in ("name", "export_dir"):
    if key not in entry:
      raise UserError("%s%r is missing" % (where, key))
  spec = default._replace(**entry)
  if not _NAME.fullmatch(spec.name):
    raise UserError("%s'name' must have letters, digits, _ . - alone, and not be "
                    ". or .., not %r" % (where, spec.name))
  if spec.max_batch < 1:
    raise UserError("%s'max_batch' must be from 1" % where)
  if spec.engine not in _ENGINE_PRECISIONS:
    raise UserError("%s'engine' must be one of %s, not %r" % (
        where, " ".join(_ENGINE_PRECISIONS), spec.engine))
  _check_precision(spec, where)
  return spec


def _check_precision(spec, where):
  known = _ENGINE_PRECISIONS[spec.engine]
  if spec.precision not in known:
    raise UserError("%s--precision=%s is not for --engine=%s, which has: %s" % (
        where, spec.precision, spec.engine, " ".join(known)))


def _address_of(flag, value):
  """Returns the host and port of a flag, None without it."""
  if not value:
    return None
  host, _, port = value.rpartition(":")
  if not port.isdigit() or not 0 <= int(port) < 65536:
    raise UserError("--%s=%s: needed is HOST:PORT, or PORT" % (flag, value))
  return host.strip("[]") or _THIS_MACHINE, int(port)


def _host_of(value):
  """Returns the host of --bert_serving_bind, None without it."""
  if value and (not _HOST.fullmatch(value) or (
      value.count(":") == 1 or value.endswith("]:"))):
    raise UserError("--bert_serving_bind=%s: needed is a host without a port, as "
                    "127.0.0.1, or * for all addresses" % repr(value)[1:-1])
  return value and value.strip("[]")


def _ports_of(value):
  ports = value.split(",")
  if len(ports) != 2 or not all(each.isdigit() and 0 < int(each) < 65536
                                for each in ports) or ports[0] == ports[1]:
    raise UserError("--bert_serving=%s: needed are two ports, as 5555,5556" %
                    value)
  return int(ports[0]), int(ports[1])
