"""The tasks of GLUE, https://gluebenchmark.com, in its files."""

from processors.base import Table
from processors.base import TableProcessor
from processors.base import register


@register("cola")
class Cola(TableProcessor):
  """Whether a sentence is acceptable English."""
  labels = ("0", "1")
  metrics = ("mcc",)
  train = Table("train.tsv", text_a=3, label=1, has_header=False)
  dev = Table("dev.tsv", text_a=3, label=1, has_header=False)
  test = Table("test.tsv", text_a=1)


@register("mnli")
class Mnli(TableProcessor):
  """Whether the second text follows from the first; matched genres."""
  labels = ("contradiction", "entailment", "neutral")
  dev_name = "dev_matched"
  train = Table("train.tsv", text_a=8, text_b=9, label=-1, guid=0)
  dev = train._replace(path="dev_matched.tsv")
  test = train._replace(path="test_matched.tsv", label=None)


@register("mrpc")
class Mrpc(TableProcessor):
  """Whether two sentences say the same."""
  labels = ("0", "1")
  metrics = ("f1",)
  train = Table("train.tsv", text_a=3, text_b=4, label=0)
  dev = train._replace(path="dev.tsv")
  test = train._replace(path="test.tsv", label=None)


@register("sst-2")
class Sst2(TableProcessor):
  """Whether a film review is favourable."""
  labels = ("0", "1")
  train = Table("train.tsv", text_a=0, label=1)
  dev = Table("dev.tsv", text_a=0, label=1)
  test = Table("test.tsv", text_a=1)


@register("qqp")
class Qqp(TableProcessor):
  """Whether two questions ask the same."""
  labels = ("0", "1")
  metrics = ("f1",)
  train = Table("train.tsv", text_a=3, text_b=4, label=5, guid=0)
  dev = train._replace(path="dev.tsv")
  test = Table("test.tsv", text_a=1, text_b=2, guid=0)


@register("qnli")
class Qnli(TableProcessor):
  """Whether a sentence answers a question."""
  labels = ("entailment", "not_entailment")
  train = Table("train.tsv", text_a=1, text_b=2, label=3, guid=0)
  dev = train._replace(path="dev.tsv")
  test = train._replace(path="test.tsv")


@register("rte")
class Rte(Qnli):
  """Whether the second text follows from the first; QNLI's columns."""


@register("wnli")
class Wnli(Qnli):
  """Whether the second text follows from the first, a pronoun replaced."""
  labels = ("0", "1")


@register("sts-b", "stsb")
class StsB(TableProcessor):
  """How alike two sentences are, from 0 to 5."""
  head = "regression"
  metrics = ("pearson_spearman",)
  label_range = (0.0, 5.0)
  train = Table("train.tsv", text_a="sentence1", text_b="sentence2",
                label="score")
  dev = train._replace(path="dev.tsv")
  test = train._replace(path="test.tsv")
