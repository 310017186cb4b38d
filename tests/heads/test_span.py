"""Span extraction: records, graph and answers."""
import json

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import golden
import span_golden
from bert import modeling
from bert.data import features
from bert.data.examples import Annotation, InputExample, PaddingInputExample
from bert.encoders.bert import Bert
from bert.evaluation import answer_finder
from bert.heads import registry
from bert.model.model_function import Model, TrainingSettings
from bert.model.output_rows import OutputRows
from bert.options.finetuning import HeadOptions
from bert.options.finetuning import SpanOptions
from mistakes import message_of

FEATURES = ("input_ids", "input_mask", "segment_ids")


def head_of(**span):
  return registry.create("span", [], span=SpanOptions(**span))


def golden_model(head, name="bert_config.json"):
  return Model(Bert(modeling.BertConfig.from_json_file(
      span_golden.path(name))), head)


def feed(arrays, names):
  return {name: tf.constant(arrays[name], tf.int32) for name in names}


def restore(session):
  saver = tf.train.Saver([each for each in tf.trainable_variables()])
  saver.restore(session, span_golden.path("ckpt", "bert_model.ckpt"))


def test_logits_are_the_references(session):
  arrays = golden.arrays("squad", "logits.npz")
  outputs = golden_model(head_of()).forward(feed(arrays, FEATURES))
  restore(session)
  actual = session.run(outputs)
  for name in ("start_logits", "end_logits"):
    golden.assert_close(actual[name], arrays[name], name=name)


def test_masked_logits_are_logarithms_of_probabilities_of_the_context(session):
  arrays = golden.arrays("squad", "logits.npz")
  outputs = golden_model(head_of(mask_outside_context=True)).forward(
      feed(arrays, FEATURES))
  restore(session)
  actual = session.run(outputs)["start_logits"][0]
  mask = arrays["segment_ids"][0].astype(bool)
  mask[np.flatnonzero(mask)[-1]] = False  # [SEP]
  mask[0] = True
  logits = arrays["start_logits"][0][mask].astype(np.float64)
  expected = logits - np.log(np.exp(logits - logits.max()).sum()) - logits.max()
  golden.assert_close(actual[mask], expected)
  assert (actual[~mask] < -9000).all()


def norms(session):
  """Name -> (sum, L2 norm) of all variables."""
  return {each.op.name: (value.sum(dtype=np.float64), np.linalg.norm(
      value.astype(np.float64)))
          for each, value in zip(tf.global_variables(),
                                 session.run(tf.global_variables()))}


def is_moved_by_rounding(name):
  return ("self/key/bias" in name or "cls/squad/output_bias" in name or
          "layer_1/output/LayerNorm/beta" in name)


def test_training_steps_are_the_references(session):
  expected = golden.document("squad", "training.json")
  arrays = golden.arrays("squad", "training.npz")
  names = FEATURES + ("start_positions", "end_positions")
  inputs = {name: tf.placeholder(tf.int32, [6, 64]) if name in FEATURES else
                  tf.placeholder(tf.int32, [6, 1]) for name in names}
  model = golden_model(head_of(), expected["config"])
  spec = model.train_spec(dict(inputs), TrainingSettings(
      expected["learning_rate"], expected["num_train_steps"],
      expected["num_warmup_steps"], None, trainable_variables=None))
  session.run(tf.global_variables_initializer())
  restore(session)
  losses = []
  for step in range(12):
    batch = {name: arrays[name][step].reshape(inputs[name].shape.as_list())
             for name in names}
    losses.append(session.run(
        [spec.loss, spec.train_op],
        {inputs[name]: batch[name] for name in names})[0])
  golden.assert_close(losses, expected["losses"])
  actual = norms(session)
  for name, value in expected["final"].items():
    if not is_moved_by_rounding(name) and name != "global_step":
      assert actual[name][1] == pytest.approx(value["l2"], rel=1e-4), name
  assert len(expected["final"]) == 120
  assert set(expected["final"]) <= set(actual)


def encoder_of(length, **changes):
  return features.TextEncoder(span_golden.tokenizer(**changes), length)


QUESTION = InputExample("q", "who left ?", "the ferry left before sunrise",
                        [Annotation("ferry", 4)])


def test_record_has_the_windows_and_the_answers_places():
  head = head_of(doc_stride=3)
  rows, stats = head.to_features(QUESTION, encoder_of(12))
  assert list(rows[0]) == list(head.record_spec(12))
  assert len(rows) > 1 and stats.num_truncated == 0
  first = rows[0]
  start, end = first["start_positions"][0], first["end_positions"][0]
  tokens = span_golden.tokenizer().convert_ids_to_tokens(first["input_ids"])
  assert "".join(tokens[start:end + 1]).replace("##", "") == "ferry"
  assert rows[-1]["start_positions"] == rows[-1]["end_positions"] == [0]
  assert all(row["is_impossible"] == [0] for row in rows)


def test_context_of_questions_in_a_row_is_tokenized_once(monkeypatch):
  encoder = encoder_of(20)
  words = []
  tokenize = encoder.tokenizer.tokenize
  monkeypatch.setattr(encoder.tokenizer, "tokenize",
                      lambda text: words.append(text) or tokenize(text))
  for question in ("who left ?", "what left ?"):
    head_of().to_features(InputExample("q", question, QUESTION.text_b), encoder)
  assert words.count("sunrise") == 1


def test_question_to_answer_has_no_places():
  head = head_of()
  example = InputExample("q", "who ?", "the ferry")
  (row,), _ = head.to_features(example, encoder_of(12))
  assert list(row) == list(head.record_spec(12, is_labelled=False))
  (padding,), _ = head.to_features(PaddingInputExample(), encoder_of(12))
  assert not any(map(any, padding.values()))


def test_answers_may_be_texts_alone():
  head = head_of()
  rows = [head.to_features(InputExample(
      "q", QUESTION.text_a, QUESTION.text_b, label), encoder_of(20))[0][0]
          for label in (["ferry"], [Annotation("ferry")], [Annotation(
              "x"), Annotation("ferry", 4)])]
  assert rows[0] == rows[1] == rows[2]
  assert rows[0]["start_positions"] != [0]


def test_questions_whose_answer_is_not_there_are_left_out(warnings, log):
  examples = [QUESTION, InputExample("r", "?", "a b", [Annotation("c", 0)]),
              InputExample("s", "?", "a b", [Annotation("b")])]
  kept = head_of().trainable_examples(examples)
  assert {each.guid for each in kept} == {"q", "s"}
  assert any("Could not find answer: 'a' vs. 'c'" in line for line in warnings)
  assert any("1 of 3 questions" in line for line in warnings)
  assert any("1 answers" in line and "elsewhere" in line for line in log)
  assert "no question" in message_of(head_of().trainable_examples,
                                     examples[1:2])


@pytest.mark.parametrize("label, span, fragment", [
    (None, {}, "no answer"), ([], {}, "--version_2_with_negative"),
    (None, dict(version_2_with_negative=True), "no answer")])
def test_question_without_answer_is_refused(label, span, fragment):
  example = InputExample("q7", "a", "b", label)
  message = message_of(head_of(**span).check_example, example, True)
  assert "q7" in message and fragment in message


@pytest.mark.parametrize("label, texts", [
    ("ferry", ["ferry"]), (Annotation("ferry", 4), ["ferry"]), ("", []),
    ([39764.0, np.int64(7), Annotation(10**400, 3)],
     ["39764.0", "7", "1" + 400 * "0"]),
    (39764.0, ["39764.0"]), (["a", "b"], ["a", "b"])])
def test_label_may_be_one_answer_and_an_answer_a_number(label, texts):
  row = {"answers": np.frombuffer(b'["", [], null]', np.uint8)}
  predictions = head_of().eval_prediction(
      {"answers": [row["answers"]]}, [InputExample("q", "?", "a", label)])
  assert predictions.labels == [texts]


@pytest.mark.parametrize("label", [[float("nan")], [True], [None], [b"a"]])
def test_answer_that_is_no_text_is_refused(label):
  example = InputExample("q7", "a", "b", label)
  message = message_of(head_of().check_example, example, True)
  assert "q7" in message and repr(label[0]) in message and "text" in message


def test_question_that_has_no_answer_is_taken_with_version_2():
  head = head_of(version_2_with_negative=True)
  head.check_example(InputExample("q", "a", "b", []), True)
  assert head.trainable_examples([InputExample("q", "a", "b", [])])


@pytest.mark.parametrize("kind, labels, settings, span, fragment", [
    ("span", ["a"], {}, {}, "no labels"),
    ("span", [], dict(pooling="mean"), {}, "--pooling=mean"),
    ("span", [], dict(crf=True), {}, "--crf"),
    ("span", [], dict(loss="focal"), {}, "--loss=focal"),
    ("span", [], dict(pair_encoding="siamese"), {}, "--pair_encoding=siamese"),
    ("classification", ["a", "b"], {}, dict(doc_stride=3), "--doc_stride=3"),
    ("regression", [], {}, dict(n_best_size=3), "--n_best_size=3"),
    ("tagging", ["O"], {}, dict(mask_outside_context=True),
     "--mask_outside_context=true")])
def test_setting_that_means_nothing_is_refused(kind, labels, settings, span,
                                               fragment):
  assert fragment in message_of(
      registry.create, kind, labels, HeadOptions(**settings),
      SpanOptions(**span))


def logits_row(length, start, end):
  """Logits that say where the answer is."""
  row = {name: np.zeros(length, np.float32)
         for name in ("start_logits", "end_logits")}
  row["start_logits"][start], row["end_logits"][end] = 9.0, 9.0
  return row


def test_outputs_of_windows_become_answers_of_questions():
  head = head_of()
  examples = [QUESTION, InputExample("r", "who ?", "captain lena")]
  encoder = encoder_of(20)
  rows, counts = [], []
  for example, word in zip(examples, ("ferry", "captain")):
    found = head.to_features(InputExample(
        "", example.text_a, example.text_b, [word]), encoder)[0]
    counts.append(len(found))
    rows += [logits_row(20, each["start_positions"][0],
                        each["end_positions"][0]) for each in found]
  merged = head.merge_rows(rows, examples, counts, encoder)
  best = [answer_finder.decode(each["answers"]) for each in merged]
  assert [each.best for each in best] == ["ferry", "captain"]
  assert QUESTION.text_b[best[0].all[0].begin:best[0].all[0].end] == "ferry"
  predictions = head.eval_prediction(OutputRows(merged).stacked(), examples)
  assert predictions.predicted == ["ferry", "captain"]
  assert predictions.labels == [["ferry"], []]
  assert predictions.probabilities[0, 0] > 0.9
  assert head.prediction(merged[0], QUESTION).labels == ["ferry"]
  assert head.result(merged[0], QUESTION).split("\t")[0] == "ferry"


def test_files_are_those_of_the_reference_and_a_table():
  head = head_of(version_2_with_negative=True)
  encoder = encoder_of(20)
  examples = [QUESTION, InputExample("r", "?", "captain lena"),
              InputExample("q", "?", "captain lena")]
  counts = [1, 1, 1]
  rows = [logits_row(20, 3, 3)] * 3
  merged = head.merge_rows(rows, examples, counts, encoder)
  files = head.output_files(examples, merged)
  assert set(files) == {"predictions.json", "nbest_predictions.json",
                        "null_odds.json", "test_predictions.tsv"}
  predictions = json.loads("\n".join(files["predictions.json"]))
  assert list(predictions) == ["q", "r"]  # The last of those named alike.
  nbest = json.loads("\n".join(files["nbest_predictions.json"]))
  assert list(nbest["r"][0]) == ["text", "probability", "start_logit",
                                 "end_logit"]
  table = [line.split("\t") for line in files["test_predictions.tsv"]]
  assert table[0] == ["guid", "prediction", "score", "start", "end"]
  assert [row[0] for row in table[1:]] == ["q", "r", "q"]
  text = examples[1].text_b
  assert text[int(table[2][3]):int(table[2][4])] == table[2][1]


def test_folds_have_no_mean_of_answers():
  assert "--do_predict" in message_of(head_of().check_averaging)
