"""Tags: their schemes, and test sets that are read as strictly as others."""
import pytest

import commands
from mistakes import message_of
from processors import base

BIO = "我\tO\n爱\tO\n北\tB-LOC\n京\tI-LOC\n"
BMES = "王\tB-NAME\n小\tM-NAME\n明\tE-NAME\n李\tS-NAME\n来\tO\n"
BIOES = BMES.replace("M-NAME", "I-NAME")


def conll(folder, **contents):
  """The task of conll files: train, dev, test."""
  for name, content in contents.items():
    commands.write(folder / (name + ".txt"), content)
  return base.create("conll", str(folder))


@pytest.mark.parametrize("content, labels", [
    (BMES, ["O", "B-NAME", "E-NAME", "M-NAME", "S-NAME"]),
    (BIOES, ["O", "B-NAME", "E-NAME", "I-NAME", "S-NAME"])])
@pytest.mark.parametrize("task", ["conll", "weibo_ner"])
def test_tags_of_bmes_and_bioes_are_read_as_they_are(task, content, labels,
                                                     tmp_path):
  conll(tmp_path, train=content)
  processor = base.create(task, str(tmp_path))
  assert processor.get_labels() == labels
  (example,) = processor.get_train_examples(str(tmp_path))
  assert example.label == [line.split("\t")[1] for line in
                           content.strip().split("\n")]


def test_other_prefix_in_labels_txt_is_named_with_its_line(tmp_path):
  processor = conll(tmp_path, train=BIO, labels="O\nB-LOC\nX-LOC\n")
  assert "labels.txt:3: found label 'X-LOC'" in message_of(processor.get_labels)


@pytest.mark.parametrize("line, fragment", [
    ("我,O", "the line has 1 columns, most lines have 2"),
    (" O", "the line has 1 columns"),
    ("今天天气很好我们去北京", "the line has 1 columns"),
    ("I love Beijing", "the line has 3 columns"),
    ("I love Beijing\tO O B-LOC", "found label 'O O B-LOC'")])
def test_bad_line_of_a_test_set_is_refused(line, fragment, tmp_path):
  processor = conll(tmp_path, train=BIO, test=BIO + line + "\n")
  message = message_of(processor.get_test_examples, str(tmp_path))
  assert "test.txt:5: " in message and fragment in message


@pytest.mark.parametrize("line, fragment", [
    ("我,O", "a tab or spaces separate"), ("北|B-LOC", "a tab or spaces"),
    ("今天很好。我们去", "where a word a line is needed"),
    ("今天天气很好我们一起去北京看长城吧", "where a word a line is needed")])
def test_bad_line_of_a_test_set_without_labels_is_refused(line, fragment,
                                                          tmp_path):
  processor = conll(tmp_path, train=BIO, test="我\n%s\n" % line)
  message = message_of(processor.get_test_examples, str(tmp_path))
  assert "test.txt:2: " in message and fragment in message


@pytest.mark.parametrize("word", ["1,000", "and/or", ",", "，", "。", "AC/DC",
                                  "http://a.b/c", "中国人民解放军"])
def test_words_with_marks_are_words(word, tmp_path):
  processor = conll(tmp_path, train=BIO, test="我\n%s\n" % word)
  (example,) = processor.get_test_examples(str(tmp_path))
  assert example.text_a == ["我", word] and example.label is None


def test_labels_of_a_test_set_are_read(tmp_path):
  processor = conll(tmp_path, train=BIO, test="天\tB-LOC\n\n好\tO\n")
  examples = processor.get_test_examples(str(tmp_path))
  assert [example.label for example in examples] == [["B-LOC"], ["O"]]


def test_sentence_with_a_bad_line_is_skipped_whole(tmp_path):
  processor = conll(tmp_path, train=BIO + "\n好\tO\nx y z\n\n天\tO\n")
  processor.bad_rows = "skip"
  examples = processor.get_train_examples(str(tmp_path))
  assert [example.text_a for example in examples] == [
      ["我", "爱", "北", "京"], ["天"]]


def test_sentences_of_words_in_a_line_are_no_words_with_labels(tmp_path):
  processor = conll(tmp_path, train=BIO, test="I love Beijing\nHe lives here\n")
  message = message_of(processor.get_test_examples, str(tmp_path))
  assert "test.txt:1: found label 'Beijing'" in message


def test_label_that_stands_for_all_is_none(tmp_path):
  processor = conll(tmp_path, train=BIO, test="我 _\n爱 _\n")
  (example,) = processor.get_test_examples(str(tmp_path))
  assert example.text_a == ["我", "爱"] and example.label is None


CONLLX = ("1\tKim\tkim\tB-PER\n2\tsaid\tsay\tO\n3\tso\tso\tO\n\n"
          "1\tYes\tyes\tO\n2\t.\t.\tO\n")
# Lines of CoNLL-U for several words, and for a word that is left out.
CONLLU = ("1-2\tdel\t_\tO\n1\tde\tde\tO\n2\tel\tel\tO\n"
          "2.1\tx\tx\tO\n3\tmar\tm\tO\n")
NUMBERED = {"conllx": (CONLLX, "from 1 to 3"), "conllu": (CONLLU, "to 3 here"),
            "from_0": ("0 a O\n1 b O\n2 c O\n\n0 d O\n", "from 0 to 2"),
            "ids_too": ("1 1 a O\n2 2 b O\n3 3 c O\n", "column 2 has 'a'")}


@pytest.mark.parametrize("name", sorted(NUMBERED))
@pytest.mark.parametrize("which", ["train", "dev", "test"])
def test_column_that_numbers_the_words_is_refused(name, which, tmp_path):
  content, fragment = NUMBERED[name]
  processor = conll(tmp_path, **{"train": BIO, which: content})
  message = message_of(getattr(processor, "get_%s_examples" % which),
                       str(tmp_path))
  assert "%s.txt:1: column 0 numbers the words" % which in message
  assert fragment in message
  assert '"text_a": ' in message and '"format": "conll"' in message


def test_column_of_words_beside_numbers_is_named_and_read(tmp_path):
  processor = conll(tmp_path, train=CONLLX)
  message = message_of(processor.get_labels)
  assert "column 1 has 'Kim' there" in message and '"text_a": 1' in message
  commands.write(tmp_path / "table.json",
                 '{"format": "conll", "text_a": 1, "label": 3, '
                 '"train": "train.txt"}')
  own = base.create("table", str(tmp_path))
  assert [each.text_a for each in own.get_train_examples(str(tmp_path))] == [
      ["Kim", "said", "so"], ["Yes", "."]]


# Of CoNLL-U: number, word, lemma and so on.
RELEASED = (
    "# newdoc id = d\n# sent_id = 0\n# text = Kim paid 3 #\n"
    "1\tKim\tKim\tPROPN\tNNP\t_\t2\tnsubj\t_\t%s\n"
    "1.1\tx\tx\t_\t_\t_\t_\t_\t_\t%s\n"
    "2-3\tpaid3\t_\t_\t_\t_\t_\t_\t_\t%s\n"
    "2\tpaid\tpay\tVERB\tVBD\t_\t0\troot\t_\t%s\n"
    "3\t3\t3\tNUM\tCD\t_\t2\tobj\t_\t%s\n"
    "4\t#\t#\tSYM\tSYM\t_\t3\tdep\t_\t%s\n\n"
    "# sent_id = 1\n#\ttext\n1\tYes\tyes\tINTJ\tUH\t_\t0\troot\t_\t%s\n")
TAGGED = RELEASED % ("B-PER", "O", "_", "O", "O", "O", "O")


def released_table(folder, content):
  commands.write(folder / "table.json",
                 '{"format": "conll", "text_a": 1, "label": 9, '
                 '"train": "train.txt"}')
  commands.write(folder / "train.txt", content)
  return base.create("table", str(folder))


def test_released_conllu_is_refused_with_the_columns_to_take(tmp_path):
  message = message_of(conll(tmp_path, train=TAGGED).get_labels)
  assert "train.txt:4: column 0 numbers the words" in message
  assert "from 1 to 4 here" in message
  assert '"format": "conll", "text_a": 1, "label": 9 takes that' in message


def test_released_conllu_is_read_by_its_columns(tmp_path, log):
  processor = released_table(tmp_path, TAGGED)
  assert processor.get_labels() == ["O", "B-PER"]
  first, second = processor.get_train_examples(str(tmp_path))
  assert first.text_a == ["Kim", "paid", "3", "#"]
  assert first.label == ["B-PER", "O", "O", "O"]
  assert second.text_a == ["Yes"] and second.source.line == 13
  # Five comments, a word that is left out, and two words in one.
  (line,) = [each for each in log if "CoNLL-U" in each]
  assert "train.txt: 7 lines" in line and "first at line 1" in line


def test_line_is_named_behind_lines_that_are_left_out(tmp_path):
  processor = released_table(tmp_path, RELEASED % (
      "B-PER", "O", "O", "O", "O", "wrong", "O"))
  assert "train.txt:9: found label 'wrong'" in message_of(processor.get_labels)


def test_conllu_without_tags_has_no_column_to_take(tmp_path):
  processor = conll(tmp_path, train=RELEASED % (("_",) * 7))
  message = message_of(processor.get_labels)
  assert "column 1 has 'Kim' there, and no column holds tags" in message
  assert '"label"' not in message


@pytest.mark.parametrize("content", [
    "#\tO\n1-2\tO\nx\tB-X\n", "# O\n1-2 O\n# B-X\n"])
def test_bare_mark_of_a_comment_is_a_word_elsewhere(content, tmp_path, log):
  (example,) = conll(tmp_path, train=content).get_train_examples(str(tmp_path))
  assert example.text_a[:2] == ["#", "1-2"] and len(example.text_a) == 3
  assert not log


def test_lines_of_documents_are_counted_once_a_file(tmp_path, log):
  content = "-DOCSTART- O\n\n" + BIO
  processor = conll(tmp_path, train=content, dev=content, test=content)
  processor.get_labels()
  for name in ("train", "dev", "test"):
    getattr(processor, "get_%s_examples" % name)(str(tmp_path))
    (line,) = [each for each in log if "-DOCSTART-" in each]
    assert name + ".txt: 1 lines" in line
    assert ("test_predictions.txt" in line) == (name == "test")
    del log[:]


@pytest.mark.parametrize("content", [
    "1 O\n\n1 O\n1 B-X\n", "0 O\n1 B-X\n\n0 O\n1 O\n",
    "1 O\n2 B-X\n\n1 O\n2 O\n", "0 O\n\n1 B-X\n",
    "1 O\n2 O\n4 B-X\n", "1 O\n\n1 B-X\n\n1 O\n", "2 O\n3 O\n4 O\n",
    "1 O\n2 O\n3 O\n\nKim B-X\nsaid O\n"])
def test_numbers_may_be_words(content, tmp_path):
  processor = conll(tmp_path, train=content)
  assert processor.get_train_examples(str(tmp_path))[0].text_a[0] in "012"


def test_first_word_is_no_header(tmp_path, warnings):
  processor = conll(tmp_path, train=BIO, test="我\tO\n")
  assert processor.get_train_examples(str(tmp_path))
  assert processor.get_test_examples(str(tmp_path))
  assert not warnings
