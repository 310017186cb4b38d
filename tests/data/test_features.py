"""From examples to ids, against the reference."""
import pytest

import golden
from bert.common.errors import UserError
from bert.data import features
from bert.data import truncation
from bert.data.tokenizers import vocabulary as vocabulary_lib
from bert.data.examples import InputExample
from bert.data.examples import PaddingInputExample
from bert.data.examples import Source
from bert.heads import registry

ROWS = golden.rows("features.jsonl")
TOKEN_FIELDS = ("input_ids", "input_mask", "segment_ids")


@pytest.fixture(scope="module")
def tokenizer():
  return vocabulary_lib.load_tokenizer(golden.path("vocab.txt"), True)


def vocabulary():
  return golden.text("vocab.txt").split("\n")


def ids_of(*tokens):
  return [vocabulary().index(token) for token in tokens]


def classification(labels=("no", "yes")):
  return registry.create("classification", labels)


def encoded(tokenizer, max_seq_length, **example):
  example.setdefault("label", "no")
  return features_of(InputExample(guid="g", **example), classification(),
                     max_seq_length, tokenizer)


def features_of(example, head, max_seq_length, tokenizer):
  """The features of an example's only record."""
  (row,), _ = head.to_features(
      example, features.TextEncoder(tokenizer, max_seq_length))
  return row


@pytest.mark.parametrize(
    "row", ROWS, ids=["row%d" % index for index in range(len(ROWS))])
def test_features_are_those_of_the_reference(row, tokenizer):
  example = InputExample(
      guid="g", text_a=row["text_a"], text_b=row["text_b"], label=row["label"])
  actual = features_of(
      example, classification(row["label_list"]), row["max_seq_length"],
      tokenizer)
  for name in TOKEN_FIELDS:
    assert actual[name] == row[name], name
  assert actual["label_ids"] == [row["label_id"]]
  assert actual["is_real_example"] == [int(row["is_real_example"])]


@pytest.mark.parametrize("num_a, num_b, max_tokens, left_a, left_b", [
    (3, 3, 6, 3, 3),  # fits
    (3, 3, 5, 3, 2),  # equally long: b loses its last
    (3, 3, 4, 2, 2),
    (5, 2, 6, 4, 2),  # the longer one loses
    (2, 5, 6, 2, 4),
    (6, 2, 4, 2, 2),
    (6, 2, 3, 2, 1),
    (2, 2, 0, 0, 0)])
def test_pair_is_cut_at_the_end_of_the_longer_one(
    num_a, num_b, max_tokens, left_a, left_b):
  tokens_a = ["a%d" % index for index in range(num_a)]
  tokens_b = ["b%d" % index for index in range(num_b)]
  whole_a, whole_b = list(tokens_a), list(tokens_b)
  truncation.truncate_pair(tokens_a, tokens_b, max_tokens)
  assert tokens_a == whole_a[:left_a]
  assert tokens_b == whole_b[:left_b]


@pytest.mark.parametrize("text_b", ["", " ", "\u200b"])
def test_second_text_without_a_token_leaves_one_sequence(text_b, tokenizer):
  actual = encoded(tokenizer, 6, text_a="the", text_b=text_b)
  assert actual["input_ids"] == ids_of("[CLS]", "the", "[SEP]") + [0, 0, 0]
  assert actual["segment_ids"] == [0] * 6


def test_no_text_at_all_leaves_the_special_tokens(tokenizer):
  actual = encoded(tokenizer, 4, text_a="")
  assert actual["input_ids"] == ids_of("[CLS]", "[SEP]") + [0, 0]
  assert actual["input_mask"] == [1, 1, 0, 0]


def test_text_of_any_length_is_cut_to_the_row(tokenizer):
  actual = encoded(tokenizer, 3, text_a="the " * 100000)
  assert actual["input_ids"] == ids_of("[CLS]", "the", "[SEP]")


def test_word_pieces_are_taken_as_they_are(tokenizer):
  assert not {"tHE", "\u7535", "the clock"} & set(vocabulary())
  pieces = ["the", "tHE", "##s", "\u7535", "the clock"]
  actual = encoded(tokenizer, 8, text_a=pieces)
  assert actual["input_ids"] == ids_of(
      "[CLS]", "the", "[UNK]", "##s", "[UNK]", "[UNK]", "[SEP]") + [0]
  assert actual["input_mask"] == [1] * 7 + [0]
  assert pieces == ["the", "tHE", "##s", "\u7535", "the clock"]


def test_cutting_leaves_the_word_pieces_of_the_example_alone(tokenizer):
  text_a, text_b = ["the"] * 9, ["a"] * 9
  actual = encoded(tokenizer, 7, text_a=text_a, text_b=text_b)
  assert actual["input_ids"] == ids_of(
      "[CLS]", "the", "the", "[SEP]", "a", "a", "[SEP]")
  assert actual["segment_ids"] == [0, 0, 0, 0, 1, 1, 1]
  assert (text_a, text_b) == (["the"] * 9, ["a"] * 9)


@pytest.mark.parametrize("kind, label_ids", [
    ("classification", [0]), ("multi_label", [0, 0, 0])])
def test_padding_example_is_all_zeros(kind, label_ids, tokenizer):
  actual = features_of(
      PaddingInputExample(), registry.create(kind, ["x", "y", "z"]), 5,
      tokenizer)
  assert list(actual.items()) == [
      ("input_ids", [0] * 5), ("input_mask", [0] * 5), ("segment_ids", [0] * 5),
      ("label_ids", label_ids), ("is_real_example", [0])]


def test_example_without_label_is_real_and_has_label_id_0(tokenizer):
  actual = encoded(tokenizer, 5, text_a="the", label=None)
  assert actual["label_ids"] == [0]
  assert actual["is_real_example"] == [1]


def log_set(tokenizer, examples):
  features.log_examples(examples, classification(),
                        features.TextEncoder(tokenizer, 5))


def test_first_five_examples_are_logged(log, tokenizer):
  examples = [InputExample(guid="dev-%d" % index, text_a="the",
                                    label="yes") for index in range(7)]
  log_set(tokenizer, examples)
  assert log.count("*** Example ***") == 5
  assert [line for line in log if line.startswith("guid: ")] == [
      "guid: dev-%d" % index for index in range(5)]
  cls, the, sep = ids_of("[CLS]", "the", "[SEP]")
  assert log[:7] == [
      "*** Example ***", "guid: dev-0", "tokens: [CLS] the [SEP]",
      "input_ids: %d %d %d 0 0" % (cls, the, sep), "input_mask: 1 1 1 0 0",
      "segment_ids: 0 0 0 0 0", "label: yes (id = 1)"]


def test_padding_examples_are_not_logged(log, tokenizer):
  log_set(tokenizer, [PaddingInputExample()] * 2)
  assert not log


def test_label_out_of_the_list_is_the_users_mistake(tokenizer):
  example = InputExample(guid="train-3", text_a="the", label="maybe")
  with pytest.raises(UserError, match="train-3.*'maybe'.*no yes"):
    features_of(example, classification(), 5, tokenizer)
  with pytest.raises(UserError, match="train-3.*'maybe'.*no yes"):
    classification().check_example(example, is_labelled=False)


def test_labels_of_the_list_pass_the_check():
  for label in ("yes", "no", None):
    classification().check_example(
        InputExample(guid="g", text_a="", label=label), is_labelled=False)


def test_missing_label_is_the_users_mistake_where_labels_count():
  example = InputExample(guid="train-4", text_a="")
  with pytest.raises(UserError, match="train-4 has no label"):
    classification().check_example(example, is_labelled=True)


def test_bad_label_of_a_file_is_told_by_its_line(tokenizer):
  example = InputExample("train-3", "the", None, "maybe", Source("a.tsv", 4))
  with pytest.raises(UserError, match="^a.tsv:4: .*'maybe'"):
    features_of(example, classification(), 5, tokenizer)


def test_example_takes_the_arguments_of_the_reference():
  example = InputExample("g", "a", "b", "c")
  assert (example.guid, example.text_a, example.text_b, example.label) == (
      "g", "a", "b", "c")
  example = InputExample(guid="g", text_a="a")
  assert (example.text_b, example.label) == (None, None)
