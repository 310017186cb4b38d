"""How a sentence is split into words, as the training set has them."""
import pytest

from bert.data import word_splits

ENGLISH = ["the", "captain", ",", "a", "man", "of", "3.5", "feet", ",", "said"]


def characters(text):
  return list(text.replace(" ", ""))


@pytest.mark.parametrize("sentences, expected", [
    ([characters("他在北京见到了王小明。")] * 3, "characters"),
    ([characters("他的iPhone在2008年坏了")], "characters"),
    ([["他", "的", "iPhone", "在", "2008", "年", "坏", "了", "。"]] * 2,
     "ideographs"),
    ([["他", "在", "北京", "见到", "了", "王小明", "。"]] * 5, "spaces"),
    ([ENGLISH] * 4, "spaces"), ([["b", "a", "n", "a", "n", "a"]], "characters"),
    ([["さ", "く", "ら"]], "characters"),
    ([["他", "\u3000", "在", "京"]] + [["他", "在"]], "all_characters"),
    ([["New York", "is", "big"]], "spaces"),
    # 61 of 62 words are characters.
    ([["他", "在", "京"]] * 20 + [["他们", "在"]], "characters"),
    # 17, and 19, of 20.
    ([["北京", "工", "好", "上海"], ["他"] * 15 + ["上海"]], "spaces"),
    ([["他"] * 19 + ["上海"]] * 3, "spaces"),
    ([], None)])
def test_split_is_found_in_the_words_of_the_training_set(sentences, expected):
  assert word_splits.detect(iter(sentences)) == expected


@pytest.mark.parametrize("name, text, expected", [
    ("spaces", "他 在 北京", ["他", "在", "北京"]),
    ("spaces", " two\tvotes ", ["two", "votes"]),
    ("characters", "他在 北京", ["他", "在", "北", "京"]),
    ("characters", "他 iOS\u30007", ["他", "i", "O", "S", "7"]),
    ("all_characters", "他 在", ["他", " ", "在"]),
    ("ideographs", "他的iPhone在 2008年", [
        "他", "的", "iPhone", "在", "2008", "年"]),
    ("ideographs", "iPhone X，他", ["iPhone", "X", "，", "他"]),
    (None, "他在 北京 iPhone", ["他", "在", "北", "京", "iPhone"]),
    (None, "两张票", ["两", "张", "票"]), (None, "two votes", ["two", "votes"]),
    ("characters", " \u3000", []), ("all_characters", " ", []),
    (None, "", [])])
def test_text_is_split_so(name, text, expected):
  found = word_splits.split(text, name)
  assert found == expected and type(found) is word_splits.Words


@pytest.mark.parametrize("texts, expected", [
    (["两张票", "他"], "characters"), (["他 在 北京"], "spaces"),
    (["the captain", "said"], "spaces"), (["captain"], None), (["他"], None),
    ([], None)])
def test_samples_of_older_exports_show_the_split(texts, expected):
  assert word_splits.detect_in_texts(texts) == expected


def test_chinese_sentence_in_one_piece_is_seen():
  assert word_splits.looks_unsplit(["他在北京吃"])
  assert word_splits.looks_unsplit(["他", "在北京见到王小明和他的老师们了吗"])
  assert not word_splits.looks_unsplit(["一心一意"])
  assert not word_splits.looks_unsplit(["中华人民共和国", "a" * 40])
