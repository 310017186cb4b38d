"""A fork's processor that reads with the csv module; labels are numbers."""
from __future__ import absolute_import

import csv
import os

import tokenization
from run_classifier import DataProcessor, InputExample

from processors.base import register


@register("csv_reviews")
class ReviewsProcessor(DataProcessor):

  def get_train_examples(self, data_dir):
    return self._create_examples(os.path.join(data_dir, "train.csv"), "train")

  def get_dev_examples(self, data_dir):
    return self._create_examples(os.path.join(data_dir, "dev.csv"), "dev")

  def get_test_examples(self, data_dir):
    return self._create_examples(os.path.join(data_dir, "test.csv"), "test")

  def get_labels(self):
    return [0, 1]

  def _create_examples(self, path, set_type):
    examples = []
    with open(path, encoding="utf-8") as f:
      for i, row in enumerate(csv.reader(f)):
        if i == 0:
          continue
        examples.append(InputExample(
            guid="%s-%d" % (set_type, i),
            text_a=tokenization.convert_to_unicode(row[1]), text_b=None,
            label=int(row[0])))
    return examples
