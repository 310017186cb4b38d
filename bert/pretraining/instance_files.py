"""Instances of pre-training in record files: at once, or shard by shard."""

import collections
import json
import os
import random
import typing
from typing import Callable, Dict, Iterable, List, Optional, Sequence

import tensorflow.compat.v1 as tf

from bert.common import console
from bert.common import files
from bert.common import workers
from bert.common.errors import UserError
from bert.data import input_fns
from bert.data import record_check
from bert.data import record_encoder
from bert.data import records
from bert.data.tokenizers import vocabulary
from bert.data.records import Field
from bert.encoders.base import Encoder
from bert.pretraining import corpus
from bert.pretraining import instances

_NUM_LOGGED = 20
# Files that are read side by side, and instances that are shuffled at a time.
_NUM_READ = 8
_SHUFFLE_BUFFER = 20000
_OF_CONFIG = "%s in --bert_config_file"
# Settings of shards whose description, of an earlier version, lacks them.
_NOT_ALWAYS_SAID = {"tokenizer": "wordpiece"}


class Source(typing.NamedTuple):
  """The text that instances are made of, how, and the seed."""
  corpus: corpus.Corpus
  masking: instances.MaskingConfig
  vocabulary: instances.Vocabulary
  seed: int

  def maker(self, seed) -> instances.InstanceMaker:
    """Returns the maker of the instances."""
    return instances.InstanceMaker(self.masking, self.vocabulary,
                                   random.Random(seed))


class _InstanceEncoder:
  """Encodes instances as records, in any process."""

  def __init__(self, masking):
    self._masking = masking
    self._encoder = record_encoder.RecordEncoder(feature_spec(
        masking.max_seq_length, masking.max_predictions_per_seq))

  def encode(self, instance):
    """Returns the bytes of a record."""
    return self._encoder.encode(to_row(instance, self._masking))


def feature_spec(max_seq_length: int, max_predictions_per_seq: int,
                 encoder: Optional[Encoder] = None
                ) -> Dict[str, Field]:
  """Returns name -> Field of a record, in its order.

  Args:
    max_seq_length, max_predictions_per_seq: tokens, and masked ones.
    encoder: which reads the records, and limits their numbers; None: no limits.
  """
  def limited(field, stop, reason):
    return field if encoder is None else field._replace(
        limit=records.Limit(stop, reason))

  tokens = Field(tf.int64, (max_seq_length,), is_per_token=True)
  masked = Field(tf.int64, (max_predictions_per_seq,))
  vocab_size, num_types = (
      (encoder.vocab_size, encoder.num_token_types) if encoder else (0, 0))
  return collections.OrderedDict([
      ("input_ids", limited(tokens, vocab_size, _OF_CONFIG % "vocab_size")),
      ("input_mask", limited(tokens, 2, "1: a token, 0: padding")),
      ("segment_ids", limited(tokens, num_types,
                              _OF_CONFIG % "type_vocab_size")),
      ("masked_lm_positions", limited(masked, max_seq_length,
                                      "--max_seq_length")),
      ("masked_lm_ids", limited(masked, vocab_size,
                                _OF_CONFIG % "vocab_size")),
      ("masked_lm_weights", masked._replace(kind=tf.float32)),
      ("next_sentence_labels", limited(Field(tf.int64, (1,)), 2,
                                       "1: the second text is random"))])


def to_row(instance: instances.Instance,
           masking: instances.MaskingConfig) -> List:
  """Returns an instance's lists of numbers, in the order of feature_spec."""
  length = len(instance.input_ids)
  padding = [0] * (masking.max_seq_length - length)
  count = len(instance.positions)
  missing = [0] * (masking.max_predictions_per_seq - count)
  return [instance.input_ids + padding, [1] * length + padding,
          instance.segment_ids() + padding,
          instance.positions + missing, instance.masked_ids + missing,
          [1.0] * count + missing, [int(instance.is_random_next)]]


def check_files(paths: Sequence[str], spec: Dict[str, Field]) -> None:
  """Raises UserError unless the first records of files are like a spec."""
  for path in paths:
    try:
      serialized = next(iter(tf.io.tf_record_iterator(path)), None)
    except tf.errors.OpError:
      continue  # The check of all records gives the reason.
    _check_kind(path, serialized, spec)
  record_check.check_start(paths, spec)


def _check_kind(path, serialized, spec):
  """Raises UserError for a first record of another program, or of other sizes.
  """
  if serialized is None:
    return
  features = record_check.features_of(serialized)
  if features is None:
    return
  for name, flag in (("input_ids", "max_seq_length"),
                     ("masked_lm_ids", "max_predictions_per_seq")):
    if name not in features:
      raise UserError("%s: its records have no %s; files of "
                      "create_pretraining_data.py are needed" % (path, name))
    length = len(features[name].int64_list.value)
    if (length,) != spec[name].shape:
      raise UserError("%s was made with --%s=%d, this run has %d" % (
          path, flag, length, spec[name].shape[0]))


def training_input_fn(paths: Sequence[str], spec: Dict[str, Field],
                      shuffle: input_fns.Shuffle,
                      is_static: bool = False) -> Callable:
  """Returns an input_fn over record files, which never ends.

  In each epoch, files are shuffled, read side by side, and records shuffled.
  Arguments and result as for input_fns.training_input_fn.
  """
  def input_fn(params):
    num_hosts, host = input_fns.hosts(params)
    dataset = _epochs(paths, shuffle.seed, num_hosts, host)
    dataset = dataset.skip(shuffle.num_skipped // num_hosts)
    return input_fns.to_training_batches(dataset, params, spec, is_static)

  return input_fn


def evaluation_input_fn(paths: Sequence[str], spec: Dict[str, Field],
                        is_static: bool = False) -> Callable:
  """Does the same in the files' order, again and again."""
  def input_fn(params):
    dataset = tf.data.Dataset.from_tensor_slices(list(paths)).flat_map(
        tf.data.TFRecordDataset).repeat()
    dataset = dataset.batch(params["batch_size"], drop_remainder=True)
    return input_fns.to_batches(input_fns.share(dataset, params), spec,
                                is_static)

  return input_fn


@input_fns.as_it_is
def _epochs(paths, seed, num_hosts, host):
  return tf.data.Dataset.range(input_fns.MAX_EPOCHS).flat_map(
      lambda epoch: _shuffled(paths, seed + epoch).shard(num_hosts, host))


def _shuffled(paths, seed):
  """Returns an epoch's records: several files at a time, and shuffled."""
  dataset = tf.data.Dataset.from_tensor_slices(list(paths)).shuffle(
      len(paths), seed=seed)
  return dataset.interleave(
      tf.data.TFRecordDataset, cycle_length=min(_NUM_READ, len(paths))).shuffle(
          _SHUFFLE_BUFFER, seed=seed)


def write_files(source: Source, paths: Sequence[str]) -> int:
  """Writes all instances, each to the next of several files in turn.

  Returns:
    Their number.

  Raises:
    UserError: the corpus has no documents.
  """
  tf.logging.info("*** Reading from input files ***")
  for path in source.corpus.paths:
    tf.logging.info("  %s", path)
  meter = console.Meter(corpus.num_bytes(source.corpus.paths), "Reading bytes")
  documents = corpus.read_documents(source.corpus, show=meter.show)
  meter.close()
  _check_documents(documents, source)
  meter = console.Meter(len(documents) * source.masking.dupe_factor,
                        "Making instances of documents")
  written = source.maker(source.seed).create(documents, meter.show)
  meter.close()
  write_instances(written, source.masking, paths,
                  source.corpus.tokenizer.convert_ids_to_tokens)
  return len(written)


def write_instances(made: Sequence[instances.Instance],
                    masking: instances.MaskingConfig, paths: Sequence[str],
                    tokens_of: Callable) -> None:
  """Writes instances, each to the next of several files in turn.

  Args:
    made: what is written; the log shows the first ones.
    masking: how long they are.
    paths: of the files.
    tokens_of: ids -> tokens, for the log.
  """
  tf.logging.info("*** Writing to output files ***")
  for path in paths:
    tf.logging.info("  %s", path)
  _log(made[:_NUM_LOGGED], masking, tokens_of)
  encode = _InstanceEncoder(masking).encode
  for index, path in enumerate(paths):
    records.write_records(path, map(encode, made[index::len(paths)]))
  tf.logging.info("Wrote %d total instances", len(made))


def shard_path(path: str, shard: int, num_shards: int) -> str:
  return "%s-%05d-of-%05d" % (path, shard, num_shards)


def write_shards(source: Source, path: str, num_shards: int,
                 shards: Iterable[int], num_workers: int) -> int:
  """Writes a file of instances for each num_shards-th part of the documents.

  Each has a seed of its own, so that it does not depend on which process makes
  it. Existing shards are left alone.

  Args:
    source: of the text.
    path: beginning of the files' names.
    num_shards: number of all shards.
    shards: numbers of those to write.
    num_workers: processes; 0: one per core.

  Returns:
    The number of instances written.

  Raises:
    UserError: files there were made of another text or with other settings, or
      there are too few documents.
  """
  shards = list(shards)
  num_documents = corpus.count_documents(source.corpus, shards[-1] + 1)
  if num_documents <= shards[-1]:
    raise UserError("--num_shards=%d: %s has %d documents; there should be a "
                    "blank line between documents" % (
                        num_shards, " ".join(source.corpus.paths[:3]),
                        num_documents))
  _check_made_alike(path + ".json", _describe(source, num_shards))
  missing = [shard for shard in shards
             if not tf.gfile.Exists(shard_path(path, shard, num_shards))]
  if len(missing) < len(shards):
    tf.logging.info("%d of %d shards are there already",
                    len(shards) - len(missing), len(shards))
  encode = _InstanceEncoder(source.masking).encode

  def write_shard(shard):
    documents = corpus.read_documents(source.corpus, shard, num_shards)
    _check_documents(documents, source, shard)
    # Records are half the size of the instances themselves.
    serialized = source.maker("%d/%d" % (source.seed, shard)).create(
        documents, pack=encode)
    records.write_records(shard_path(path, shard, num_shards), serialized)
    return len(serialized)

  counts = workers.map_ordered(write_shard, missing, num_workers, chunk_size=1,
                               min_items=2)
  total = sum(console.bar(counts, len(missing), "Making shards"))
  tf.logging.info("Wrote %d total instances", total)
  return total


def _check_documents(documents, source, shard=None):
  if documents:
    return
  paths = " ".join(source.corpus.paths[:3])
  if shard is None:
    raise UserError("--input_file: no documents in %s; there should be a "
                    "sentence a line, and a blank line between documents" %
                    paths)
  raise UserError("--num_shards: no token is left of the documents of shard %d "
                  "of %s" % (shard, paths))


def _describe(source, num_shards):
  """Returns what shards that belong together have in common."""
  return dict(
      source.masking._asdict(), random_seed=source.seed, num_shards=num_shards,
      vocabulary=len(source.vocabulary.entries),
      do_lower_case=source.corpus.tokenizer.basic_tokenizer.do_lower_case,
      tokenizer=vocabulary.kind_of(source.corpus.tokenizer),
      segmenter=getattr(source.corpus.segmenter, "__name__", None),
      input_files=[[os.path.basename(each), tf.gfile.Stat(each).length]
                   for each in source.corpus.paths])


def _check_made_alike(path, description):
  description = json.loads(json.dumps(description))
  if not tf.gfile.Exists(path):
    files.write_text(path, [json.dumps(description, indent=2, sort_keys=True)])
    return
  try:
    old = json.loads(files.read_text(path))
  except ValueError:
    old = {}
  old = dict(_NOT_ALWAYS_SAID, **old)
  for key, value in sorted(description.items()):
    if old.get(key) != value:
      raise UserError(
          "%s: shards there were made with %s %s, this run has %s; give "
          "another --output_file, or remove them and this file" % (
              path, key, old.get(key), value))


def _log(first, masking, tokens_of):
  names = list(feature_spec(1, 1))
  for instance in first:
    tf.logging.info("*** Example ***")
    tf.logging.info("tokens: %s", " ".join(tokens_of(instance.input_ids)))
    for name, values in zip(names, to_row(instance, masking)):
      tf.logging.info("%s: %s", name, " ".join(map(str, values)))
