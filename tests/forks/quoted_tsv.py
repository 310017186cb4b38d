"""A fork's processor on _read_tsv with a quotechar; it looks for its files by
tf.gfile."""
import os

import tensorflow.compat.v1 as tf

import run_classifier
import tokenization
from processors.base import register


@register("quoted_tsv")
class QuotedProcessor(run_classifier.DataProcessor):

  def get_train_examples(self, data_dir):
    return self._create_examples(
        self._read_tsv(os.path.join(data_dir, "train.tsv"), quotechar='"'),
        "train")

  def get_dev_examples(self, data_dir):
    path = os.path.join(data_dir, "dev.tsv")
    if not tf.gfile.Exists(path):
      raise ValueError("no dev set")
    return self._create_examples(self._read_tsv(path, '"'), "dev")

  def get_test_examples(self, data_dir):
    with tf.gfile.Open(os.path.join(data_dir, "test.tsv"), "r") as f:
      lines = [line.rstrip("\n").split("\t") for line in f]
    return self._create_examples(lines, "test")

  def get_labels(self):
    return ["bad", "good"]

  def _create_examples(self, lines, set_type):
    examples = []
    for (i, line) in enumerate(lines):
      guid = "%s-%s" % (set_type, i)
      text_a = tokenization.convert_to_unicode(line[0])
      label = None
      if set_type != "test":
        label = tokenization.convert_to_unicode(line[1])
      examples.append(run_classifier.InputExample(
          guid=guid, text_a=text_a, text_b=None, label=label))
    return examples
