"""A fork's processor of pairs that reads with codecs."""
import codecs
import os

import modeling  # Forks import it, used or not.
import optimization
import tokenization
from bert.run_classifier import DataProcessor, InputExample

from processors.base import register


@register("codecs_pairs")
class PairsProcessor(DataProcessor):
  """Chinese pairs; the last column says whether they match."""

  def _read(self, data_dir, name):
    lines = []
    with codecs.open(os.path.join(data_dir, name), "r", "utf-8") as reader:
      for line in reader:
        lines.append(line.rstrip("\r\n").split("\t"))
    return lines

  def _examples(self, lines, set_type):
    examples = []
    for index, line in enumerate(lines):
      guid = "%s-%s" % (set_type, index)
      text_a = tokenization.convert_to_unicode(line[0])
      text_b = tokenization.convert_to_unicode(line[1])
      label = "0" if set_type == "test" else line[2]
      examples.append(InputExample(guid=guid, text_a=text_a, text_b=text_b,
                                   label=label))
    return examples

  def get_train_examples(self, data_dir):
    return self._examples(self._read(data_dir, "train.txt"), "train")

  def get_dev_examples(self, data_dir):
    return self._examples(self._read(data_dir, "dev.txt"), "dev")

  def get_test_examples(self, data_dir):
    return self._examples(self._read(data_dir, "test.txt"), "test")

  def get_labels(self):
    return ["0", "1"]
