"""Files of tensors: all types of floats, shards, and broken ones."""
import json
import re
import struct
import sys
import types

import numpy as np
import pytest

import commands
from bert.common import libraries
from bert.interchange import tensor_files
from mistakes import message_of

IGNORED = re.compile("position_ids$")
needs_safetensors = pytest.mark.skipif(
    not libraries.is_installed("safetensors"),
    reason="requirements-interchange.txt")


def safetensors(**tensors):
  """The bytes of a file, of name -> (type, shape, bytes)."""
  header, content = {}, b""
  for name, (kind, shape, data) in tensors.items():
    header[name] = {"dtype": kind, "shape": shape,
                    "data_offsets": [len(content), len(content) + len(data)]}
    content += data
  text = json.dumps(header).encode()
  return struct.pack("<Q", len(text)) + text + content


# 1, -2 and 0.15625, as IEEE 754 has them; bfloat16 is the upper half.
VALUES = [1.0, -2.0, 0.15625]
BYTES = {"F32": struct.pack("<3f", *VALUES), "F64": struct.pack("<3d", *VALUES),
         "F16": struct.pack("<3H", 0x3c00, 0xc000, 0x3100),
         "BF16": struct.pack("<3H", 0x3f80, 0xc000, 0x3e20)}


def read(folder, is_trusted=False):
  return tensor_files.read(str(folder), IGNORED, is_trusted)


def write_shards(folder, weight_map, **files):
  for name, tensors in files.items():
    commands.write(folder / (name + ".safetensors"), safetensors(**tensors))
  commands.write(folder / "model.safetensors.index.json",
                 json.dumps({"weight_map": weight_map}))


@needs_safetensors
@pytest.mark.parametrize("kind", sorted(BYTES))
def test_floats_of_any_type_become_float32(kind, tmp_path):
  commands.write(tmp_path / "model.safetensors",
                 safetensors(w=(kind, [3, 1], BYTES[kind])))
  tensors = read(tmp_path)
  assert tensors["w"].dtype == np.float32 and tensors["w"].shape == (3, 1)
  assert tensors["w"].ravel().tolist() == VALUES


@needs_safetensors
def test_numbers_that_are_no_floats_are_refused_but_for_buffers(tmp_path):
  whole = ("I64", [1], struct.pack("<q", 7))
  path = commands.write(tmp_path / "model.safetensors",
                        safetensors(position_ids=whole))
  assert read(tmp_path) == {}
  commands.write(path, safetensors(w=whole))
  message = message_of(read, tmp_path)
  assert path in message and "tensor w is of type I64" in message


WHOLE = safetensors(w=("F32", [3], BYTES["F32"]))
POINTER = (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize "
           b"437951328\n")


@needs_safetensors
@pytest.mark.parametrize("content, fragment", [
    (WHOLE[:-1], "download it again"), (WHOLE[:12], "download it again"),
    (b"junk" * 10, "download it again"), (b"", "is empty"),
    (POINTER, "git lfs pull")])
def test_broken_file_of_safetensors_is_one_line(content, fragment, tmp_path):
  path = commands.write(tmp_path / "model.safetensors", content)
  message = message_of(read, tmp_path)
  assert message.startswith(path + ": ") and fragment in message
  assert "\n" not in message


@pytest.mark.parametrize("content, fragment", [
    (b"", "is empty"), (POINTER, "git lfs pull")])
def test_broken_file_of_torch_is_told_before_torch_is_needed(content, fragment,
                                                             tmp_path):
  path = commands.write(tmp_path / "pytorch_model.bin", content)
  message = message_of(read, tmp_path)
  assert message.startswith(path + ": ") and fragment in message


@pytest.mark.parametrize("error", [
    RuntimeError("PytorchStreamReader failed\nat line 2"), EOFError(),
    ValueError("unpickling failed")])
def test_error_of_torch_is_one_line(error, tmp_path, monkeypatch):
  def load(*_, **__):
    raise error

  torch = types.ModuleType("torch")
  torch.__version__ = "2.6.0+cpu"
  torch.load = load
  monkeypatch.setitem(sys.modules, "torch", torch)
  monkeypatch.setattr(libraries, "check_library", lambda *_: None)
  path = commands.write(tmp_path / "pytorch_model.bin", b"PK")
  message = message_of(read, tmp_path)
  assert message.startswith(path + ": can't be read by torch")
  assert "\n" not in message


@pytest.mark.parametrize("version", ["1.13.1", "2.5.1+cpu", "2.10.0", "2.6.0a0"])
def test_torch_that_runs_programs_of_files_needs_trust(version, tmp_path,
                                                       monkeypatch):
  torch = types.ModuleType("torch")
  torch.__version__ = version
  torch.load = lambda *_, **__: {}
  monkeypatch.setitem(sys.modules, "torch", torch)
  monkeypatch.setattr(libraries, "check_library", lambda *_: None)
  path = commands.write(tmp_path / "pytorch_model.bin", b"PK")
  assert read(tmp_path, is_trusted=True) == {}
  if version in ("2.10.0", "2.6.0a0"):
    assert read(tmp_path) == {}
    return
  message = message_of(read, tmp_path)
  assert message.startswith(path + ": ") and "CVE-2025-32434" in message
  assert ("convert under Python 3.9+ with torch >= 2.6, or take safetensors "
          "(--trust_checkpoint") in message
  commands.write(tmp_path / "pytorch_model.bin.index.json", json.dumps(
      {"weight_map": {"a": "a.bin"}}))
  (tmp_path / "pytorch_model.bin").rename(tmp_path / "a.bin")
  assert "CVE-2025-32434" in message_of(read, tmp_path)


@needs_safetensors
def test_shards_are_read_together(tmp_path):
  ones = ("F32", [3], struct.pack("<3f", 1, 1, 1))
  write_shards(tmp_path, {"a": "x.safetensors", "b": "y.safetensors",
                          "position_ids": "y.safetensors"},
               x={"a": ones}, y={"b": ("BF16", [3], BYTES["BF16"])})
  tensors = read(tmp_path)
  assert sorted(tensors) == ["a", "b"]
  assert tensors["b"].tolist() == VALUES and tensors["a"].tolist() == [1, 1, 1]


@needs_safetensors
@pytest.mark.parametrize("weight_map, fragment", [
    ({"a": "x.safetensors", "b": "y.safetensors"}, "y.safetensors: no such"),
    ({"a": "x.safetensors", "b": "x.safetensors"}, "tensor b is not there"),
    ({"a": "../x.safetensors"}, "is not in the folder"),
    ({"a": "/x.safetensors"}, "is not in the folder"), ({}, "weight_map"),
    ({"a": 3}, "weight_map"), ([], "weight_map"), (None, "weight_map")])
def test_shards_that_do_not_fit_are_one_line(weight_map, fragment, tmp_path):
  write_shards(tmp_path, weight_map,
               x={"a": ("F32", [3], BYTES["F32"])})
  message = message_of(read, tmp_path)
  assert str(tmp_path) in message and fragment in message


def test_index_that_is_no_json_is_one_line(tmp_path):
  commands.write(tmp_path / "pytorch_model.bin.index.json", "{")
  assert "not JSON" in message_of(read, tmp_path)
