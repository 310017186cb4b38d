"""A fork's processor that finds its labels while it reads."""
import os

from processors.base import DataProcessor, InputExample, register


@register("found_labels")
class FoundProcessor(DataProcessor):

  def __init__(self):
    self.labels = []

  def get_train_examples(self, data_dir):
    return self._read(data_dir, "train.txt")

  def get_dev_examples(self, data_dir):
    return self._read(data_dir, "dev.txt")

  def get_test_examples(self, data_dir):
    return self._read(data_dir, "test.txt")

  def get_labels(self):
    return self.labels

  def _read(self, data_dir, name):
    examples = []
    with open(os.path.join(data_dir, name), "rb") as reader:
      for index, line in enumerate(reader):
        label, text = line.strip().split(b"_!_")
        if label not in self.labels:
          self.labels.append(label)
        examples.append(InputExample(index, text, None, label))
    return examples
