"""What people say of hotels, goods and restaurants, in Chinese."""

from processors.base import Table
from processors.base import TableProcessor
from processors.base import register
from processors.files import read_csv


@register("chnsenticorp")
class ChnSentiCorp(TableProcessor):
  """Whether a review is favourable."""
  labels = ("0", "1")
  train = Table("train.tsv", text_a="text_a", label="label")
  dev = train._replace(path="dev.tsv")
  test = train._replace(path="test.tsv")


@register("boyu")
class Boyu(TableProcessor):
  """Whether a restaurant comment is fit to be a recommendation."""
  labels = ("0", "1")
  metrics = ("auc",)
  train = Table("train.csv", text_a="content", label="label", reader=read_csv)
  dev = train._replace(path="dev.csv")
  test = train._replace(path="test.csv")
