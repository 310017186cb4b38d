"""A program that reads its corpus itself and makes instances one document at a
time, as those do that pre-train on other files.

Usage: own_corpus.py GOLDEN FLAGS.json OUTPUT.tf_record

Draws what the reference's create_pretraining_data.py draws.
"""
import json
import os
import random
import sys

import tensorflow.compat.v1 as tf

import create_pretraining_data
import tokenization
from create_pretraining_data import create_float_feature
from create_pretraining_data import create_instances_from_document
from create_pretraining_data import create_int_feature

GOLDEN, SETTINGS, OUTPUT = sys.argv[1:]
with open(SETTINGS, encoding="utf-8") as reader:
  SETTINGS = json.load(reader)
flags = tf.flags
flags.DEFINE_bool("do_whole_word_mask", SETTINGS["do_whole_word_mask"], "")


def read_documents(tokenizer):
  documents = [[]]
  for name in ("corpus_en.txt", "corpus_zh.txt"):
    with open(os.path.join(GOLDEN, name), encoding="utf-8") as lines:
      for line in lines:
        if not line.strip():
          documents.append([])
        tokens = tokenizer.tokenize(line.strip())
        if tokens:
          documents[-1].append(tokens)
  return [each for each in documents if each]


def to_record(instance, tokenizer):
  assert isinstance(instance, create_pretraining_data.TrainingInstance)
  length, most = SETTINGS["max_seq_length"], SETTINGS["max_predictions_per_seq"]
  ids = tokenizer.convert_tokens_to_ids(instance.tokens)
  labels = tokenizer.convert_tokens_to_ids(instance.masked_lm_labels)

  def padded(values, size):
    return create_int_feature(list(values) + [0] * (size - len(values)))

  return tf.train.Example(features=tf.train.Features(feature={
      "input_ids": padded(ids, length),
      "input_mask": padded([1] * len(ids), length),
      "segment_ids": padded(instance.segment_ids, length),
      "masked_lm_positions": padded(instance.masked_lm_positions, most),
      "masked_lm_ids": padded(labels, most),
      "masked_lm_weights": create_float_feature(
          [1.0] * len(labels) + [0.0] * (most - len(labels))),
      "next_sentence_labels": create_int_feature(
          [int(instance.is_random_next)])}))


def main(_):
  tokenizer = tokenization.FullTokenizer(
      os.path.join(GOLDEN, "vocab.txt"), SETTINGS["do_lower_case"])
  rng = random.Random(SETTINGS["random_seed"])
  documents = read_documents(tokenizer)
  rng.shuffle(documents)
  words = list(tokenizer.vocab.keys())
  instances = []
  for _ in range(SETTINGS["dupe_factor"]):
    for index in range(len(documents)):
      instances.extend(create_instances_from_document(
          documents, index, SETTINGS["max_seq_length"],
          SETTINGS["short_seq_prob"], SETTINGS["masked_lm_prob"],
          SETTINGS["max_predictions_per_seq"], words, rng))
  rng.shuffle(instances)
  with tf.io.TFRecordWriter(OUTPUT) as writer:
    for instance in instances:
      writer.write(to_record(instance, tokenizer).SerializeToString())


if __name__ == "__main__":
  tf.app.run(argv=sys.argv[:1])
