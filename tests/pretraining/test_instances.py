"""Instances, against the reference's and by hand."""
import random

import pytest

import commands
import create_pretraining_data
import golden
from benchmarks import instances_simple
from bert.data.tokenizers import vocabulary
from bert.pretraining import corpus
from bert.pretraining import instance_files
from bert.pretraining import instances
from mistakes import message_of

VOCABULARY = instances.Vocabulary(1, 2, 3, list(range(40)))
CASES = golden.rows("pretraining_data.jsonl")


def parsed(path):
  """A record file's instances as golden has them."""
  return [{name: values for name, (_, values) in record.items()}
          for record in commands.records(path)]


@pytest.mark.parametrize("number", range(len(CASES)))
def test_instances_are_the_references(number, tmp_path):
  case = CASES[number]
  flags = dict(case["flags"])
  paths = [str(tmp_path / ("%d.tfrecord" % index))
           for index in range(flags.pop("num_output_files"))]
  result = commands.run(dict(
      flags, vocab_file=golden.path("vocab.txt"), output_file=",".join(paths),
      input_file=",".join([golden.path("corpus_en.txt"),
                           golden.path("corpus_zh.txt")])),
                        create_pretraining_data)
  assert result.code == 0, result.log
  assert [parsed(path) for path in paths] == case["files"]


@pytest.mark.parametrize("count", [1, 2, 3, 7, 64, 65, 1000])
def test_draws_are_those_of_the_standard_library(count):
  one, other = random.Random(count), random.Random(count)
  for _ in range(50):
    # pylint: disable=protected-access
    assert (instances._below(count, one.getrandbits) ==
            other.randint(0, count - 1))
  shuffled, expected = list(range(count)), list(range(count))
  instances._shuffle(shuffled, one.getrandbits)
  other.shuffle(expected)
  assert shuffled == expected
  assert one.random() == other.random()


def documents(seed=0, num_documents=6):
  """Documents of sentences of 1 to 9 tokens; a third goes on with a word."""
  rng = random.Random(seed)
  token = lambda: (~rng.randrange(5, 40) if rng.random() < 0.3 else
                   rng.randrange(5, 40))
  return [[[token() for _ in range(rng.randrange(1, 10))]
           for _ in range(rng.randrange(1, 12))] for _ in range(num_documents)]


def create(masking, seed=1):
  return instances.InstanceMaker(
      masking, VOCABULARY, random.Random(seed)).create(documents())


@pytest.mark.parametrize("is_whole", [False, True])
def test_instances_hold_what_the_plan_says(is_whole):
  masking = instances.MaskingConfig(24, 5, 0.2, 0.5, 4, is_whole)
  made = create(masking)
  assert len(made) > 50
  for each in made:
    length = len(each.input_ids)
    assert 5 <= length <= 24
    assert each.input_ids[0] == 1
    assert each.input_ids[each.num_a - 1] == each.input_ids[-1] == 2
    assert each.positions == sorted(set(each.positions))
    assert len(each.positions) == len(each.masked_ids)
    most = min(5, max(1, round(length * 0.2)))
    assert len(each.positions) <= most
    if not is_whole:
      assert len(each.positions) == most
    assert not {0, each.num_a - 1, length - 1} & set(each.positions)
  assert {each.is_random_next for each in made} == {False, True}


def test_eight_of_ten_are_masked_one_kept_one_drawn():
  masking = instances.MaskingConfig(24, 5, 0.2, 0.1, 200)
  became = [each.input_ids[place] for each in create(masking)
            for place in each.positions]
  before = [token for each in create(masking) for token in each.masked_ids]
  share = sum(token == 3 for token in became) / len(became)
  # A drawn token is [MASK] or the same one time in forty each.
  assert abs(share - 0.8025) < 0.01
  kept = sum(one == other for one, other in zip(became, before)) / len(before)
  assert abs(kept - 0.1025) < 0.01


def test_whole_words_are_masked_together():
  masking = instances.MaskingConfig(24, 6, 0.3, 0.1, 20, True)
  sentence = [5, ~6, 7, 8, ~9, ~10]
  rng = random.Random(3)
  made = instances.InstanceMaker(masking, VOCABULARY, rng).create(
      [[sentence] * 3, [sentence] * 4])
  word_of = {5: 5, 6: 5, 7: 7, 8: 8, 9: 8, 10: 8}
  num_whole = 0
  for each in made:
    original = dict(enumerate(each.input_ids))
    original.update(zip(each.positions, each.masked_ids))
    for place, token in zip(each.positions, each.masked_ids):
      neighbours = [other for other in (place - 1, place + 1)
                    if word_of.get(original.get(other)) == word_of[token] and
                    abs(original[other] - token) == 1]
      assert all(other in each.positions for other in neighbours)
      num_whole += bool(neighbours)
  assert num_whole > 50


def test_same_seed_makes_the_same_and_another_makes_others():
  masking = instances.MaskingConfig(24, 5, 0.2)
  assert create(masking) == create(masking)
  assert create(masking) != create(masking, seed=2)


def test_progress_is_told_of_every_document():
  counts = []
  instances.InstanceMaker(
      instances.MaskingConfig(24, 5, dupe_factor=2), VOCABULARY,
      random.Random(0)).create(documents(), counts.append)
  assert counts == list(range(1, 13))


@pytest.mark.parametrize("missing", ["[CLS]", "[SEP]", "[MASK]"])
def test_vocabulary_without_a_special_token_is_refused(missing):
  vocab = {token: index for index, token in enumerate(
      ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]) if token != missing}
  message = message_of(instances.load_vocabulary, vocab, "v.txt")
  assert "--vocab_file=v.txt" in message and missing in message


def test_instances_are_those_of_the_plain_way(tmp_path):
  tokenizer = vocabulary.load_tokenizer(golden.path("vocab.txt"), True)
  paths = [golden.path("corpus_en.txt"), golden.path("corpus_zh.txt")]
  masking = instances.MaskingConfig(40, 6, 0.15, 0.3, 3)
  source = instance_files.Source(
      corpus.Corpus(paths, tokenizer, None, 40), masking,
      instances.load_vocabulary(tokenizer.vocab, "vocab.txt"), 7)
  ours, plain = str(tmp_path / "ours"), str(tmp_path / "plain")
  count = instance_files.write_files(source, [ours])
  assert instances_simple.write(paths, plain, masking, tokenizer, 7) == count > 50
  assert commands.records(ours) == commands.records(plain)
