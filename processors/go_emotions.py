"""GoEmotions: the emotions in English comments."""

from bert.common.errors import UserError
from processors.base import Table
from processors.base import TableProcessor
from processors.base import register
from processors.labels import read_labels


@register("go_emotions")
class GoEmotions(TableProcessor):
  """Every emotion of a comment.

  Reads rows `text TAB ids, separated by commas TAB id of the comment`. An
  emotions.txt or labels.txt in data_dir names the emotions, the first line
  being 0; without one they go by their numbers.
  """
  head = "multi_label"
  labels = None
  train = Table("train.tsv", text_a=0, label=1, guid=2, has_header=False)
  dev = train._replace(path="dev.tsv")
  test = train._replace(path="test.tsv")
  _emotions = None

  def listed_labels(self):
    return read_labels(self.data_dir, "emotions.txt") or super().listed_labels()

  def sort_labels(self, labels):
    return sorted(labels, key=int)

  def read_label(self, text):
    if self._emotions is None:
      self._emotions = self.listed_labels() or []
    return [self._name(number.strip()) for number in text.split(",")
            if number.strip()]

  def check_new_label(self, name, where):
    if not name.isdecimal():
      raise UserError("%s: emotion %r is not a number; numbers from 0, "
                      "separated by commas, are needed" % (where, name))

  def _name(self, number):
    is_listed = number.isdecimal() and int(number) < len(self._emotions)
    return self._emotions[int(number)] if is_listed else number
