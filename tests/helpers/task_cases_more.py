"""What every task's files look like, and what they say: the later tasks."""
from task_cases import Case, Mistake


def sentence_pairs():
  """AFQMC's files, which LCQMC and BQ share."""
  return Case(
      ["0", "1"],
      {"train.txt": [["花呗 额度", "怎么提额", "1"], ["水", "火", "0"]],
       "dev.txt": [["山", '"土', "0"]],
       "test.txt": [["日", "月"], ["星", "辰", "9"]]},
      [("train-0", "花呗 额度", "怎么提额", "1"), ("train-1", "水", "火", "0")],
      [("dev-0", "山", '"土', "0")],
      [("test-0", "日", "月", None), ("test-1", "星", "辰", None)],
      (Mistake("train.txt", 2, "水\t火", [" 2 columns", "needs 3"]),
       Mistake("dev.txt", 1, "山\t土\t2", ["'2'", "0 1"]),
       Mistake("test.txt", 2, "星", [" 1 columns", "needs 2"])))


def similarity():
  """STS-B has two names."""
  header = ["index", "genre", "sentence1", "sentence2"]
  return Case(
      [],
      {"train.tsv": [header + ["score"],
                     ["0", "news", "A plane.", 'A "jet', "5.000"],
                     ["1", "news", "a", "b", "0"]],
       "dev.tsv": [header + ["score"], ["0", "news", "c", "d", "3.8"]],
       "test.tsv": [header, ["0", "news", "e", "f"]]},
      [("train-1", "A plane.", 'A "jet', "5.000"), ("train-2", "a", "b", "0")],
      [("dev-1", "c", "d", "3.8")],
      [("test-1", "e", "f", None)],
      (Mistake("train.tsv", 1, "index\tsentence1\tsentence2\tscores",
               ["'score', did you mean scores?", "'sentence2', 'scores'"]),
       Mistake("train.tsv", 3, "1\tnews\ta\tb", [" 4 columns", "needs 5"]),
       Mistake("train.tsv", 2, "0\tnews\ta\tb\tgood", ["'good'", "number"]),
       Mistake("dev.tsv", 2, "0\tnews\ta\tb\t", ["''", "number"]),
       Mistake("dev.tsv", 2, "0\tnews\ta\tb\tnan", ["'nan'", "number"]),
       Mistake("dev.tsv", 2, "0\tnews\ta\tb\t1e39", ["'1e39'", "number"]),
       Mistake("test.tsv", 1, "index\tsentence1\ttext\tscore",
               ["'sentence2', did you mean sentence1?"])))


SWAG_HEADER = ["", "video-id", "fold-ind", "startphrase", "sent1", "sent2",
               "gold-source"] + ["ending%d" % index for index in range(4)]


def swag_row(name, context, start, endings):
  return ["0", "anetv", name, "both", context, start,
          "gold"] + endings.split()


CASES = {
    "tnews": Case(
        ["100", "104"],
        {"train.json": [
            {"label": 104, "label_desc": "news_finance", "sentence": "股票涨了",
             "keywords": "", "id": 7},
            {"label": "100", "sentence": "从前有座山"}],
         "dev.json": [{"label": 100, "sentence": "故事", "id": 55}],
         "test.json": [{"sentence": "银行", "id": "x9"},
                       {"label": 999, "sentence": "山", "id": 3}]},
        [("train-7", "股票涨了", None, "104"),
         ("train-1", "从前有座山", None, "100")],
        [("dev-55", "故事", None, "100")],
        [("test-x9", "银行", None, None), ("test-3", "山", None, None)],
        (Mistake("train.json", 2, '{"label": 100, "text": "山"}',
                 ["no column is 'sentence'", "columns: 'label', 'text'"]),
         Mistake("train.json", 1, '{"label": "", "sentence": "山"}',
                 ["''", "blank"]),
         Mistake("train.json", 1, '{"label": [100], "sentence": "山"}',
                 ["'100'", "list", "single"]),
         Mistake("dev.json", 1, '{"label": 999, "sentence": "山"}',
                 ["'999'", "100 104", "labels.txt"]),
         Mistake("test.json", 2, '{"sentence": null}',
                 ["'sentence'", "null", "text"]))),
    "afqmc": sentence_pairs(),
    "lcqmc": sentence_pairs(),
    "bq": sentence_pairs(),
    "chnsenticorp": Case(
        ["0", "1"],
        {"train.tsv": [["label", "text_a"], ["1", "房间 很好"], ["0", "太吵"]],
         "dev.tsv": [["qid", "label", "text_a"], ["9", "0", "不行"]],
         "test.tsv": [["text_a"], ["还好"]]},
        [("train-1", "房间 很好", None, "1"), ("train-2", "太吵", None, "0")],
        [("dev-1", "不行", None, "0")],
        [("test-1", "还好", None, None)],
        (Mistake("train.tsv", 1, "label\ttext",
                 ["'text_a', did you mean text?", "columns: 'label', 'text'"]),
         Mistake("train.tsv", 3, "0", [" 1 columns", "needs 2"]),
         Mistake("dev.tsv", 2, "9\t2\t不行", ["'2'", "0 1"]))),
    "weibo_ner": Case(
        ["O", "B-PER.NAM", "I-PER.NAM"],
        {"weiboNER_2nd_conll.train":
            "科0\tO\n技1\tO\n\n小0\tB-PER.NAM\n明1\tI-PER.NAM\n30\tO\n",
         "weiboNER_2nd_conll.dev": "京0\tB-PER.NAM\n",
         "weiboNER_2nd_conll.test": "海0\n\n上1\n南10"},
        [("train-0", ["科", "技"], None, ["O", "O"]),
         ("train-1", ["小", "明", "3"], None, ["B-PER.NAM", "I-PER.NAM", "O"])],
        [("dev-0", ["京"], None, ["B-PER.NAM"])],
        [("test-0", ["海"], None, None), ("test-1", ["上", "南"], None, None)],
        (Mistake("weiboNER_2nd_conll.train", 5, "明1",
                 [" 1 columns", "2 are needed"]),
         Mistake("weiboNER_2nd_conll.train", 5, "明1\tX-PER.NAM",
                 ["'X-PER.NAM'", "O, B-TYPE or I-TYPE"]),
         Mistake("weiboNER_2nd_conll.dev", 1, "京0\tB-GPE.NAM",
                 ["'B-GPE.NAM'", "O B-PER.NAM I-PER.NAM", "labels.txt"]))),
    "conll": Case(
        ["O", "B-LOC", "B-ORG", "B-PER"],
        {"train.txt":
            "-DOCSTART- -X- O O\n\nU.N. NNP I-NP I-ORG\nofficial NN I-NP O\n"
            "Ekeus NNP I-NP I-PER\n\nParis NNP I-NP I-LOC\n"
            "Lyon NNP I-NP B-LOC\n",
         "valid.txt": "-DOCSTART- O\n\nRome I-LOC\n\n",
         "test.txt": "Peter\tB-PER\n"},
        [("train-0", ["U.N.", "official", "Ekeus"], None,
          ["B-ORG", "O", "B-PER"]),
         ("train-1", ["Paris", "Lyon"], None, ["B-LOC", "B-LOC"])],
        [("dev-0", ["Rome"], None, ["B-LOC"])],
        [("test-0", ["Peter"], None, ["B-PER"])],
        (Mistake("train.txt", 8, "Lyon", [" 1 columns", "2 are needed"]),
         Mistake("train.txt", 8, "Lyon NNP I-NP LOC",
                 ["'LOC'", "O, B-TYPE or I-TYPE"]),
         Mistake("valid.txt", 3, "Rome I-MISC",
                 ["'B-MISC'", "O B-LOC B-ORG B-PER", "labels.txt"]))),
    "swag": Case(
        ["0", "1", "2", "3"],
        {"train.csv": [SWAG_HEADER + ["label"],
                       swag_row("7", "It rains.", "He", "runs sits eats cooks")
                       + ["2"]],
         "val.csv": [["label"] + SWAG_HEADER,
                     ["0"] + swag_row("8", '"Then, it stops."', "She",
                                      "goes comes sees says")],
         "test.csv": [SWAG_HEADER, swag_row("9", "Ah.", "It",
                                            "is was has does")]},
        [("train-7", "It rains.", ["He runs", "He sits", "He eats",
                                   "He cooks"], "2")],
        [("val-8", "Then, it stops.", ["She goes", "She comes", "She sees",
                                       "She says"], "0")],
        [("test-9", "Ah.", ["It is", "It was", "It has", "It does"], None)],
        (Mistake("train.csv", 1, "sent1,sent2,label",
                 ["no column is 'fold-ind'"]),
         Mistake("train.csv", 2, "1,2,a,b", [" 4 columns", "needs 12"]),
         Mistake("val.csv", 2, "4,0,anetv,8,a,b,c,g,w,x,y,z",
                 ["'4'", "0 1 2 3"]))),
    "sts-b": similarity(),
    "stsb": similarity(),
    "boyu": Case(
        ["0", "1"],
        {"train.csv": [["content", "label"], ["酸菜鱼不错", "0"],
                       ['"好吃,不贵"', "1"]],
         "dev.csv": [["content", "label"], ["辣", "1"]],
         "test.csv": [["content"], ["蘸着吃"]]},
        [("train-1", "酸菜鱼不错", None, "0"), ("train-2", "好吃,不贵", None, "1")],
        [("dev-1", "辣", None, "1")],
        [("test-1", "蘸着吃", None, None)],
        (Mistake("train.csv", 1, "text,label",
                 ["no column is 'content'", "columns: 'text', 'label'"]),
         Mistake("train.csv", 3, "好吃", [" 1 columns", "needs 2"]),
         Mistake("dev.csv", 2, "辣,2", ["'2'", "0 1"]))),
    "go_emotions": Case(
        ["1", "18", "27"],
        {"train.tsv": [["I love it", "18,1", "eew5j0j"],
                       ['"meh', "27", "ed00q6i"]],
         "dev.tsv": [["ok", "1", "a1"]],
         "test.tsv": [["hm", "27", "b2"], ["eh", "99", "b3"]]},
        [("train-eew5j0j", "I love it", None, ["18", "1"]),
         ("train-ed00q6i", '"meh', None, ["27"])],
        [("dev-a1", "ok", None, ["1"])],
        [("test-b2", "hm", None, None), ("test-b3", "eh", None, None)],
        (Mistake("train.tsv", 2, "meh\t27", [" 2 columns", "needs 3"]),
         Mistake("train.tsv", 1, "meh\tjoy\tx", ["'joy'", "number"]),
         Mistake("dev.tsv", 1, "ok\t1,2\ta1",
                 ["'2'", "1 18 27", "labels.txt"]))),
    "table": Case(
        ["bad", "good"],
        {"table.json": '{"format": "csv", "text_a": "text", "guid": "no", '
                       '"label": "class"}',
         "train.csv": [["no", "text", "class"], ["7", "好", "good"],
                       ["8", '"坏,的"', "bad"]],
         "dev.csv": [["class", "no", "text"], ["bad", "3", "糟"]],
         "test.csv": [["no", "text"], ["5", "对"]]},
        [("train-7", "好", None, "good"), ("train-8", "坏,的", None, "bad")],
        [("dev-3", "糟", None, "bad")],
        [("test-5", "对", None, None)],
        (Mistake("train.csv", 1, "no,texts,class",
                 ["'text', did you mean texts?", "'no', 'texts', 'class'"]),
         Mistake("train.csv", 3, "8,坏", [" 2 columns", "needs 3"]),
         Mistake("dev.csv", 2, "fair,3,糟",
                 ["'fair'", "bad good", "labels.txt"]))),
}
