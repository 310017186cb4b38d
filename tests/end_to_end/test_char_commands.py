"""--tokenizer=char in every command that reads text."""
import json
import os
import shutil

import numpy as np
import pytest

import commands
import create_pretraining_data
import exported
import extract_features
import golden
import served
from bert.serving import predictor
from tiny_runs import pretraining_text

pytestmark = pytest.mark.usefixtures("plain_graphs")

TEXT = "two votes"
# The golden vocabulary has all of these letters.
TOKENS = ["t", "w", "o", "[unused1]", "v", "o", "t", "e", "s"]


def ids_of(tokens):
  vocab = golden.text("vocab.txt").split("\n")
  return [vocab.index(token) for token in tokens]


@pytest.fixture(scope="module")
def flags(tmp_path_factory):
  return exported.of_pairs(tmp_path_factory.mktemp("char"), tokenizer="char",
                           max_seq_length=40)


def test_records_hold_characters(flags):
  record = next(iter(commands.records(
      os.path.join(flags["output_dir"], "predict.tf_record"))))
  with open(os.path.join(flags["data_dir"], "test.tsv"),
            encoding="utf-8") as rows:
    texts = rows.read().split("\n")[1].split("\t")[3:5]
  vocab = golden.text("vocab.txt").split("\n")
  tokens = [vocab[token] for token in record["input_ids"][1] if token]
  chars = ["[unused1]" if char == " " else char for char in texts[0]]
  assert tokens[1:1 + min(len(chars), 18)] == chars[:18]


def test_folder_and_export_say_so_and_the_predictor_obeys(flags):
  for path in (os.path.join(flags["output_dir"], "task.json"), os.path.join(
      exported.folder_of(flags), "assets", "task.json")):
    with open(path, encoding="utf-8") as text:
      assert json.load(text)["tokenizer"] == "char"
  model = predictor.Predictor(flags["output_dir"])
  found = [output.probabilities for output in model.predict(
      exported.questions_of(flags))]
  np.testing.assert_allclose(
      [list(each.values()) for each in found],
      commands.probabilities(flags["output_dir"]), atol=1e-6)


def test_folder_is_not_gone_on_with_by_another_tokenizer(flags):
  result = commands.run(dict(flags, tokenizer="wordpiece"))
  assert result.code == 2
  assert "was made with tokenizer 'char', this run has 'wordpiece'" in (
      result.log)


def test_words_have_the_label_of_their_first_character(tmp_path):
  flags = exported.of_words(tmp_path, tokenizer="char", max_seq_length=48)
  answers = predictor.Predictor(flags["output_dir"]).predict([
      ["the", "captain", "said"]])
  assert len(answers[0].labels) == 3
  record = next(iter(commands.records(
      os.path.join(flags["output_dir"], "train.tf_record"))))
  starts = [place for place, label in enumerate(record["label_ids"][1]) if label]
  # the dough ferry left before
  assert starts == [1, 4, 9, 14, 18]


SENTENCE = "两张票的人"


@pytest.fixture(scope="module")
def tagger(tmp_path_factory):
  """Flags of a tagger that was trained on a character a line."""
  folder = tmp_path_factory.mktemp("tagger")
  for name in ("train.txt", "dev.txt", "test.txt"):
    commands.write(folder / "data" / name, 3 * ("".join(
        "%s %s\n" % (char, "B-X" if char == "票" else "O")
        for char in SENTENCE) + "\n"))
  flags = commands.tiny_flags(folder, "conll", do_train=True, do_predict=True,
                              num_train_epochs=8, learning_rate=1e-2)
  exported.make(flags)
  return flags


def edit_task(folder, *names):
  """Leaves entries of a task.json out, as older versions did."""
  path = os.path.join(folder, "task.json")
  task = json.loads(commands.content(path))
  commands.write(path, json.dumps(
      {name: value for name, value in task.items() if name not in names}))
  return task


def test_sentence_with_a_blank_has_the_labels_of_the_command(tagger):
  expected = commands.lines(tagger["output_dir"], "test_results.tsv")[0]
  assert expected == "O O B-X O O"
  model = predictor.Predictor(tagger["output_dir"])
  for text in (SENTENCE, "两张 票的人", " 两张票 的人\u3000"):
    (output,) = model.predict([text])
    assert output.words == list(SENTENCE) and output.line == expected
    (answer,) = served.ask(model, [text])
    assert answer["labels"] == expected.split()


def test_older_exports_are_asked_by_character_too(tagger, tmp_path):
  folder = exported.without_list(exported.folder_of(tagger))
  assets = os.path.join(folder, "assets")
  kept = commands.content(assets, "task.json")
  try:
    for names in (["word_split"], ["word_split", "sample_inputs"]):
      edit_task(assets, *names)
      (output,) = predictor.Predictor(tagger["output_dir"]).predict(
          ["两张 票的人"])
      assert output.words == list(SENTENCE)
  finally:
    commands.write(os.path.join(assets, "task.json"), kept)


def test_export_of_an_older_folder_learns_it_from_the_data(tagger):
  assert edit_task(tagger["output_dir"], "word_split")["word_split"] == (
      "characters")
  flags = dict(tagger, do_train=False)
  shutil.rmtree(os.path.join(flags["output_dir"], "export"))
  task = os.path.join(exported.folder_of(exported.make(flags)), "assets",
                      "task.json")
  assert json.loads(commands.content(task))["word_split"] == "characters"


def test_pretraining_data_holds_characters(tmp_path):
  flags = pretraining_text(tmp_path, tokenizer="char", num_workers=1,
                           max_seq_length=48)
  result = commands.run(flags, create_pretraining_data)
  assert result.code == 0, result.log
  text = commands.content(flags["input_file"])
  known = set(ids_of(["[CLS]", "[SEP]", "[MASK]", "[unused1]"]))
  known |= set(ids_of(sorted({char for char in text.lower()
                              if char.isalpha()})))
  ids = [token for record in commands.records(flags["output_file"])
         for token in record["input_ids"][1] if token]
  # One masked token in ten is any of the vocabulary.
  assert np.mean([token in known for token in ids]) > 0.95


def test_shards_of_another_tokenizer_are_refused(tmp_path):
  flags = pretraining_text(tmp_path, num_workers=1, num_shards=2)
  assert commands.run(flags, create_pretraining_data).code == 0
  result = commands.run(dict(flags, tokenizer="char"), create_pretraining_data)
  assert result.code == 2
  assert "were made with tokenizer wordpiece, this run has char" in result.log


def test_shards_whose_file_does_not_say_are_of_word_pieces(tmp_path):
  flags = pretraining_text(tmp_path, num_workers=1, num_shards=2)
  assert commands.run(flags, create_pretraining_data).code == 0
  path = flags["output_file"] + ".json"
  with open(path, encoding="utf-8") as text:
    said = json.load(text)
  del said["tokenizer"]
  commands.write(path, json.dumps(said))
  assert commands.run(flags, create_pretraining_data).code == 0
  assert commands.run(dict(flags, tokenizer="char"),
                      create_pretraining_data).code == 2


def test_vectors_are_of_characters(tmp_path):
  flags = {"input_file": commands.write(tmp_path / "in.txt", TEXT + "\n"),
           "output_file": str(tmp_path / "out.jsonl"), "layers": "-1",
           "bert_config_file": golden.path("bert_config.json"),
           "init_checkpoint": golden.checkpoint(),
           "vocab_file": golden.path("vocab.txt"), "tokenizer": "char",
           "max_seq_length": 16}
  result = commands.run(flags, extract_features)
  assert result.code == 0, result.log
  (line,) = commands.lines(flags["output_file"])
  assert [each["token"] for each in json.loads(line)["features"]] == (
      ["[CLS]"] + TOKENS + ["[SEP]"])
