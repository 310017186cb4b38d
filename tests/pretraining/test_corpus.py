"""Text to documents of word pieces, and which pieces are of one word."""
import pytest

import commands
import golden
from bert import tokenization
from bert.pretraining import corpus
from bert.pretraining import segmenters
from mistakes import message_of

TOKENIZER = tokenization.FullTokenizer(golden.path("vocab.txt"))


def ids(text):
  return TOKENIZER.convert_tokens_to_ids(TOKENIZER.tokenize(text))


def make(paths, segmenter=None, max_seq_length=128):
  return corpus.Corpus([str(path) for path in paths], TOKENIZER, segmenter,
                       max_seq_length)


def write(path, text):
  return commands.write(path, text)


def test_blank_lines_end_documents_and_files_do_not(tmp_path):
  one = write(tmp_path / "1", "\ufeffthe captain\r\n\n\n  two votes \nsaid\n")
  two = write(tmp_path / "2", "before\n\n \nsunrise")
  found = corpus.read_documents(make([one, two]))
  plain = [[[token if token >= 0 else ~token for token in sentence]
            for sentence in document] for document in found]
  assert plain == [[ids("the captain")],
                   [ids("two votes"), ids("said"), ids("before")],
                   [ids("sunrise")]]


def test_pieces_with_a_double_hash_go_on_with_a_word(tmp_path):
  path = write(tmp_path / "1", " ".join(golden.text("corpus_en.txt").split()))
  (document,) = corpus.read_documents(make([path]))
  tokens = TOKENIZER.tokenize(golden.text("corpus_en.txt"))
  assert any(token.startswith("##") for token in tokens)
  assert [token < 0 for token in document[0]] == [
      token.startswith("##") for token in tokens]


def test_every_document_is_in_one_shard(tmp_path):
  path = write(tmp_path / "1", "\n\n".join(
      ["the captain", "two votes", "said", "before", "sunrise"]))
  whole = corpus.read_documents(make([path]))
  shards = [corpus.read_documents(make([path]), shard, 2) for shard in (0, 1)]
  assert shards == [whole[0::2], whole[1::2]]


def test_reading_tells_how_many_bytes_are_read(tmp_path):
  path = write(tmp_path / "1", "the\n\n中国\n")
  counts = []
  corpus.read_documents(make([path]), show=counts.append)
  assert counts == [4, 5, 12]
  assert corpus.num_bytes([path]) == 12


def joined(text, words):
  """Pieces of a text, those of a word with + between them."""
  found = make([], lambda line: words)
  convert = corpus._make_converter(found)  # pylint: disable=protected-access
  shown = ""
  for token in convert(text, ("f", 1)):
    shown += ("+" if token < 0 else " ") + TOKENIZER.inv_vocab[
        token if token >= 0 else ~token]
  return shown.strip()


def some_characters(count):
  """Ideographs that the vocabulary has."""
  return [token for token in TOKENIZER.vocab
          if len(token) == 1 and "\u4e00" <= token <= "\u9fff"][:count]


def test_characters_of_a_word_go_together():
  a, b, c, d = some_characters(4)
  assert joined(a + b + c + d, [a + b, c, d]) == "%s+%s %s %s" % (a, b, c, d)
  # Characters that are not in the vocabulary, spaces and what is dropped.
  assert joined("%s\u9fa5 %s\0%s" % (a, b, c), [a + "\u9fa5", b + c]) == (
      "%s+[UNK] %s+%s" % (a, b, c))
  # Of several scripts, with accents that are stripped.
  assert joined(a + "THÉ" + b, [a + "THÉ", b]).endswith(" " + b)
  assert joined(a + "THÉ" + b, [a + "THÉ", b]).startswith(a + "+")


def test_words_never_change_the_ids(tmp_path):
  text = "".join(golden.text("corpus_zh.txt").split())
  path = write(tmp_path / "1", text)
  (document,) = corpus.read_documents(make([path], list))
  (pairs,) = corpus.read_documents(make([path], lambda line: [
      line[place:place + 2] for place in range(0, len(line), 2)]))
  for made in (document, pairs):
    assert [token if token >= 0 else ~token for token in made[0]] == ids(text)
  assert sum(token < 0 for token in pairs[0]) > len(pairs[0]) / 3


def test_words_that_are_not_the_text_are_refused(tmp_path):
  path = write(tmp_path / "a.txt", "the\n中国\n")
  message = message_of(corpus.read_documents,
                       make([path], lambda line: ["中"]))
  assert "a.txt:1: " in message and "--segmenter" in message


def test_gigantic_line_is_refused(tmp_path):
  path = write(tmp_path / "a.txt", "the\n" + "the " * 801)
  corpus.read_documents(make([path], max_seq_length=17))
  message = message_of(corpus.read_documents, make([path], max_seq_length=16))
  assert "a.txt:2: a line of 801 tokens" in message
  assert "prepare_corpus" in message


def test_bytes_that_are_not_utf_8_are_refused(tmp_path):
  path = write(tmp_path / "a.txt", b"the\n\xd6\xd0\n")
  assert "a.txt:2: byte 0xd6 at column 1" in message_of(
      corpus.read_documents, make([path]))


def test_files_are_those_of_all_globs_in_order(tmp_path):
  for name in ("b1", "a2", "a1"):
    write(tmp_path / name, "x")
  assert corpus.find_files("%s/b*,%s/a?" % (tmp_path, tmp_path), "--f") == [
      str(tmp_path / name) for name in ("b1", "a1", "a2")]
  for patterns in ("%s/c*" % tmp_path, "%s/a*,%s/c*" % (tmp_path, tmp_path),
                   "%s/a*," % tmp_path):
    assert "--f=" in message_of(corpus.find_files, patterns, "--f")


def test_segmenters_are_found_by_name(monkeypatch, tmp_path):
  assert segmenters.load(None) is None
  assert segmenters.load("whitespace")(" 中国 人 ") == ["中国", "人"]
  monkeypatch.chdir(tmp_path)
  write(tmp_path / "my_words_.py", "def cut(text):\n  return list(text)\n")
  assert segmenters.load("my_words_:cut")("中国") == ["中", "国"]
  for name in ("spaces", "my_words_:none", "no_such_module_:cut"):
    assert "--segmenter=" + name.split(":")[0] in message_of(
        segmenters.load, name)


def test_jieba_tells_chinese_words():
  pytest.importorskip("jieba", reason="requirements-pretraining.txt")
  assert segmenters.load("jieba")("我们喜欢北京") == ["我们", "喜欢", "北京"]
