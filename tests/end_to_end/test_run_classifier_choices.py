"""Multiple choice, answers in tables, and pairs encoded apart, by the command."""
import json
import os
import shutil
import signal

import numpy as np
import pytest

import active_tasks
import commands
import extract_features
import golden
import official_scorers
import run_classifier
import run_cross_validation
import served
import tiny_runs
from bert.common.errors import UserError
from bert.data.examples import Choices
from bert.serving import predictor
from tiny_runs import WORDS

SWAG_HEADER = ["", "video-id", "fold-ind", "startphrase", "sent1", "sent2",
               "gold-source", "ending0", "ending1", "ending2", "ending3"]


def swag(folder, **changes):
  random = np.random.RandomState(4)
  for name, count in (("train", 8), ("val", 6), ("test", 5)):
    has_label = name != "test"
    rows = [SWAG_HEADER + ["label"] * has_label]
    for index in range(count):
      texts = [" ".join(random.choice(WORDS, size)) for size in (
          4, 1, 2, 3, 2, 1)]
      rows.append([str(index), "v", "f%d" % index, "s"] + texts[:2] + ["g"] +
                  texts[2:] + [str(index % 4)] * has_label)
    commands.write_table(folder / "data" / (name + ".csv"), rows, ",")
  flags = commands.tiny_flags(
      folder, "swag", do_train=True, do_eval=True, do_predict=True,
      do_export=True, max_seq_length=24, num_train_epochs=2,
      learning_rate=1e-2)
  commands.write_config(folder, **tiny_runs.CONFIG)
  return dict(flags, **changes)


@pytest.fixture(scope="module")
def chosen(tmp_path_factory):
  flags = swag(tmp_path_factory.mktemp("swag"))
  commands.finish(flags)
  return flags


def test_choices_have_probabilities_in_test_results(chosen):
  probabilities = commands.probabilities(chosen["output_dir"])
  assert probabilities.shape == (5, 4)
  np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)
  best = [row[1] for row in commands.predictions(chosen["output_dir"])]
  assert best == [str(each) for each in probabilities.argmax(axis=1)]
  results = commands.results(chosen["output_dir"])
  assert {"eval_accuracy", "eval_loss"} <= set(results)
  assert "right choice" in commands.content(chosen["output_dir"],
                                            "eval_report.txt")


def choices_of(flags):
  lines = commands.lines(flags["data_dir"], "test.csv")[1:]
  texts = []
  for line in lines:
    cells = line.split(",")
    texts.append(Choices(cells[4], ["%s %s" % (cells[5], each)
                                    for each in cells[7:]]))
  return texts


def test_exported_choices_are_those_of_the_command(chosen):
  asked = predictor.Predictor(chosen["output_dir"], batch_size=2)
  texts = choices_of(chosen)
  expected = commands.probabilities(chosen["output_dir"])
  for output, row in zip(asked.predict(texts), expected):
    np.testing.assert_allclose(list(output.probabilities.values()), row,
                               atol=1e-5)
  answers = served.ask(asked, [
      {"text_a": each.text_a, "choices": each.choices} for each in texts])
  assert [each["label"] for each in answers] == [
      str(index) for index in expected.argmax(axis=1)]
  # Two of the choices have the odds that they have among four.
  (output,) = asked.predict([Choices(texts[0].text_a, texts[0].choices[:2])])
  pair = np.array(list(output.probabilities.values()))
  np.testing.assert_allclose(pair[:2], expected[0][:2] / expected[0][:2].sum(),
                             atol=1e-5)
  assert (pair[2:] == 0).all()
  (error,) = asked.predict_each(["a text alone"])
  assert isinstance(error, UserError)


def test_choices_go_through_folds_seeds_and_micro_batches(tmp_path):
  flags = swag(tmp_path, do_export=None, gradient_accumulation_steps=2,
               num_seeds=2, eval_every=2, pooling="mean", num_train_epochs=1)
  commands.finish(dict(flags, do_predict=False))
  assert len(commands.lines(flags["output_dir"], "trials.txt")) == 5
  folds = {name: value for name, value in flags.items()
           if name not in ("do_train", "do_eval", "num_seeds")}
  result = commands.run(dict(folds, num_folds=2,
                             output_dir=str(tmp_path / "folds")),
                        run_cross_validation)
  assert result.code == 0, result.log
  assert len(commands.lines(tmp_path / "folds", "out_of_fold_results.tsv")) == 8


def test_answers_may_be_in_a_table(tmp_path):
  rows = [{"q": "who said %s ?" % WORDS[index], "c": " ".join(WORDS),
           "y": WORDS[index + 2]} for index in range(6)]
  for name in ("train", "dev", "test"):
    commands.write(tmp_path / "data" / (name + ".jsonl"), "".join(
        json.dumps(each) + "\n" for each in rows))
  commands.write(tmp_path / "data" / "table.json", json.dumps({
      "format": "jsonl", "text_a": "q", "text_b": "c", "label": "y",
      "head": "span"}))
  flags = commands.tiny_flags(
      tmp_path, "table", do_train=True, do_eval=True, do_predict=True,
      do_export=True, max_seq_length=24, max_query_length=8, doc_stride=4)
  commands.finish(flags)
  answers = json.loads(commands.content(flags["output_dir"],
                                        "predictions.json"))
  assert len(answers) == 6
  assert [line.split("\t")[0] for line in commands.lines(
      flags["output_dir"], "test_results.tsv")] == list(answers.values())
  assert "eval_f1" in commands.results(flags["output_dir"])
  asked = predictor.Predictor(flags["output_dir"])
  outputs = asked.predict([(each["q"], each["c"]) for each in rows])
  assert [each.labels[0] for each in outputs] == list(answers.values())
  folds = {name: value for name, value in flags.items()
           if name not in ("do_train", "do_eval", "do_predict", "do_export")}
  result = commands.run(dict(folds, num_folds=2, train_batch_size=2,
                             output_dir=str(tmp_path / "folds")),
                        run_cross_validation)
  assert result.code == 0, result.log
  assert len(commands.lines(tmp_path / "folds", "out_of_fold_results.tsv")) == 6
  result = commands.run(dict(folds, num_folds=2, do_predict=True,
                             output_dir=str(tmp_path / "mean")),
                        run_cross_validation)
  assert result.code == 2 and "--do_predict" in result.log


@pytest.fixture(scope="module", params=["mrpc", "stsb"])
def apart(request, tmp_path_factory):
  """A run of pairs encoded apart -> flags."""
  folder = tmp_path_factory.mktemp(request.param)
  flags = tiny_runs.pairs(folder, pair_encoding="siamese", do_export=True,
                          num_workers=1)
  if request.param == "stsb":
    random = np.random.RandomState(6)
    for name in ("train", "dev", "test"):
      commands.write_table(folder / "data" / (name + ".tsv"), [
          ("sentence1", "sentence2", "score")] + [
              (" ".join(random.choice(WORDS, 3)),
               " ".join(random.choice(WORDS, 5)), str(random.randint(6)))
              for _ in range(9)])
    flags["task_name"] = "stsb"
  commands.finish(flags)
  return flags


def test_cosines_are_scored(apart):
  results = commands.results(apart["output_dir"])
  assert -1 <= results["eval_cosine_spearman"] <= 1
  if apart["task_name"] == "stsb":
    assert results["eval_cosine_spearman"] == pytest.approx(
        results["eval_spearman"])


def killed_and_resumed(flags, folder):
  """Runs a command again in a new folder, killed after step 3 -> its folder."""
  again = dict(flags, output_dir=str(folder / "again"),
               save_checkpoints_steps=2)
  assert commands.spawn(again, active_tasks.deadly(
      folder, run_classifier)).code == -signal.SIGKILL
  assert not os.path.exists(os.path.join(again["output_dir"],
                                         "test_results.tsv"))
  assert "Going on from step 2" in commands.finish(again)
  return again["output_dir"]


def test_killed_run_of_choices_resumes(chosen, tmp_path):
  folder = killed_and_resumed(chosen, tmp_path)
  assert commands.results(folder)["global_step"] == 4
  assert commands.probabilities(folder).shape == (5, 4)


def test_killed_run_of_pairs_apart_ends_the_same(apart, tmp_path):
  folder = killed_and_resumed(apart, tmp_path)
  assert commands.results(folder)["global_step"] == commands.results(
      apart["output_dir"])["global_step"]
  if apart["task_name"] == "stsb":  # Its head has no dropout.
    np.testing.assert_allclose(
        commands.probabilities(folder),
        commands.probabilities(apart["output_dir"]), atol=1e-5)


def pairs_of(flags):
  lines = commands.lines(flags["data_dir"], "test.tsv")[1:]
  columns = (0, 1) if flags["task_name"] == "stsb" else (3, 4)
  return [tuple(line.split("\t")[column] for column in columns)
          for line in lines]


def test_export_compares_pairs_as_the_command_did(apart):
  asked = predictor.Predictor(apart["output_dir"], batch_size=4)
  lines = commands.lines(apart["output_dir"], "test_results.tsv")
  for output, line in zip(asked.predict(pairs_of(apart)), lines):
    np.testing.assert_allclose(
        [float(cell) for cell in output.line.split("\t")],
        [float(cell) for cell in line.split("\t")], atol=1e-5)
  (error,) = asked.predict_each(["one text"])
  assert isinstance(error, UserError) and "pairs" in str(error)


def test_vectors_of_texts_are_those_that_are_compared(apart, tmp_path):
  if apart["task_name"] != "stsb":
    return  # Its results do not tell the cosines.
  texts = [text for pair in pairs_of(apart) for text in pair]
  path = commands.write(tmp_path / "texts.txt", "\n".join(texts) + "\n")
  result = commands.run({
      "input_file": path, "output_file": str(tmp_path / "vectors.npy"),
      "pooling": "mean", "pool_special_tokens": True, "layers": -1,
      "init_checkpoint": apart["output_dir"],
      "vocab_file": golden.path("vocab.txt"),
      "bert_config_file": apart["bert_config_file"], "max_seq_length": 40},
                        extract_features)
  assert result.code == 0, result.log
  vectors = np.load(str(tmp_path / "vectors.npy")).reshape(len(texts) // 2, 2,
                                                           -1)
  first, second = vectors[:, 0], vectors[:, 1]
  cosines = (first * second).sum(axis=1) / (
      np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1))
  scores = commands.probabilities(apart["output_dir"])[:, 0]
  np.testing.assert_allclose(scores, 5 * cosines, atol=1e-4)


def test_pairs_apart_are_refused_where_they_are_not_the_same_model(apart,
                                                                   tmp_path):
  shutil.copytree(apart["output_dir"], str(tmp_path / "out"))
  result = commands.run(dict(apart, output_dir=str(tmp_path / "out"),
                             pair_encoding="cross"))
  assert result.code == 2 and "pair_encoding 'siamese'" in result.log
  result = commands.run(dict(apart, num_windows=2,
                             output_dir=str(tmp_path / "new")))
  assert result.code == 2 and "--num_windows=2" in result.log
  assert not os.path.exists(str(tmp_path / "new"))


def test_single_texts_can_not_be_compared(tmp_path):
  flags = tiny_runs.single_texts(tmp_path, pair_encoding="siamese")
  result = commands.run(flags)
  assert result.code == 2 and "--pair_encoding=siamese" in result.log


def test_accuracy_of_c3_is_that_of_the_file_that_clue_takes(tmp_path):
  texts = [[["渡轮于1999年离开。", "船长是李娜。"], [
      {"question": "哪年？%d" % number, "choice": choices, "answer": answer,
       "id": number}
      for number, (choices, answer) in enumerate([
          ([1999, 2000], 1999), (["渡轮", "港口", "船长"], "船长"),
          (["李娜", "1999年", 1999, "船长"], "李娜"), ([1999, "李"], "李")])],
            "1-1"]]
  for name in ("m-train", "m-dev", "test1.1"):
    commands.write(tmp_path / "data" / (name + ".json"),
                   json.dumps(texts, ensure_ascii=False))
  flags = commands.tiny_flags(tmp_path, "c3", do_train=True, do_eval=True,
                              do_predict=True, max_seq_length=24)
  commands.write_config(tmp_path, **tiny_runs.CONFIG)
  commands.finish(flags)
  predicted = map(json.loads, commands.lines(flags["output_dir"],
                                             "c3_predict.json"))
  labels = {each["id"]: each["label"] for each in predicted}
  assert 100 * commands.results(flags["output_dir"])["eval_accuracy"] == (
      pytest.approx(official_scorers.c3(texts, labels)))
