"""Finds and loads an export."""

import os
import typing

import tensorflow.compat.v1 as tf

from bert.common import files
from bert.common.errors import UserError
from bert.data import features
from bert.data.tokenizers import vocabulary
from bert.data import word_splits
from bert.encoders import registry as encoders
from bert.heads import registry
from bert.heads.base import Head
from bert.heads.encoder_layers import VectorHead
from bert.serving import engines
from bert.model import export
from bert.model import model_settings


# Key that only the task.json of an encoder has.
VECTORS = "sentence_vectors"


class LoadedModel(typing.NamedTuple):
  """An export, ready to run.

  Attributes:
    engine: an engine of bert.serving.engines.
    task: the content of its task.json.
    head: of the task.
    encoder: converts its texts to ids.
  """
  engine: object
  task: dict
  head: Head
  encoder: features.TextEncoder

  @property
  def num_sequences(self) -> int:
    """Number of sequences of ids per input; with more than one, arrays have an
    axis for them."""
    return max(self.task["num_windows"], self.head.num_sequences)


def find(folder: str) -> str:
  """Returns a folder that is an export, or the newest one below it.

  Raises:
    UserError: there is none.
  """
  for parent in (folder, os.path.join(folder, "export")):
    if tf.gfile.Exists(os.path.join(parent, "saved_model.pb")):
      return parent
    names = tf.gfile.ListDirectory(parent) if tf.gfile.IsDirectory(
        parent) else []
    numbers = [int(name.rstrip("/")) for name in names
               if name.rstrip("/").isdigit()]
    if numbers:
      return os.path.join(parent, str(max(numbers)))
  raise UserError("--export_dir=%s: no export there; --do_export of "
                  "run_classifier.py, run_squad.py or extract_features.py makes "
                  "one" % folder)


def load(folder: str, engine: str, precision: str) -> LoadedModel:
  """Loads an export.

  Args:
    folder: from find.
    engine: tensorflow or onnx.
    precision: of matrix products.

  Raises:
    UserError: it is incomplete or not of this program, or its engine is not
      available.
  """
  assets = os.path.join(folder, "assets")
  task = model_settings.with_new_names(
      files.read_json(os.path.join(assets, "task.json"),
                      needed="the object that --do_export writes"))
  layout = encoders.class_in(task).layout
  loaded = engines.ENGINES.find(engine)(folder, precision)
  tokenizer = vocabulary.load_tokenizer(
      os.path.join(assets, "vocab.txt"), task["do_lower_case"],
      model_settings.value_in(task, "tokenizer"), layout)
  return LoadedModel(loaded, task, _head_of(task, tokenizer, layout),
                     features.TextEncoder(
                         tokenizer, task["max_seq_length"],
                         model_settings.truncation_settings(task), layout,
                         counts_all=False))


def _head_of(task, tokenizer, layout):
  if VECTORS in task:
    return VectorHead(list(map(int, task["vector_layer"].split(","))),
                      task[VECTORS], layout.special_ids(tokenizer.vocab),
                      layout)
  head = registry.create(
      task["head"], task["labels"], model_settings.head_options(task),
      model_settings.span_options(task), task.get("label_range"), layout)
  return head.with_text_facts(dict(
      task, word_split=task.get("word_split") or _word_split_of(task, head)))


def _word_split_of(task, head):
  """Returns the word split of an export without one, inferred from its
  samples."""
  return word_splits.detect_in_texts([
      sample[head.input_names[0]] for sample in task.get(export.SAMPLES, ())
      if head.input_names[0] in sample])
