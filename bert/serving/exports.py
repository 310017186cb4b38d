"""Finds and loads an export."""

import os
import typing
from typing import Iterator

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
from bert.serving import export_files
from bert.model import export
from bert.model import model_settings


# Key that only the task.json of an encoder has.
VECTORS = "sentence_vectors"
# Rows of an embedding table that have no token are padding if it has a multiple
# of 8 rows, and fewer than these are padding.
_MAX_PADDING = 128


class LoadedModel(typing.NamedTuple):
  """An export, ready to run.

  Attributes:
    engine: an engine of bert.serving.engines.
    task: the content of its task.json.
    head: of the task.
    encoder: converts its texts to ids.
    files: what it was loaded from.
  """
  engine: object
  task: dict
  head: Head
  encoder: features.TextEncoder
  files: export_files.Snapshot

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
  return next(find_all(folder))


def find_all(folder: str) -> Iterator[str]:
  """Yields a folder that is an export, or those below it, the newest first.

  Raises:
    UserError: there is none.
  """
  for parent in (folder, os.path.join(folder, "export")):
    # With a list alone it is an export, too: half a copy of one.
    if any(tf.gfile.Exists(os.path.join(parent, name))
           for name in ("saved_model.pb", export.FILES)):
      yield parent
      return
    names = tf.gfile.ListDirectory(parent) if tf.gfile.IsDirectory(
        parent) else []
    numbers = {name.rstrip("/"): export.number_of(name) for name in names}
    newest_first = sorted(((number, name) for name, number in numbers.items()
                           if number is not None), reverse=True)
    paths = [os.path.join(parent, name) for _, name in newest_first]
    # Lazily, since each question takes an object store some time.
    folders = filter(tf.gfile.IsDirectory, paths)
    newest = next(folders, None)
    if newest:
      yield newest
      yield from folders
      return
  raise UserError("--export_dir=%s: no export there; --do_export of "
                  "run_classifier.py, run_squad.py or extract_features.py makes "
                  "one" % folder)


def version_of(folder: str) -> str:
  """Returns the name of an export's folder, which is its version."""
  # A path such as ".." has none.
  return os.path.basename((
      folder if "://" in folder else os.path.abspath(folder)).rstrip("/"))


def load(folder: str, engine: str, precision: str) -> LoadedModel:
  """Loads an export.

  Args:
    folder: from find.
    engine: tensorflow or onnx.
    precision: of matrix products.

  Raises:
    UserError: it is incomplete, still being copied or not of this program, or
      its engine is not available.
  """
  found = export_files.Snapshot(folder)
  has_list = export_files.check(folder)
  assets = os.path.join(folder, "assets")
  task = model_settings.with_new_names(
      files.read_json(os.path.join(assets, "task.json"),
                      needed="the object that --do_export writes"))
  layout = encoders.class_in(task).layout
  loaded = engines.ENGINES.find(engine)(folder, precision)
  try:
    tokenizer = _load_tokenizer(
        os.path.join(assets, "vocab.txt"), task, layout, has_list)
    model = LoadedModel(
        loaded, task, _head_of(task, tokenizer, layout),
        features.TextEncoder(tokenizer, task["max_seq_length"],
                             model_settings.truncation_settings(task), layout,
                             counts_all=False),
        found)
    if found.has_changed():
      raise UserError("%s: its files changed while they were loaded; wait for "
                      "the end of the copy" % folder)
  except BaseException as error:
    loaded.close()
    if isinstance(error, KeyError):
      raise UserError("%s: %s is missing; export the model again" % (
          os.path.join(assets, "task.json"), error))
    raise
  return model


def _load_tokenizer(path, task, layout, has_list):
  tokenizer = vocabulary.load_tokenizer(
      path, task["do_lower_case"], model_settings.value_in(task, "tokenizer"),
      layout)
  if not has_list:
    _check_vocabulary(path, task, vocabulary.num_entries(tokenizer.vocab))
  return tokenizer


def _check_vocabulary(path, task, num_entries):
  """Raises UserError if a vocabulary has another digest than in the task;
  without one, warns if it has not as many entries as the model."""
  sha256, num_rows = task.get("vocab_hash"), task.get("vocab_size", num_entries)
  facts = "%s: %d bytes, %d entries" % (path, tf.gfile.Stat(path).length,
                                        num_entries)
  advice = ("but the model has %d; it may still be copied: wait for its end, or "
            "export the model again" % num_rows)
  if sha256 and files.sha256(path) != sha256:
    raise UserError("%s and another SHA-256 than in task.json, %s" % (
        facts, advice))
  is_padded = not num_rows % 8 and 0 < num_rows - num_entries < _MAX_PADDING
  if not sha256 and num_entries != num_rows and not is_padded:
    tf.logging.warning("%s, %s", facts, advice)


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
