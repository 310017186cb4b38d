"""run_squad.py from files to answers: training, scores, resuming, exports."""
import csv
import io
import json
import os
import shutil
import signal

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import active_tasks
import commands
import official_scorers
import run_squad
import served
import tiny_squad
from bert import modeling
from bert.common.errors import UserError
from bert.options.serving import PredictorOptions
from bert.serving import pipe
from bert.serving import predictor
from tiny_squad import finish, flags_of


def answers_of(folder, name="predictions.json"):
  return json.loads(commands.content(folder, name))


@pytest.fixture(scope="module")
def made(tmp_path_factory):
  """A run that trains, scores, predicts and exports -> flags, log."""
  flags = flags_of(tmp_path_factory.mktemp("squad"), do_export=True)
  return flags, finish(flags)


def test_all_files_are_written(made):
  flags, log = made
  assert {"predictions.json", "nbest_predictions.json", "eval_results.txt",
          "eval_report.txt", "eval_errors.tsv", "test_results.tsv",
          "test_predictions.tsv", "task.json", "train.tf_record",
          "dev.tf_record"} <= set(os.listdir(flags["output_dir"]))
  commands.assert_in_order(log, [
      "***** Running training *****", "  Num orig examples = 6",
      "  Num split examples = ", "  Batch size = 2", "  Num steps = 6",
      "***** Running evaluation *****", "***** Eval results *****",
      "Writing predictions to: ", "Writing nbest to: "])
  # Questions that are scored and predicted are run once.
  assert "***** Running predictions *****" not in log
  assert "Scores of the test set" not in log
  assert "eval.tf_record" not in os.listdir(flags["output_dir"])


def test_scores_are_those_of_the_answers(made):
  flags, _ = made
  answers = answers_of(flags["output_dir"])
  questions = [each for paragraph in tiny_squad.document(8)["data"][0][
      "paragraphs"] for each in paragraph["qas"]]
  assert list(answers) == [each["id"] for each in questions]
  results = commands.results(flags["output_dir"])
  is_right = [answers[each["id"]] == each["answers"][0]["text"]
              for each in questions]
  assert results["eval_exact_match"] == pytest.approx(np.mean(is_right))
  assert {"eval_f1", "eval_loss", "loss", "global_step"} < set(results)
  official = official_scorers.squad_1(tiny_squad.document(8), answers)
  for key, value in official.items():
    assert 100 * results["eval_" + key] == pytest.approx(value)
  errors = list(csv.reader(commands.lines(
      flags["output_dir"], "eval_errors.tsv"), delimiter="\t"))
  assert len(errors) == 1 + is_right.count(False)


def test_prediction_alone_gives_the_same_answers(made, tmp_path):
  flags, _ = made
  shutil.copytree(flags["output_dir"], str(tmp_path / "out"))
  alone = dict(flags, output_dir=str(tmp_path / "out"), do_train=False,
               do_eval=False, do_export=False)
  log = finish(alone)
  assert "***** Running predictions *****" in log
  assert "eval.tf_record" in os.listdir(alone["output_dir"])
  assert answers_of(alone["output_dir"]) == answers_of(flags["output_dir"])
  one, other = [answers_of(each["output_dir"], "nbest_predictions.json")
                for each in (alone, flags)]
  for name, answers in other.items():
    assert [each["text"] for each in one[name]] == [
        each["text"] for each in answers]
    assert [each["probability"] for each in one[name]] == pytest.approx(
        [each["probability"] for each in answers], abs=1e-5)


def texts_of(flags):
  with open(flags["predict_file"], encoding="utf-8") as stream:
    document = json.load(stream)
  return [(each["question"], paragraph["context"])
          for paragraph in document["data"][0]["paragraphs"]
          for each in paragraph["qas"]]


def test_export_answers_as_the_command_did(made):
  flags, _ = made
  asked = predictor.Predictor(flags["output_dir"], batch_size=3)
  outputs = asked.predict(texts_of(flags))
  nbest = answers_of(flags["output_dir"], "nbest_predictions.json")
  assert len(outputs) == 8
  for output, answers, (_, context) in zip(outputs, nbest.values(),
                                           texts_of(flags)):
    assert [each["answer"] for each in output.answers] == [
        each["text"] for each in answers]
    assert [each["score"] for each in output.answers] == pytest.approx(
        [each["probability"] for each in answers], abs=1e-5)
    for each in output.answers:
      assert context[each["start"]:each["end"]] == each["answer"]


# Texts whose white space is not as a tokenizer would write it.
_ODD_CONTEXTS = [3 * text for text in (
    "  The ferry  left\tthe ferry ", "\u3000ferry\u202fferry\t said",
    "Ferry-ferry left  the  FERRY", "李娜和李娜 the ferry,李娜 ")]


def check_places(asked):
  """Python, HTTP and a pipe give places of the text as it was given."""
  question = "who left ?"
  inputs = [{"question": question, "context": context}
            for context in _ODD_CONTEXTS]
  piped = io.StringIO()
  pipe.run(asked, PredictorOptions(
      export_dir=asked.folder, output_format="jsonl"), io.BytesIO("".join(
          "%s ||| %s\n" % (question, context)
          for context in _ODD_CONTEXTS).encode("utf-8")), piped)
  ways = [
      [asked.head.to_json(each) for each in asked.predict(
          [(question, context) for context in _ODD_CONTEXTS])],
      served.ask(asked, inputs),
      [json.loads(line) for line in piped.getvalue().splitlines()]]
  for outputs in ways:
    assert [each["answer"] for each in outputs] == [
        each["answer"] for each in ways[0]]
    for output, context in zip(outputs, _ODD_CONTEXTS):
      given = [each for each in [output] + output["answers"] if each["answer"]]
      assert given
      for each in given:
        assert context[each["start"]:each["end"]] == each["answer"]


def test_places_are_those_of_the_text_as_given_everywhere(made):
  flags, _ = made
  check_places(predictor.Predictor(flags["output_dir"], batch_size=3))


def test_places_in_the_table_are_those_of_the_file(made, tmp_path):
  flags, _ = made
  document = tiny_squad.document(8)
  for paragraph, context in zip(document["data"][0]["paragraphs"],
                                _ODD_CONTEXTS):
    paragraph["context"] = context
    for each in paragraph["qas"]:
      del each["answers"]
  alone = flags_of(tmp_path, do_train=False, do_eval=False, do_predict=True,
                   init_checkpoint=tf.train.latest_checkpoint(
                       flags["output_dir"]))
  commands.write(alone["predict_file"], json.dumps(document))
  finish(alone)
  rows = list(csv.reader(commands.lines(
      alone["output_dir"], "test_predictions.tsv"), delimiter="\t"))[1:]
  assert len(rows) == 8
  for number, (_, text, _, start, end) in enumerate(rows):
    context = _ODD_CONTEXTS[number // 2]
    assert context[int(start):int(end)].replace("\t", " ") == text


def test_server_answers_questions_of_long_contexts(made):
  flags, _ = made
  asked = predictor.Predictor(flags["output_dir"], batch_size=3)
  question, context = texts_of(flags)[0]
  inputs = [{"question": question, "context": context},
            {"text_a": question, "text_b": context}]
  first, second = served.ask(asked, inputs)
  assert first == second
  assert first["answer"] == answers_of(flags["output_dir"])["q00"]
  assert context[first["start"]:first["end"]] == first["answer"]
  assert first["answers"][0] == {
      key: first[key] for key in ("answer", "score", "start", "end")}
  for text in ({"question": question}, {"question": " ", "context": "a"},
               {"question": "a", "text_a": "b", "context": "c"}):
    with pytest.raises(AssertionError):
      served.ask(asked, [text])
  (error,) = asked.predict_each(["a question alone"])
  assert isinstance(error, UserError) and "question and context" in str(error)


def test_masked_model_answers_the_same_everywhere(tmp_path):
  flags = flags_of(tmp_path, do_export=True, mask_outside_context=True,
                   context_tokens="character", version_2_with_negative=True)
  for name, count in (("train", 6), ("predict", 8)):
    document = tiny_squad.document(count, is_impossible=False)
    document["data"][0]["paragraphs"][1]["qas"][0].update(
        answers=[], is_impossible=True)
    commands.write(flags[name + "_file"], json.dumps(document))
  finish(flags)
  results = commands.results(flags["output_dir"])
  odds = answers_of(flags["output_dir"], "null_odds.json")
  assert len(odds) == 8
  official = official_scorers.squad_2(
      document, answers_of(flags["output_dir"]), odds)
  assert {"HasAns_f1", "NoAns_f1"} < set(official)
  for key, value in official.items():
    scale = 1 if key.endswith("thresh") else 100
    assert scale * results["eval_" + key] == pytest.approx(value, rel=1e-4), key
  # By the rule of CMRC, which has no such questions, no answer is right, too.
  assert 0 <= results["eval_cmrc_f1"] <= 1
  asked = predictor.Predictor(flags["output_dir"], batch_size=3)
  answers = answers_of(flags["output_dir"])
  assert [each.labels[0] for each in asked.predict(texts_of(flags))] == list(
      answers.values())
  check_places(asked)


@pytest.fixture
def without_dropout(monkeypatch):
  monkeypatch.setattr(modeling, "dropout", lambda tensor, probability: tensor)


def test_killed_run_resumes_and_ends_the_same(tmp_path, made):
  flags = flags_of(tmp_path, save_checkpoints_steps=2)
  assert commands.spawn(flags, active_tasks.deadly(
      tmp_path, run_squad)).code == -signal.SIGKILL
  assert not os.path.exists(os.path.join(flags["output_dir"],
                                         "predictions.json"))
  log = finish(flags)
  assert "Going on from step 2" in log
  expected, _ = made
  assert answers_of(flags["output_dir"]) == answers_of(expected["output_dir"])
  one, other = [commands.variables(tf.train.latest_checkpoint(
      each["output_dir"])) for each in (flags, expected)]
  for name, value in other.items():
    np.testing.assert_allclose(one[name], value, rtol=1e-4, atol=1e-6)


def test_training_is_watched_and_ends_early(tmp_path, without_dropout):
  del without_dropout
  flags = flags_of(tmp_path, num_train_epochs=20, eval_every=1,
                   early_stopping_patience=2, do_export=True)
  finish(flags)
  entries = [json.loads(line) for line in commands.lines(
      flags["output_dir"], "evaluations.jsonl")]
  assert len(entries) < 60
  best = max(entries, key=lambda entry: entry["eval_f1"])
  results = commands.results(flags["output_dir"])
  assert results["eval_f1"] == pytest.approx(best["eval_f1"])
  assert results["global_step"] == best["global_step"]


def test_seeds_are_tried_and_the_best_is_copied(tmp_path):
  flags = flags_of(tmp_path, num_seeds=2)
  finish(flags)
  trials = commands.lines(flags["output_dir"], "trials.txt")
  assert len(trials) == 5
  results = commands.results(flags["output_dir"])
  folders = [os.path.join(flags["output_dir"], "trial_%d" % number)
             for number in (1, 2)]
  best = max(folders, key=lambda folder: commands.results(folder)["eval_f1"])
  assert commands.results(best)["eval_f1"] == results["eval_f1"]
  assert answers_of(flags["output_dir"]) == answers_of(best)


def test_weights_alone_are_enough_to_predict_with(made, tmp_path):
  flags, _ = made
  from bert.model import checkpoint_files
  weights = checkpoint_files.read(tf.train.latest_checkpoint(
      flags["output_dir"]))
  weights.pop("global_step")
  path = str(tmp_path / "weights.ckpt")
  checkpoint_files.write(path, weights)
  alone = dict(flags, output_dir=str(tmp_path / "out"), do_train=False,
               do_export=False, init_checkpoint=path)
  finish(alone)
  assert answers_of(alone["output_dir"]) == answers_of(flags["output_dir"])
  assert commands.results(alone["output_dir"])["global_step"] == 0
  finish(dict(alone, do_eval=False, output_dir=str(tmp_path / "other")))
  assert answers_of(tmp_path / "other") == answers_of(flags["output_dir"])


def test_steps_are_counted_in_questions_that_are_kept(tmp_path):
  flags = flags_of(tmp_path, do_eval=False, do_predict=False)
  document = tiny_squad.document(6)
  document["data"][0]["paragraphs"][0]["qas"][0]["answers"][0][
      "answer_start"] = 30
  commands.write(flags["train_file"], json.dumps(document))
  log = finish(flags)
  commands.assert_in_order(log, [
      "Could not find answer: ", "1 of 6 questions", "Num orig examples = 5",
      "Num steps = 5"])


def test_reason_of_a_whole_word_is_told_when_asked_for(tmp_path):
  flags = flags_of(tmp_path, do_train=False, do_eval=False,
                   verbose_logging=True)
  trained = flags_of(tmp_path / "trained", do_predict=False, do_eval=False)
  finish(trained)
  document = tiny_squad.document(8)
  document["data"][0]["paragraphs"][0]["context"] = "the fe\u0301rry " * 5
  commands.write(flags["predict_file"], json.dumps(document))
  log = finish(dict(flags, output_dir=trained["output_dir"]))
  assert "Length not equal after stripping spaces" in log


@pytest.mark.parametrize("changes, fragment", [
    (dict(do_train=False, do_eval=False, do_predict=False), "nothing to do"),
    (dict(train_file=None), "--do_train needs --train_file"),
    (dict(predict_file=None, eval_file=None, do_eval=False),
     "--do_predict needs --predict_file"),
    (dict(predict_file=None, do_predict=False), "--do_eval needs --eval_file"),
    (dict(predict_file=None, do_predict=False, do_eval=False,
          eval_every="epoch"), "--eval_every=epoch needs --eval_file"),
    (dict(max_seq_length=11), "--max_query_length=8"),
    (dict(max_seq_length=65), "--max_seq_length=65"),
    (dict(doc_stride=0), "--doc_stride=0: must be at least 1"),
    (dict(train_file="/no/such.json"), "/no/such.json"),
    (dict(context_tokens="word"), "must be one of: whitespace character")])
def test_flags_that_do_not_fit_are_refused(tmp_path, changes, fragment):
  flags = flags_of(tmp_path, **changes)
  result = commands.run(flags, run_squad)
  assert result.code == 2
  assert fragment in result.log
  assert not os.path.exists(flags["output_dir"])
