"""Vocabularies that BERT can and cannot be used with."""
import pytest

from bert.common.errors import UserError
from bert.data.tokenizers import vocabulary


def write_vocabulary(folder, tokens):
  path = folder / "vocab.txt"
  path.write_text("".join(token + "\n" for token in tokens), encoding="utf-8")
  return str(path)


@pytest.mark.parametrize("missing", ["[CLS]", "[SEP]", "[UNK]"])
def test_vocabulary_needs_its_special_tokens(missing, tmp_path):
  tokens = [token for token in ("[PAD]", "[CLS]", "[SEP]", "[UNK]", "the")
            if token != missing]
  path = write_vocabulary(tmp_path, tokens)
  with pytest.raises(UserError) as caught:
    vocabulary.load_tokenizer(path, True)
  assert "--vocab_file=%s" % path in str(caught.value)
  assert missing in str(caught.value)


def test_vocabulary_with_the_special_tokens_is_taken(tmp_path):
  path = write_vocabulary(tmp_path, ["[CLS]", "[SEP]", "[UNK]", "The"])
  assert vocabulary.load_tokenizer(path, False).tokenize("The") == ["The"]
  assert vocabulary.load_tokenizer(path, True).tokenize("The") == ["[UNK]"]


def test_vocabulary_must_be_a_file(tmp_path):
  missing = str(tmp_path / "none.txt")
  for path in (missing, str(tmp_path)):
    with pytest.raises(UserError, match="no such file|a folder") as caught:
      vocabulary.load_tokenizer(path, True)
    assert "--vocab_file=%s" % path in str(caught.value)


def test_empty_vocabulary_is_the_users_mistake(tmp_path):
  with pytest.raises(UserError, match="--vocab_file="):
    vocabulary.load_tokenizer(write_vocabulary(tmp_path, []), True)


PLAIN = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the"]


@pytest.mark.parametrize("tokens, fragments", [
    (PLAIN + ["a", "the"], [":8: 'the' repeats line 6", "1 such lines"]),
    (PLAIN + ["", "a", " "], [":9: '' repeats line 7"]),
    (PLAIN + ["the", "the"], [":7: ", "2 such lines"]),
    ([token for token in PLAIN if token != "[MASK]"], ["no line is [MASK]"])])
def test_vocabulary_that_looks_broken_is_warned_of(tokens, fragments, tmp_path,
                                                   warnings):
  path = write_vocabulary(tmp_path, tokens)
  # A blank line at the end is no entry; here it is the last but one.
  with open(path, "a", encoding="utf-8") as stream:
    stream.write("end\n")
  vocabulary.load_tokenizer(path, True)
  (line,) = warnings
  assert path in line and all(each in line for each in fragments)


def test_whole_vocabulary_is_no_matter_of_warnings(tmp_path, warnings):
  path = write_vocabulary(tmp_path, PLAIN + ["", ""])
  vocabulary.load_tokenizer(path, True)
  assert not warnings
