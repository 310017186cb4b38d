"""Chinese contexts that are read as one word, and what is said of them."""
import pytest

from bert import tokenization
from bert.data import answer_positions, contexts
from bert.data.examples import Annotation, InputExample
from bert.data.span_reader import SpanReader, SpanSettings
from bert.evaluation import answer_finder
from bert.options.finetuning import SpanOptions

VOCAB = "[PAD] [UNK] [CLS] [SEP] [MASK] 39 ##7 ##97 397 39764 , the ferry".split()
CHINESE = "渡轮载着397人离开港口,船长是李娜,票价39764元。"


def warn(tmp_path, examples, tokens="whitespace"):
  path = tmp_path / "vocab.txt"
  path.write_text("\n".join(VOCAB + sorted(set("渡轮载着人离开港口船长是李娜票价元。"))),
                  encoding="utf-8")
  reader = SpanReader(tokenization.FullTokenizer(str(path)), SpanSettings(
      64, context_tokens=tokens))
  answer_positions.warn_of_paragraphs(examples, reader)


def example(context, *answers):
  return InputExample("q", "who", context, [
      Annotation(each, context.find(each)) for each in answers])


def test_answers_that_are_all_of_a_paragraph_are_counted(tmp_path, warnings):
  warn(tmp_path, [
      example(CHINESE, "李娜", "船长是李娜", "39764"),
      # The piece is 397: there is none for what is in it.
      example(CHINESE, "97人"), example(CHINESE, "39"), example(CHINESE),
      # Off, but in the same word.
      InputExample("q", "who", CHINESE, [Annotation("李娜", 3)]),
      # The whole word of a text in words is no paragraph.
      example("the ferry397 left", "397"), example("渡轮 载着 397 人 离开", "渡")])
  assert len(warnings) == 1
  assert "5 of 7 questions" in warnings[0]
  assert "2 of 8 annotated answers" in warnings[0]
  assert "--context_tokens=character" in warnings[0]


def test_questions_without_answers_are_counted(tmp_path, warnings):
  warn(tmp_path, [InputExample("q", "who", CHINESE)] * 2)
  assert "2 of 2 questions" in warnings[0]
  assert "0 of 0 annotated answers" in warnings[0]


@pytest.mark.parametrize("context, tokens", [
    (CHINESE, "character"), ("the ferry left", "whitespace"), ("", "whitespace"),
    ("渡轮 载着 397 人 离开 港口", "whitespace"),
    ("the captain, called 李娜, slept", "whitespace")])
def test_nothing_is_said_of_other_texts(tmp_path, warnings, context, tokens):
  warn(tmp_path, [InputExample("q", "who", context)], tokens)
  assert not warnings


@pytest.mark.parametrize("text, expected", [
    # 6 characters of one word are more than 5, those of two are not.
    ("渡轮载着港口", True), ("渡轮载着港", False), ("渡轮载 着港口", False),
    (CHINESE, True), ("abcdefghij", False), ("", False)])
def test_text_is_in_words_if_these_are_short(text, expected):
  assert contexts.is_without_blanks(text) == expected


def test_answers_that_are_paragraphs_are_counted(warnings):
  texts = ["渡轮载着", "渡轮载着港", "ferry left at the port", ""]
  answer_finder.warn_of_paragraphs(texts, SpanOptions(max_answer_length=4))
  assert len(warnings) == 1 and warnings[0].startswith("1 of 4 answers")
  assert "--max_answer_length=4" in warnings[0]
  answer_finder.warn_of_paragraphs(texts, SpanOptions(max_answer_length=5))
  answer_finder.warn_of_paragraphs(texts, SpanOptions(
      context_tokens="character"))
  assert len(warnings) == 1
