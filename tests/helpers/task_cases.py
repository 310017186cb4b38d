"""What every task's files look like, and what they say: the first tasks."""
import typing

NLI_LABELS = ["contradiction", "entailment", "neutral"]


class Mistake(typing.NamedTuple):
  """A line that a task refuses.

  Attributes:
    path: of a file of the case; it tells the set, too.
    line: counted from 1.
    text: what stands there.
    fragments: what is said of it.
  """
  path: str
  line: int
  text: str
  fragments: list


class Case(typing.NamedTuple):
  """A task's files and what they say.

  Attributes:
    labels: in order, or None.
    files: path below data_dir -> rows of columns, of dicts, or text.
    train, dev, test: (guid, text_a, text_b, label) of each example.
    mistakes: that the task refuses.
  """
  labels: list
  files: dict
  train: list
  dev: list
  test: list
  mistakes: tuple = ()


def blank(count):
  return [""] * count


def mnli_row(number, texts, labels=()):
  """Columns of MNLI: 4 of where it is from, 4 parses, texts, labels."""
  return [number, "p", "q", "fiction"] + blank(4) + list(texts) + list(labels)


def pair_header(*names):
  return ["index"] + list(names)


MNLI_HEADER = mnli_row("index", ["sentence1", "sentence2"])
XNLI_HEADER = (["language", "gold_label"] + blank(4) +
               ["sentence1", "sentence2", "promptID"])


def xnli_row(language, label, text_a, text_b):
  return [language, label] + blank(4) + [text_a, text_b, "7"]


def index_pairs(labels, names=("sentence1", "sentence2")):
  """The layout that QNLI, RTE and WNLI share."""
  header = pair_header(*names)
  return Case(
      labels,
      {"train.tsv": [header + ["label"], ["5", "a b", "c", labels[1]],
                     ["6", "d", "e", labels[0]]],
       "dev.tsv": [header + ["label"], ["0", "f", "g", labels[0]]],
       "test.tsv": [header, ["3", "h", "i"]]},
      [("train-5", "a b", "c", labels[1]), ("train-6", "d", "e", labels[0])],
      [("dev-0", "f", "g", labels[0])],
      [("test-3", "h", "i", None)])


CASES = {
    "cola": Case(
        ["0", "1"],
        {"train.tsv": [["gj04", "1", "", "a b"], ["gj04", "0", "*", "c"]],
         "dev.tsv": [["gj04", "0", "*", "d"]],
         "test.tsv": [["index", "sentence"], ["0", "e"], ["1", "f"]]},
        [("train-0", "a b", None, "1"), ("train-1", "c", None, "0")],
        [("dev-0", "d", None, "0")],
        [("test-1", "e", None, None), ("test-2", "f", None, None)]),
    "mnli": Case(
        NLI_LABELS,
        {"train.tsv": [MNLI_HEADER + ["label1", "gold_label"],
                       mnli_row("31", ["a b", "c"], ["neutral", "entailment"])],
         "dev_matched.tsv": [
             MNLI_HEADER + ["label%d" % i for i in range(1, 6)] +
             ["gold_label"],
             mnli_row("8", ["d", "e"], ["entailment"] * 5 + ["neutral"])],
         "test_matched.tsv": [MNLI_HEADER, mnli_row("9", ["f", "g"])]},
        [("train-31", "a b", "c", "entailment")],
        [("dev_matched-8", "d", "e", "neutral")],
        [("test-9", "f", "g", None)]),
    "mrpc": Case(
        ["0", "1"],
        {"train.tsv": [["Quality", "#1 ID", "#2 ID", "#1 String", "#2 String"],
                       ["1", "702876", "702977", "a b", "c"]],
         "dev.tsv": [["Quality", "#1 ID", "#2 ID", "#1 String", "#2 String"],
                     ["0", "1", "2", "d", "e"]],
         "test.tsv": [["index", "#1 ID", "#2 ID", "#1 String", "#2 String"],
                      ["0", "1089874", "1089925", "f", "g"]]},
        [("train-1", "a b", "c", "1")],
        [("dev-1", "d", "e", "0")],
        [("test-1", "f", "g", None)]),
    "sst-2": Case(
        ["0", "1"],
        {"train.tsv": [["sentence", "label"], ["a b ", "0"]],
         "dev.tsv": [["sentence", "label"], ["c", "1"]],
         "test.tsv": [["index", "sentence"], ["0", "d"]]},
        [("train-1", "a b ", None, "0")],
        [("dev-1", "c", None, "1")],
        [("test-1", "d", None, None)]),
    "qqp": Case(
        ["0", "1"],
        {"train.tsv": [["id", "qid1", "qid2", "question1", "question2",
                        "is_duplicate"],
                       ["133273", "213221", "213222", "a b", "c", "1"]],
         "dev.tsv": [["id", "qid1", "qid2", "question1", "question2",
                      "is_duplicate"], ["7", "8", "9", "d", "e", "0"]],
         "test.tsv": [["id", "question1", "question2"], ["4", "f", "g"]]},
        [("train-133273", "a b", "c", "1")],
        [("dev-7", "d", "e", "0")],
        [("test-4", "f", "g", None)]),
    "qnli": index_pairs(["entailment", "not_entailment"],
                        ("question", "sentence")),
    "rte": index_pairs(["entailment", "not_entailment"]),
    "wnli": index_pairs(["0", "1"]),
    "xnli": Case(
        NLI_LABELS,
        {"multinli/multinli.train.zh.tsv": [
            ["premise", "hypo", "label"], ["我 想", "你 好", "contradictory"],
            ["水", "火", "neutral"]],
         "xnli.dev.tsv": [
             XNLI_HEADER, xnli_row("en", "neutral", "a", "b"),
             xnli_row("zh", "contradiction", "水", "火"),
             xnli_row("zh", "entailment", "山", "土")],
         "xnli.test.tsv": [
             XNLI_HEADER, xnli_row("zh", "neutral", "日", "月"),
             xnli_row("ar", "neutral", "a", "b")]},
        [("train-1", "我 想", "你 好", "contradiction"),
         ("train-2", "水", "火", "neutral")],
        [("dev-2", "水", "火", "contradiction"),
         ("dev-3", "山", "土", "entailment")],
        [("test-1", "日", "月", "neutral")]),
    "domainc": Case(
        ["上网服务管理", "出入境管理", "刑事案件管辖", "户政管理", "治安管理",
         "消防管理", "禁毒管理", "道路交通"],
        {"train.tsv": [["label", "text"], ["户政管理", "身份证丢了怎么办"]],
         "dev.tsv": [["label", "text"], ["道路交通", "换 驾照"]],
         "test.tsv": [["label", "text"], ["", "灭火器"], ["没有", "网吧"]]},
        [("train-1", "身份证丢了怎么办", None, "户政管理")],
        [("dev-1", "换 驾照", None, "道路交通")],
        [("test-1", "灭火器", None, None), ("test-2", "网吧", None, None)]),
    "baidu_95": Case(
        None,
        {"train.csv": [["高中 生物", "光合作用"], ["政治", '"价值,规律"']],
         "valid.csv": [["历史", '"他说""好"""']],
         "test.csv": [["地理", "季风"], ["没有", "洋流"], ["", "火山"]]},
        [("train-0", "光合作用", None, ["高中", "生物"]),
         ("train-1", "价值,规律", None, ["政治"])],
        [("dev-0", '他说"好"', None, ["历史"])],
        [("test-0", "季风", None, None), ("test-1", "洋流", None, None),
         ("test-2", "火山", None, None)]),
}
