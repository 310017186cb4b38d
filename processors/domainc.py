"""Domains of questions to the police."""

from processors.base import Table
from processors.base import TableProcessor
from processors.base import register


@register("domainc")
class Domainc(TableProcessor):
  """Which office a public-security question belongs to."""
  labels = ("上网服务管理", "出入境管理", "刑事案件管辖", "户政管理", "治安管理",
            "消防管理", "禁毒管理", "道路交通")
  train = Table("train.tsv", text_a=1, label=0)
  dev = train._replace(path="dev.tsv")
  test = train._replace(path="test.tsv")
