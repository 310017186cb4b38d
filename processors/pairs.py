"""Whether two Chinese sentences mean the same: AFQMC, LCQMC, BQ."""

from processors.base import Table
from processors.base import TableProcessor
from processors.base import register
from processors.files import read_csv
from processors.files import read_jsonl


def _tables(name):
  tsv = Table(name + ".txt", text_a=0, text_b=1, label=2, has_header=False)
  named = Table(name + ".csv", text_a="sentence1", text_b="sentence2",
                label="label", reader=read_csv)
  return (tsv, tsv._replace(path=name + ".tsv"), named,
          named._replace(path=name + ".json", reader=read_jsonl))


@register("afqmc")
class Afqmc(TableProcessor):
  """Questions to Ant Financial.

  Reads rows of TSV without a header, `sentence1 TAB sentence2 TAB label`; CSV
  with a header of these names; or JSON lines with these keys.
  """
  labels = ("0", "1")
  train = _tables("train")
  dev = _tables("dev")
  test = _tables("test")


@register("lcqmc")
class Lcqmc(Afqmc):
  """Questions of all kinds; AFQMC's files."""


@register("bq")
class Bq(Afqmc):
  """Questions to a bank; AFQMC's files."""
