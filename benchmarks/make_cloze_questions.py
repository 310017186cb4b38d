"""Makes files of questions, in SQuAD's format, from plain text.

A question is a sentence with "what" in place of one to three of its words, its
context the paragraph of the sentence, its answer these words.
"""

import argparse
import json
import random
import re
import sys
from typing import Dict, Iterator, List, Optional, Sequence

_SENTENCE = re.compile(r"[^.!?]+[.!?]")
_WORD = re.compile(r"[A-Za-z]{4,}(?: [a-z]{4,}){0,2}")
# Fewest and most words of a paragraph, and fewest of a sentence.
_MIN_CONTEXT, _MAX_CONTEXT, _MIN_SENTENCE = 40, 180, 8
_QUESTIONS_PER_PARAGRAPH = 4


def main(argv: Sequence[str]) -> None:
  """Writes a file to train on, and one of other paragraphs."""
  parser = argparse.ArgumentParser(description=__doc__)
  for name in ("input_file", "train_file", "dev_file"):
    parser.add_argument("--" + name, required=True)
  for name, count in (("num_train", 300), ("num_dev", 100), ("seed", 1)):
    parser.add_argument("--" + name, type=int, default=count)
  args = parser.parse_args(argv)
  with open(args.input_file, encoding="utf-8") as stream:
    contexts = list(paragraphs(stream.read()))
  draws = random.Random(args.seed)
  draws.shuffle(contexts)
  for path, count in ((args.train_file, args.num_train),
                      (args.dev_file, args.num_dev)):
    write(path, take(contexts, count, draws))


def paragraphs(text: str) -> Iterator[str]:
  """Yields the paragraphs between blank lines, each on one line."""
  for block in re.split(r"\n\s*\n", text):
    words = block.split()
    if _MIN_CONTEXT <= len(words) <= _MAX_CONTEXT:
      yield " ".join(words)


def take(contexts: List[str], count: int, draws: random.Random) -> List[Dict]:
  """Takes contexts off the list until there are `count` questions; returns
  paragraphs as SQuAD has them."""
  found, num_left = [], count
  while num_left:
    context = contexts.pop()
    questions = [question(context, match, draws)
                 for match in _SENTENCE.finditer(context)]
    questions = [each for each in questions if each][
        :min(_QUESTIONS_PER_PARAGRAPH, num_left)]
    num_left -= len(questions)
    if questions:
      found.append({"context": context, "qas": questions})
  return found


def question(context: str, sentence, draws: random.Random) -> Optional[Dict]:
  """Returns a question about a sentence; None where no words of it are there
  once only."""
  if len(sentence.group().split()) < _MIN_SENTENCE:
    return None
  answers = [match for match in _WORD.finditer(sentence.group())
             if context.count(match.group()) == 1]
  if not answers:
    return None
  answer = draws.choice(answers)
  start = sentence.start() + answer.start()
  text = (sentence.group()[:answer.start()] + "what" +
          sentence.group()[answer.end():-1]).strip() + "?"
  return {"question": text, "answers": [
      {"text": answer.group(), "answer_start": start}]}


def write(path: str, found: List[Dict]) -> None:
  """Writes a file of paragraphs; numbers the questions."""
  number = 0
  for paragraph in found:
    for each in paragraph["qas"]:
      each["id"] = "q%d" % number
      number += 1
  with open(path, "w", encoding="utf-8") as stream:
    json.dump({"version": "1.1", "data": [
        {"title": "", "paragraphs": found}]}, stream, indent=1)


if __name__ == "__main__":
  main(sys.argv[1:])
