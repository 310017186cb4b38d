"""Tiny runs of run_squad.py."""
import json

import commands
import golden
import run_squad
from tiny_runs import CONFIG

WORDS = ("the ferry left before sunrise and the captain said that two votes "
         "passed while dough was folded").split()


def document(num_questions=6, **changes):
  """Questions on contexts of 13 words, whose answer is a word or two."""
  paragraphs = []
  for number in range(num_questions // 2):
    words = WORDS[number:number + 13]
    context = " ".join(words)
    questions = []
    for index in range(2):
      answer = " ".join(words[2 + 3 * index:3 + 4 * index])
      questions.append(dict({
          "id": "q%d%d" % (number, index),
          "question": "who said %s ?" % words[index],
          "answers": [{"text": answer,
                       "answer_start": context.index(answer)}]}, **changes))
    paragraphs.append({"context": context, "qas": questions})
  return {"version": "1.1", "data": [{"title": "t", "paragraphs": paragraphs}]}


def flags_of(folder, **changes):
  """Flags of a run with files in folder, output in folder/out."""
  config = commands.write_config(folder, **CONFIG)
  flags = {
      "vocab_file": golden.path("vocab.txt"), "bert_config_file": config,
      "output_dir": str(folder / "out"), "max_seq_length": 24,
      "max_query_length": 8, "doc_stride": 6, "max_answer_length": 4,
      "train_batch_size": 2, "num_train_epochs": 2, "learning_rate": 1e-2,
      "random_seed": 7, "do_train": True, "do_eval": True, "do_predict": True}
  for name, count in (("train", 6), ("predict", 8)):
    flags[name + "_file"] = commands.write(
        folder / (name + ".json"), json.dumps(document(count)))
  return dict(flags, **changes)


def finish(flags):
  """Runs the command, which has to succeed -> its log."""
  result = commands.run(flags, run_squad)
  assert result.code == 0, result.log
  return result.log
