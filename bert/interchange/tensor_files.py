"""Tensors in the files of a Hugging Face folder, as float32 arrays.

Source: https://huggingface.co/docs/safetensors.
"""

import io
import os
import re
from typing import Dict, Pattern

import numpy as np
import tensorflow.compat.v1 as tf

from bert.common import files
from bert.common import libraries
from bert.common.errors import UserError

Tensors = Dict[str, np.ndarray]

_POINTER = b"version https://git-lfs.github.com/spec/"
_FLOATS = {"F16": np.float16, "F32": np.float32, "F64": np.float64}
# In the order of preference.
_NAMES = ("model.safetensors", "pytorch_model.bin")


def read(folder: str, ignored: Pattern, is_trusted: bool = False) -> Tensors:
  """Returns name -> float32 array of all tensors of a folder.

  They are in model.safetensors or pytorch_model.bin, or in several files,
  listed in one of these names with .index.json.

  Args:
    folder: path.
    ignored: regular expression of names that are left out, whatever their
      types.
    is_trusted: whether pytorch_model.bin is read by a torch that it can make
      run any program.

  Raises:
    UserError: there are none, a file can't be read, or a tensor has no float
      type.
  """
  for name in _NAMES:
    path = os.path.join(folder, name)
    if tf.gfile.Exists(path):
      return _read_file(path, ignored, is_trusted)
    if tf.gfile.Exists(path + ".index.json"):
      return _read_shards(folder, path + ".index.json", ignored, is_trusted)
  raise UserError("%s: neither model.safetensors nor pytorch_model.bin is "
                  "there, nor one of them with .index.json" % folder)


def _read_shards(folder, index_path, ignored, is_trusted):
  index = files.read_json(index_path)
  shards = index.get("weight_map") if isinstance(index, dict) else None
  if not isinstance(shards, dict) or not shards or not all(
      isinstance(name, str) for name in shards.values()):
    raise UserError('%s: no "weight_map" of tensors and their files; download '
                    "the folder again" % index_path)
  tensors = {}
  for name in sorted(set(shards.values())):
    if os.path.basename(name) != name:
      raise UserError("%s: file %r is not in the folder itself" % (
          index_path, name))
    tensors.update(_read_file(os.path.join(folder, name), ignored,
                              is_trusted))
  missing = [name for name in sorted(shards)
             if name not in tensors and not ignored.search(name)]
  if missing:
    raise UserError("%s: tensor %s is not there, which %s promises; download "
                    "the file again" % (
                        os.path.join(folder, shards[missing[0]]), missing[0],
                        index_path))
  return tensors


def _read_file(path, ignored, is_trusted):
  if not tf.gfile.Exists(path):
    raise UserError("%s: no such file; download it, too" % path)
  with tf.gfile.GFile(path, "rb") as reader:
    content = reader.read()
  if content.startswith(_POINTER):
    raise UserError("%s: a pointer of Git LFS, not the file itself; run "
                    "`git lfs pull` in its folder" % path)
  if not content:
    raise UserError("%s: the file is empty; download it again" % path)
  tensors = (_read_safetensors(content, path) if path.endswith(".safetensors")
             else _read_torch(content, path, is_trusted))
  return {name: _to_float32(values, name, path)
          for name, values in tensors.items() if not ignored.search(name)}


def _read_safetensors(content, path):
  libraries.check_library("safetensors", path,
                          "-r requirements-interchange.txt")
  import safetensors
  try:
    return {name: _from_bytes(**tensor)
            for name, tensor in safetensors.deserialize(content)}
  except safetensors.SafetensorError as error:
    raise UserError("%s: not a whole file of safetensors (%s); download it "
                    "again" % (path, error))


def _from_bytes(dtype, shape, data):
  """Returns an array; for a type that is no float, the type's name."""
  if dtype == "BF16":  # The upper half of a float32.
    bits = np.frombuffer(data, "<u2").astype(np.uint32) << 16
    return bits.view(np.float32).reshape(shape)
  if dtype not in _FLOATS:
    return dtype
  kind = np.dtype(_FLOATS[dtype]).newbyteorder("<")
  return np.frombuffer(data, kind).reshape(shape)


def _read_torch(content, path, is_trusted):
  libraries.check_library("torch", path)
  import torch
  # Before 2.6, weights_only does not keep a file from running a program.
  if not is_trusted and _version_of(torch) < (2, 6):
    raise UserError(
        "%s: such a file can run any program in torch %s (CVE-2025-32434); "
        "convert under Python 3.9+ with torch >= 2.6, or take safetensors "
        "(--trust_checkpoint reads it)" % (path, torch.__version__))
  try:
    loaded = torch.load(io.BytesIO(content), map_location="cpu",
                        weights_only=True)
  # The pickle module and torch raise many kinds of errors for a broken file.
  except Exception as error:  # pylint: disable=broad-except
    raise UserError("%s: can't be read by torch (%s); download it again" % (
        path, (str(error).split("\n") or [""])[0]))
  if not isinstance(loaded, dict):
    raise UserError("%s: not a dict of tensors" % path)
  return {name: values.float().numpy() if values.is_floating_point() else
          str(values.dtype) for name, values in loaded.items()}


def _version_of(library):
  return tuple(map(int, re.findall(r"\d+", library.__version__)[:2]))


def _to_float32(values, name, path):
  if isinstance(values, str):
    raise UserError("%s: tensor %s is of type %s; weights are floats" % (
        path, name, values))
  return values.astype(np.float32)
