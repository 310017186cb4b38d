"""A simple way to make pre-training instances, as a baseline.

Texts stay text until the end, each is tokenized again for each masking, and each
instance is a tf.train.Example. The same seed gives the same instances as ours.

Source: Devlin et al. 2018, https://arxiv.org/abs/1810.04805, section 3.1.
"""

import random
from typing import List, Sequence

import tensorflow.compat.v1 as tf

from bert import tokenization
from bert.pretraining.instances import MaskingConfig


def write(paths: Sequence[str], output: str, masking: MaskingConfig,
          tokenizer: tokenization.FullTokenizer, seed: int) -> int:
  """Writes a file of all instances; returns their number.

  Args:
    paths: files of text, a sentence a line.
    output: the file.
    masking: how; do_whole_word_mask is not for this.
    tokenizer: what splits.
    seed: what all choices are drawn from.
  """
  rng = random.Random(seed)
  words = list(tokenizer.vocab)
  documents = [document for document in _read(paths, tokenizer) if document]
  rng.shuffle(documents)
  made = []
  for _ in range(masking.dupe_factor):
    for index in range(len(documents)):
      made += _make(documents, index, masking, words, rng)
  rng.shuffle(made)
  with tf.python_io.TFRecordWriter(output) as writer:
    for instance in made:
      example = _to_example(instance, masking, tokenizer)
      writer.write(example.SerializeToString())
  return len(made)


def _read(paths, tokenizer) -> List[List[List[str]]]:
  documents = [[]]
  for path in paths:
    with tf.gfile.GFile(path) as reader:
      for line in reader:
        line = line.strip()
        if not line:
          documents.append([])
          continue
        words = tokenizer.basic_tokenizer.tokenize(line)
        tokens = [piece for word in words
                  for piece in tokenizer.wordpiece_tokenizer.tokenize(word)]
        if tokens:
          documents[-1].append(tokens)
  return documents


def _make(documents, index, masking, words, rng):
  room = target = masking.max_seq_length - 3
  if rng.random() < masking.short_seq_prob:
    target = rng.randint(2, room)
  document = documents[index]
  made, chunk, place = [], [], 0
  while place < len(document):
    chunk.append(document[place])
    place += 1
    if place < len(document) and sum(map(len, chunk)) < target:
      continue
    end = rng.randint(1, len(chunk) - 1) if len(chunk) > 1 else 1
    first = [token for tokens in chunk[:end] for token in tokens]
    is_random = len(chunk) == 1 or rng.random() < 0.5
    second = []
    if is_random:
      for _ in range(10):
        other = rng.randint(0, len(documents) - 1)
        if other != index:
          break
      start = rng.randint(0, len(documents[other]) - 1)
      for tokens in documents[other][start:]:
        second += tokens
        if len(second) >= target - len(first):
          break
      place -= len(chunk) - end
    else:
      second = [token for tokens in chunk[end:] for token in tokens]
    while len(first) + len(second) > room:
      longer = first if len(first) > len(second) else second
      longer.pop(0 if rng.random() < 0.5 else -1)
    made.append(_mask(first, second, is_random, (masking, words, rng)))
    chunk = []
  return made


def _mask(first, second, is_random, tools):
  masking, words, rng = tools
  tokens = ["[CLS]"] + first + ["[SEP]"] + second + ["[SEP]"]
  segments = [0] * (len(first) + 2) + [1] * (len(second) + 1)
  places = [place for place, token in enumerate(tokens)
            if token not in ("[CLS]", "[SEP]")]
  rng.shuffle(places)
  wanted = min(masking.max_predictions_per_seq,
               max(1, int(round(len(tokens) * masking.masked_lm_prob))))
  masked = []
  for place in places[:wanted]:
    masked.append((place, tokens[place]))
    if rng.random() < 0.8:
      tokens[place] = "[MASK]"
    elif rng.random() >= 0.5:
      tokens[place] = words[rng.randint(0, len(words) - 1)]
  return tokens, segments, sorted(masked), is_random


def _to_example(instance, masking, tokenizer):
  tokens, segments, masked, is_random = instance
  pad = lambda values, size: values + [0] * (size - len(values))
  tokens_of = lambda values: _whole(pad(values, masking.max_seq_length))
  masked_of = lambda values: pad(values, masking.max_predictions_per_seq)
  features = {
      "input_ids": tokens_of(tokenizer.convert_tokens_to_ids(tokens)),
      "input_mask": tokens_of([1] * len(tokens)),
      "segment_ids": tokens_of(segments),
      "masked_lm_positions": _whole(masked_of([place for place, _ in masked])),
      "masked_lm_ids": _whole(masked_of(tokenizer.convert_tokens_to_ids(
          [token for _, token in masked]))),
      "masked_lm_weights": tf.train.Feature(float_list=tf.train.FloatList(
          value=masked_of([1.0] * len(masked)))),
      "next_sentence_labels": _whole([int(is_random)])}
  return tf.train.Example(features=tf.train.Features(feature=features))


def _whole(values):
  return tf.train.Feature(int64_list=tf.train.Int64List(value=values))
