"""Exports whose weights are broken, or that are not copied to their end."""
import numpy as np

import golden
import exported
import tiny_encoder
from bert.model import checkpoint_files
from bert.serving.predictor import ModelError


def encoder_of_nans(folder):
  """The folder of an encoder whose vectors are NaN."""
  weights = dict(checkpoint_files.read(golden.checkpoint()))
  name = "bert/embeddings/LayerNorm/gamma"
  weights[name] = np.full_like(weights[name], np.nan)
  path = str(folder / "nan.ckpt")
  checkpoint_files.write(path, weights)
  return exported.folder_of(tiny_encoder.run(tiny_encoder.flags_of(
      folder, init_checkpoint=path)))


def cut(path, num_lines):
  """Leaves the first lines of a file -> its whole content."""
  content = path.read_bytes()
  path.write_bytes(b"".join(content.splitlines(keepends=True)[:num_lines]))
  return content


def fail():
  """What a warm-up does whose outputs are NaN."""
  raise ModelError("vector is not a number (nan or inf)")
