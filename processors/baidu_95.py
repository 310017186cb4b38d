"""Baidu's exam questions: 95 labels of subject and knowledge points."""

import itertools
import os

import tensorflow.compat.v1 as tf

from bert.common.errors import UserError
from bert.data.examples import InputExample
from bert.data.examples import Source
from processors.base import Table
from processors.base import TableProcessor
from processors.base import register
from processors.files import read_csv
from processors.files import read_lines
from processors.labels import read_labels

# In the order of the columns of test_results.tsv.
_LABELS = """
生物性污染 细胞有丝分裂不同时期的特点 液泡的结构和功能 组成细胞的化学元素
兴奋在神经纤维上的传导 不完全显性 免疫系统的组成 生物技术在其他方面的应用
群落的结构 中央官制——三公九卿制 核糖体的结构和功能
人体免疫系统在维持稳态中的作用 皇帝制度 激素调节 伴性遗传
地球运动的地理意义 宇宙中的地球 地球运动的基本形式 基因工程的原理及技术
体液免疫的概念和过程 基因的分离规律的实质及应用 蛋白质的合成
地球的内部圈层结构及特点 人口增长与人口问题 经济学常识 劳动就业与守法经营
器官移植 生物技术实践 垄断组织的出现 基因工程的概念
神经调节和体液调节的比较 人口与城市 组成细胞的化合物 地理 文艺的春天
生物工程技术 基因的自由组合规律的实质及应用 郡县制 人体水盐平衡调节
内质网的结构和功能 人体的体温调节 免疫系统的功能 科学社会主义常识
与细胞分裂有关的细胞器 太阳对地球的影响 古代史 清末民主革命风潮 复等位基因
人工授精、试管婴儿等生殖技术 “重农抑商”政策 生态系统的营养结构
减数分裂的概念 地球的外部圈层结构及特点 细胞的多样性和统一性 政治
工业区位因素 细胞大小与物质运输的关系 夏商两代的政治制度 农业区位因素
溶酶体的结构和功能 生产活动与地域联系 内环境的稳态 遗传与进化 胚胎移植
生物科学与社会 近代史 第三产业的兴起和“新经济”的出现 公民道德与伦理常识
中心体的结构和功能 社会主义市场经济的伦理要求 高中 选官、用官制度的变化
减数分裂与有丝分裂的比较 遗传的细胞基础 地球所处的宇宙环境
培养基与无菌技术 生活中的法律常识 高尔基体的结构和功能
社会主义是中国人民的历史性选择 人口迁移与人口流动 现代史 地球与地图
走进细胞 生物 避孕的原理和方法 血糖平衡的调节 现代生物技术专题
海峡两岸关系的发展 生命活动离不开细胞 兴奋在神经元之间的传递 历史
分子与细胞 拉马克的进化学说 遗传的分子基础 稳态与环境
""".split()


def _read_questions(path):
  """Yields (line number, [labels, text]): commas in a text need no quotes."""
  for number, columns in read_csv(path):
    yield number, columns[:1] + [",".join(columns[1:])] * (len(columns) > 1)


@register("baidu_95")
class Baidu95(TableProcessor):
  """Every label of an exam question.

  Reads train.csv, valid.csv and test.csv (labels, text), or folders train,
  valid and test with token_in.txt and predicate_out.txt (word pieces, labels).
  A labels.txt in data_dir, a label a line, replaces the built-in 95.
  """
  head = "multi_label"
  train = Table("train.csv", text_a=1, label=0, has_header=False,
                reader=_read_questions)
  dev = train._replace(path="valid.csv")
  test = train._replace(path="test.csv")

  def get_labels(self):
    return read_labels(self.data_dir) or list(_LABELS)

  def read_label(self, text):
    return text.split()

  def checked_examples(self, path, table, set_name):
    folder = os.path.splitext(path)[0]
    if not tf.gfile.IsDirectory(folder):
      yield from super().checked_examples(path, table, set_name)
      return
    is_test = set_name == "test"
    num_blank = 0
    for source, text, label in _read_lines(folder, is_test):
      if not text.strip():
        num_blank += 1
        continue
      example = InputExample(
          "%s-%d" % (set_name, source.line - 1), text.split(),
          label=None if label is None else label.split(), source=source)
      if not is_test:
        self.check_label(example)
      yield example
    if num_blank:
      tf.logging.info(
          "%s: %d blank texts skipped; predictions of a test set have no lines "
          "for them", folder, num_blank)


def _read_lines(folder, is_test):
  """Yields (Source, text, label) of each line; the label of a test set may be
  None. Raises UserError unless there are as many of both."""
  text_path = os.path.join(folder, "token_in.txt")
  path = os.path.join(folder, "predicate_out.txt")
  texts = read_lines(text_path, True)
  if is_test and not tf.gfile.Exists(path):
    for line, text in texts:
      yield Source(text_path, line), text, None
    return
  labels = read_lines(path, True)
  num_texts = num_labels = 0
  for text, label in itertools.zip_longest(texts, labels):
    num_texts += text is not None
    num_labels += label is not None
    if text and label:
      yield Source(path, label[0]), text[1], label[1]
  if num_texts != num_labels:
    raise UserError("%s: %d lines, token_in.txt beside it has %d; they must be "
                    "as many" % (path, num_labels, num_texts))
