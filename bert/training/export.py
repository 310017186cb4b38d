"""A model as a folder that is enough by itself: graph, weights, vocabulary."""

import json
import os
import time
import typing
from typing import Dict

import tensorflow.compat.v1 as tf

from bert import modeling
from bert import options
from bert import tokenization
from bert.common import files
from bert.common.errors import UserError
from bert.data import features
from bert.heads import registry
from bert.training import checkpoints
from bert.training import model_function

# What serves words: as the default one, but given where words begin.
WORDS_SIGNATURE = "words"
INPUTS = ("input_ids", "input_mask", "segment_ids")
DEFAULT_SIGNATURE = (
    tf.saved_model.signature_constants.DEFAULT_SERVING_SIGNATURE_DEF_KEY)
_TAGS = [tf.saved_model.tag_constants.SERVING]


class Contents(typing.NamedTuple):
  """What an export is made of.

  Attributes:
    config, head: the model's.
    checkpoint: path of its weights.
    vocab_file: path.
    task: what task.json says, and how texts are read.
  """
  config: modeling.BertConfig
  head: registry.Head
  checkpoint: str
  vocab_file: str
  task: dict


class Loaded(typing.NamedTuple):
  """An export in a session.

  Attributes:
    session: with graph and weights.
    signatures: name -> SignatureDef.
    task: what its task.json says.
    head, tokenizer, reading: as the task has them.
  """
  session: tf.Session
  signatures: Dict
  task: dict
  head: registry.Head
  tokenizer: tokenization.FullTokenizer
  reading: features.Reading


def write(output_dir: str, contents: Contents) -> str:
  """Writes output_dir/export/<unix time>/, all or nothing.

  Returns:
    The folder.
  """
  parent = os.path.join(output_dir, "export")
  tf.gfile.MakeDirs(parent)
  number = int(time.time())
  while tf.gfile.Exists(os.path.join(parent, str(number))):
    number += 1
  folder = os.path.join(parent, str(number))
  partial = os.path.join(parent, ".%d.partial" % number)
  if tf.gfile.Exists(partial):
    tf.gfile.DeleteRecursively(partial)
  assets = os.path.join(parent, ".%d.assets" % number)
  _write_assets(assets, contents)
  _write_model(partial, assets, contents)
  tf.gfile.DeleteRecursively(assets)
  tf.gfile.Rename(partial, folder)
  tf.logging.info("Exported %s to %s", contents.checkpoint, folder)
  return folder


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
  raise UserError("--export_dir=%s: no export there; run_classifier.py "
                  "--do_export makes one" % folder)


def load(folder: str, config: tf.ConfigProto) -> Loaded:
  """Loads an export.

  Args:
    folder: from find.
    config: of the session.

  Raises:
    UserError: it is not whole, or not of this program.
  """
  assets = os.path.join(folder, "assets")
  task = checkpoints.with_new_names(
      files.read_json(os.path.join(assets, "task.json")))
  with tf.Graph().as_default():
    session = tf.Session(config=config)
    try:
      loaded = tf.saved_model.loader.load(session, _TAGS, folder)
    except (tf.errors.OpError, OSError, ValueError) as error:
      raise UserError("%s: can't be loaded: %s" % (
          folder, str(error).split("\n")[0]))
  settings = options.HeadOptions(**{
      name: task[name] for name in ("threshold", "pooling", "encoder_top",
                                    "window_pooling", "crf")})
  return Loaded(
      session, dict(loaded.signature_def), task,
      registry.create(task["head"], task["labels"], settings),
      features.load_tokenizer(os.path.join(assets, "vocab.txt"),
                              task["do_lower_case"]),
      features.Reading(*[task[name] for name in features.Reading._fields]))


def _write_assets(folder, contents):
  tf.gfile.MakeDirs(folder)
  files.write_text(os.path.join(folder, "task.json"), [json.dumps(
      contents.task, indent=2, sort_keys=True, ensure_ascii=False)])
  files.write_text(os.path.join(folder, "labels.txt"),
                   contents.head.labels or ["score"])
  tf.gfile.Copy(contents.vocab_file, os.path.join(folder, "vocab.txt"),
                overwrite=True)


def _write_model(folder, assets, contents):
  with tf.Graph().as_default(), tf.Session() as session:
    inputs = _placeholders(contents.task["num_windows"])
    answers = model_function.answer(contents.config, contents.head, inputs)
    signatures = {DEFAULT_SIGNATURE: _signature(
        inputs, contents.head.served(answers))}
    if contents.head.is_per_word:
      words = dict(inputs, word_starts=tf.placeholder(
          tf.int32, [None, None], "word_starts"))
      signatures[WORDS_SIGNATURE] = _signature(
          words, contents.head.outputs(answers["logits"],
                                       words["word_starts"]))
    tf.train.Saver().restore(session, contents.checkpoint)
    for name in ("vocab.txt", "labels.txt", "task.json"):
      tf.add_to_collection(tf.GraphKeys.ASSET_FILEPATHS, tf.constant(
          os.path.join(assets, name)))
    builder = tf.saved_model.builder.SavedModelBuilder(folder)
    builder.add_meta_graph_and_variables(
        session, _TAGS, signature_def_map=signatures,
        assets_collection=tf.get_collection(tf.GraphKeys.ASSET_FILEPATHS),
        # Older versions do not know the attributes of newer ones.
        strip_default_attrs=True)
    builder.save()


def _placeholders(num_windows):
  shape = [None] + [num_windows] * (num_windows > 1) + [None]
  return {name: tf.placeholder(tf.int32, shape, name) for name in INPUTS}


def _signature(inputs, outputs):
  return tf.saved_model.signature_def_utils.predict_signature_def(
      inputs, outputs)
