"""Tokenization, against the reference."""
import random
import string

import pytest

import golden
from bert import tokenization

pytestmark = pytest.mark.smoke

CASINGS = pytest.mark.parametrize("do_lower_case", [True, False])


def write_vocab(folder, content):
  path = folder / "vocab.txt"
  path.write_bytes(content.encode("utf-8"))
  return str(path)


def golden_rows(do_lower_case):
  return [row for row in golden.rows("tokenization.jsonl")
          if row["do_lower_case"] == do_lower_case]


def golden_tokenizer(do_lower_case):
  return tokenization.FullTokenizer(golden.path("vocab.txt"), do_lower_case)


def mismatches(rows, key, function):
  """Every row whose expected value the function does not return."""
  found = [(row["text"], function(row["text"]), row[key]) for row in rows]
  return [row for row in found if row[1] != row[2]]


@CASINGS
def test_basic_tokens_equal_the_golden_ones(do_lower_case):
  rows = golden_rows(do_lower_case)
  tokenizer = tokenization.BasicTokenizer(do_lower_case=do_lower_case)
  assert len(rows) == 310
  assert mismatches(rows, "basic", tokenizer.tokenize) == []


@CASINGS
def test_word_pieces_equal_the_golden_ones(do_lower_case):
  tokenizer = golden_tokenizer(do_lower_case)
  assert mismatches(
      golden_rows(do_lower_case), "tokens", tokenizer.tokenize) == []


@CASINGS
def test_ids_equal_the_golden_ones_and_lead_back_to_tokens(do_lower_case):
  tokenizer = golden_tokenizer(do_lower_case)
  for row in golden_rows(do_lower_case):
    assert tokenizer.convert_tokens_to_ids(row["tokens"]) == row["ids"]
    assert tokenizer.convert_ids_to_tokens(row["ids"]) == row["tokens"]


@CASINGS
def test_order_and_repetition_of_texts_change_no_tokens(do_lower_case):
  tokenizer = golden_tokenizer(do_lower_case)
  rows = golden_rows(do_lower_case) * 2
  random.Random(7).shuffle(rows)
  assert mismatches(rows, "tokens", tokenizer.tokenize) == []


@CASINGS
def test_whole_text_at_once_gives_the_tokens_of_its_lines(do_lower_case):
  tokenizer = golden_tokenizer(do_lower_case)
  rows = golden_rows(do_lower_case)
  joined = "\n".join(row["text"] for row in rows)
  assert tokenizer.tokenize(joined) == [
      token for row in rows for token in row["tokens"]]


def test_returned_lists_belong_to_the_caller():
  full = golden_tokenizer(True)
  for tokenizer in (full, full.basic_tokenizer, full.wordpiece_tokenizer):
    for text in ("ferry", "the ferry", "harbours", "的"):
      expected = list(tokenizer.tokenize(text))
      tokenizer.tokenize(text).append("changed")
      tokenizer.tokenize(text)[0] = "changed"
      assert tokenizer.tokenize(text) == expected


def test_two_tokenizers_share_nothing(tmp_path):
  first = tokenization.FullTokenizer(write_vocab(tmp_path, "[UNK]\nab\n"))
  assert first.tokenize("AB abc") == ["ab", "[UNK]"]
  second = tokenization.FullTokenizer(
      write_vocab(tmp_path, "[UNK]\nab\n##c\n"), do_lower_case=False)
  assert second.tokenize("AB abc") == ["[UNK]", "ab", "##c"]
  assert first.tokenize("AB abc") == ["ab", "[UNK]"]


def test_vocab_is_split_at_newlines_only_and_stripped(tmp_path):
  path = write_vocab(
      tmp_path, "[PAD]\na\u2028b\n\u2028\n  c \t\nd\re\r\nf\x85g\x0bh\nlast")
  assert dict(tokenization.load_vocab(path)) == {
      "[PAD]": 0, "a\u2028b": 1, "": 2, "c": 3, "d\re": 4, "f\x85g\x0bh": 5,
      "last": 6}


def test_vocab_keeps_file_order_and_adds_nothing_for_the_last_newline(
    tmp_path):
  vocab = tokenization.load_vocab(write_vocab(tmp_path, "z\ny\nx\n"))
  assert list(vocab.items()) == [("z", 0), ("y", 1), ("x", 2)]


def test_golden_vocab_ids_are_line_numbers():
  lines = golden.text("vocab.txt").split("\n")[:-1]
  tokenizer = golden_tokenizer(True)
  assert list(tokenizer.vocab) == lines
  assert list(tokenizer.vocab.values()) == list(range(756))
  assert tokenizer.inv_vocab == dict(enumerate(lines))


def test_full_tokenizer_offers_its_parts():
  tokenizer = golden_tokenizer(False)
  assert isinstance(tokenizer.basic_tokenizer, tokenization.BasicTokenizer)
  assert isinstance(
      tokenizer.wordpiece_tokenizer, tokenization.WordpieceTokenizer)
  assert tokenizer.basic_tokenizer.tokenize("The Ferry") == ["The", "Ferry"]
  assert tokenizer.wordpiece_tokenizer.tokenize("ferrys") == ["ferry", "##s"]


def test_conversion_follows_the_given_vocabulary():
  vocab = {"a": 3, "##b": 5}
  names = {3: "a", 5: "##b"}
  assert tokenization.convert_tokens_to_ids(vocab, ["##b", "a"]) == [5, 3]
  assert tokenization.convert_ids_to_tokens(names, [3, 3, 5]) == [
      "a", "a", "##b"]
  assert tokenization.convert_by_vocab(vocab, ["a", "a"]) == [3, 3]
  assert tokenization.convert_by_vocab(vocab, []) == []


def test_conversion_of_an_unknown_token_is_an_error():
  with pytest.raises(KeyError):
    tokenization.convert_tokens_to_ids({"a": 0}, ["b"])


def test_wordpiece_takes_the_longest_match_first():
  vocab = ["[UNK]", "un", "unaff", "##aff", "##able", "##a", "##ffable"]
  tokenizer = tokenization.WordpieceTokenizer(
      {token: index for index, token in enumerate(vocab)})
  assert tokenizer.tokenize("unaffable") == ["unaff", "##able"]
  assert tokenizer.tokenize("unaffable unaff able") == [
      "unaff", "##able", "unaff", "[UNK]"]
  assert tokenizer.tokenize("unaffablex") == ["[UNK]"]
  assert tokenizer.tokenize("") == []
  assert tokenizer.tokenize(" \t ") == []


def test_wordpiece_reads_a_word_of_200_characters_and_no_longer():
  tokenizer = tokenization.WordpieceTokenizer({"[UNK]": 0, "a": 1, "##a": 2})
  assert tokenizer.tokenize("a" * 200) == ["a"] + ["##a"] * 199
  assert tokenizer.tokenize("a" * 201) == ["[UNK]"]
  assert tokenizer.tokenize("a " + "a" * 201 + " aa") == [
      "a", "[UNK]", "a", "##a"]


def test_wordpiece_limit_and_unknown_token_can_be_chosen():
  tokenizer = tokenization.WordpieceTokenizer(
      {"a": 0, "##a": 1}, unk_token="<unk>", max_input_chars_per_word=3)
  assert tokenizer.tokenize("aaa aaaa b") == ["a", "##a", "##a", "<unk>",
                                              "<unk>"]


@CASINGS
def test_long_words_are_unknown_in_the_full_tokenizer(tmp_path, do_lower_case):
  path = write_vocab(tmp_path, "[UNK]\na\n##a\n中\n")
  tokenizer = tokenization.FullTokenizer(path, do_lower_case)
  text = "a" * 200 + " " + "a" * 201 + "中" + "a" * 2
  assert tokenizer.tokenize(text) == (
      ["a"] + ["##a"] * 199 + ["[UNK]", "中", "a", "##a"])


@pytest.mark.parametrize("text, cased, lowered", [
    (" \tHeLLo!how  \n Are yoU?  ", "HeLLo ! how Are yoU ?",
     "hello ! how are you ?"),
    ("H\u00e9llo Ho\u0308", "H\u00e9llo Ho\u0308", "hello ho"),
    ("\u0130I\u0131", "\u0130I\u0131", "ii\u0131"),
    ("\u03a3\u0391\u03a3", "\u03a3\u0391\u03a3", "\u03c3\u03b1\u03c2"),
    ("\u00c5ngstro\u0308m", "\u00c5ngstro\u0308m", "angstrom"),
    ("a\x00b\ufffdc\x07d\x85e", "abcde", "abcde"),
    ("a\u200db\u200bc\ufeffd\u00ade", "abcde", "abcde"),
    ("a\u00a0b\u3000c\u2003d", "a b c d", "a b c d"),
    ("a\u2028b\u2029c", "a b c", "a b c"),
    ("a\x0bb\x1cc", "abc", "abc"),
    ("ab\u4e2d\u6587cd", "ab \u4e2d \u6587 cd", "ab \u4e2d \u6587 cd"),
    ("\u304b\u306a\u30ab\u30ca", "\u304b\u306a\u30ab\u30ca",
     "\u304b\u306a\u30ab\u30ca"),
    ("$1^2`3", "$ 1 ^ 2 ` 3", "$ 1 ^ 2 ` 3"),
    ("a\u3002b\u300ac\u2014d\u2026", "a \u3002 b \u300a c \u2014 d \u2026",
     "a \u3002 b \u300a c \u2014 d \u2026"),
    ("\u20ac5\u00a3\u00d7", "\u20ac5\u00a3\u00d7", "\u20ac5\u00a3\u00d7"),
    ("\u0301", "\u0301", ""),
    ("", "", ""),
])
def test_basic_tokenizer(text, cased, lowered):
  for do_lower_case, expected in ((False, cased), (True, lowered)):
    tokenizer = tokenization.BasicTokenizer(do_lower_case=do_lower_case)
    assert tokenizer.tokenize(text) == expected.split()


def test_hangul_is_kept_together_and_loses_no_letter():
  word = "\ud55c\uad6d\uc5b4"
  cased = tokenization.BasicTokenizer(do_lower_case=False)
  assert cased.tokenize(word) == [word]
  # NFD takes a syllable apart into letters, none of which is a mark.
  lowering = tokenization.BasicTokenizer()
  assert lowering.tokenize(word) == [
      "\u1112\u1161\u11ab\u1100\u116e\u11a8\u110b\u1165"]


@pytest.mark.parametrize("first, last", [
    (0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x2A6DF),
    (0x2A700, 0x2B73F), (0x2B740, 0x2B81F), (0x2B820, 0x2CEAF),
    (0xF900, 0xFAFF), (0x2F800, 0x2FA1F)])
def test_ideographs_are_tokens_from_first_to_last(first, last):
  tokenizer = tokenization.BasicTokenizer(do_lower_case=False)
  for code in (first, last):
    assert tokenizer.tokenize("a%sb" % chr(code)) == ["a", chr(code), "b"]
  for code in (0x33FF, 0x4DC0, 0x2A6E0, 0x2CEB0, 0x2FA20, 0x3042, 0xAC00):
    assert tokenizer.tokenize("a%sb" % chr(code)) == ["a%sb" % chr(code)]


@CASINGS
def test_every_ascii_character_is_dropped_splits_or_is_kept(
    tmp_path, do_lower_case):
  expected = {}
  for char in map(chr, range(128)):
    if char in " \t\n\r":
      words = ["aB", "c"]
    elif char in string.punctuation:
      words = ["aB", char, "c"]
    elif char in string.ascii_letters + string.digits:
      words = ["aB%sc" % char]
    else:
      words = ["aBc"]
    expected["aB%sc" % char] = [
        word.lower() if do_lower_case else word for word in words]
  path = write_vocab(tmp_path, "[UNK]\n" + "\n".join(
      word for words in expected.values() for word in words))
  tokenizer = tokenization.FullTokenizer(path, do_lower_case)
  for text, words in expected.items():
    assert tokenizer.basic_tokenizer.tokenize(text) == words
    assert tokenizer.tokenize(text) == words


def test_basic_tokenizer_reads_bytes():
  tokenizer = tokenization.BasicTokenizer()
  assert tokenizer.tokenize("H\u00e9llo, \u4e2d".encode("utf-8")) == [
      "hello", ",", "\u4e2d"]


def test_convert_to_unicode_drops_undecodable_bytes():
  assert tokenization.convert_to_unicode(b"ab\xff\xe4\xb8\xadc\xe4\xb8") == (
      "ab\u4e2dc")
  assert tokenization.convert_to_unicode("a\ufffd") == "a\ufffd"


def test_printable_text_is_str():
  assert tokenization.printable_text("\u4e2d") == "\u4e2d"
  assert tokenization.printable_text(b"a\xff\xe4\xb8\xad") == "a\u4e2d"


@pytest.mark.parametrize("name", ["convert_to_unicode", "printable_text"])
def test_text_functions_refuse_other_types(name):
  with pytest.raises(ValueError):
    getattr(tokenization, name)(3)


def test_whitespace_tokenize_splits_at_runs_of_whitespace():
  assert tokenization.whitespace_tokenize(" a\u3000 b\n\tc ") == [
      "a", "b", "c"]
  assert tokenization.whitespace_tokenize("") == []
  assert tokenization.whitespace_tokenize(" \n") == []


def test_is_whitespace():
  for character in " \t\n\r\u00a0\u2003\u3000":
    assert tokenization._is_whitespace(character)
  for character in "a-\x0b\x85\u200b\u4e2d":
    assert not tokenization._is_whitespace(character)


def test_is_control():
  for character in "\x00\x07\x0b\x7f\x85\u00ad\u200b\u200d\ufeff":
    assert tokenization._is_control(character)
  for character in "\t\n\r a\u00a0\ufffd\u4e2d":
    assert not tokenization._is_control(character)


def test_is_punctuation():
  ascii_marks = set("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")
  for code in range(128):
    is_mark = chr(code) in ascii_marks
    assert tokenization._is_punctuation(chr(code)) == is_mark, code
  for character in "\u3001\u3002\u300a\uff0c\u2014\u2026\u00b7\u00bf":
    assert tokenization._is_punctuation(character)
  for character in "\u20ac\u00a3\u00d7\u2460\u4e2d\u00b2\u3000":
    assert not tokenization._is_punctuation(character)


@pytest.mark.parametrize("folder, is_lower", [
    ("uncased_L-12_H-768_A-12", True), ("uncased_L-24_H-1024_A-16", True),
    ("multilingual_L-12_H-768_A-12", True), ("chinese_L-12_H-768_A-12", True),
    ("cased_L-12_H-768_A-12", False), ("cased_L-24_H-1024_A-16", False),
    ("multi_cased_L-12_H-768_A-12", False)])
@pytest.mark.parametrize("root", ["gs://bert_models/2018_11_03", "models", "."])
def test_casing_that_contradicts_the_checkpoint_is_an_error(
    folder, is_lower, root):
  checkpoint = "%s/%s/bert_model.ckpt" % (root, folder)
  tokenization.validate_case_matches_checkpoint(is_lower, checkpoint)
  with pytest.raises(ValueError, match="do_lower_case"):
    tokenization.validate_case_matches_checkpoint(not is_lower, checkpoint)


@pytest.mark.parametrize("checkpoint", [
    None, "", "my_model/bert_model.ckpt", "bert_model.ckpt",
    "output/model.ckpt-20"])
@CASINGS
def test_casing_of_an_unknown_checkpoint_is_free(checkpoint, do_lower_case):
  tokenization.validate_case_matches_checkpoint(do_lower_case, checkpoint)


def test_parameters_are_the_published_ones(assert_called_like):
  assert_called_like(tokenization.FullTokenizer,
                     lambda vocab_file, do_lower_case=True: None)
  assert_called_like(tokenization.BasicTokenizer,
                     lambda do_lower_case=True: None)
  assert_called_like(
      tokenization.WordpieceTokenizer,
      lambda vocab, unk_token="[UNK]", max_input_chars_per_word=200: None)
  assert_called_like(tokenization.convert_tokens_to_ids,
                     lambda vocab, tokens: None)
  assert_called_like(tokenization.convert_ids_to_tokens,
                     lambda inv_vocab, ids: None)
  assert_called_like(tokenization.validate_case_matches_checkpoint,
                     lambda do_lower_case, init_checkpoint: None)


def test_module_stands_alone(packages_imported, side_effects_of_import):
  assert packages_imported("tokenization") <= {"numpy", "six", "tensorflow"}
  assert side_effects_of_import("tokenization") == ""
