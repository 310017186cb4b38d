"""XNLI: natural language inference in Chinese."""

from processors.base import Table
from processors.base import TableProcessor
from processors.base import register


@register("xnli")
class Xnli(TableProcessor):
  """MNLI machine-translated for training; XNLI's zh rows for dev and test."""
  labels = ("contradiction", "entailment", "neutral")
  label_aliases = {"contradictory": "contradiction"}
  train = Table("multinli/multinli.train.zh.tsv", text_a=0, text_b=1, label=2)
  dev = Table("xnli.dev.tsv", text_a=6, text_b=7, label=1, only=(0, "zh"))
  test = dev._replace(path="xnli.test.tsv")
