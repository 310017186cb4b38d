"""The names that programs import from run_squad, by the reference's values."""
import collections
import json

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import commands
import golden
import span_golden
from bert import modeling
from bert import run_squad as old_squad
from mistakes import message_of
from test_old_names import batches

EXAMPLES = golden.rows("squad", "examples.jsonl")
FILES = sorted({row["file"] for row in EXAMPLES})
RUNS = golden.document("squad", "runs.json")
Doc = collections.namedtuple("Doc", ["start", "length"])


def as_golden(example, row):
  return {name: getattr(example, name) for name in row if name != "file"}


@pytest.mark.parametrize("name", FILES)
def test_examples_are_the_references(name):
  rows = [row for row in EXAMPLES if row["file"] == name]
  is_training = name.startswith("train")
  found = old_squad.read_squad_examples(
      span_golden.path(name), is_training, "v2" in name)
  assert len(found) == len(rows)
  assert [as_golden(*pair) for pair in zip(found, rows)] == [
      {key: value for key, value in row.items() if key != "file"}
      for row in rows]


def feature_groups():
  """(settings, windows) of each part of features.jsonl."""
  groups = []
  for row in golden.rows("squad", "features.jsonl"):
    if "tokens" in row:
      groups[-1][1].append(row)
    else:
      groups.append((row, []))
  return groups


def convert(settings, examples, is_training):
  found = []
  old_squad.convert_examples_to_features(
      examples, span_golden.tokenizer(settings["do_lower_case"]),
      settings["max_seq_length"], settings["doc_stride"],
      settings["max_query_length"], is_training, found.append)
  return found


@pytest.mark.parametrize("number", range(len(feature_groups())))
def test_features_are_the_references(number):
  settings, rows = feature_groups()[number]
  examples = old_squad.read_squad_examples(
      span_golden.path(settings["file"]), settings["is_training"],
      settings["version_2_with_negative"])[::settings.get("every", 1)]
  found = convert(settings, examples, settings["is_training"])
  assert len(found) == len(rows)
  for feature, row in zip(found, rows):
    expected = dict(row, tokens=row["tokens"].split(" "))
    first = expected.pop("doc_offset")
    assert examples[feature.example_index].qas_id == expected.pop("qas_id")
    expected["token_to_orig_map"] = dict(enumerate(
        row["token_to_orig_map"], first))
    expected["token_is_max_context"] = {
        place: bit == "1" for place, bit in enumerate(
            row["token_is_max_context"], first)}
    assert {name: getattr(feature, name) for name in expected} == expected


@pytest.mark.parametrize("name", ["v2_train_records", "v1_train_records"])
def test_records_of_the_writer_are_the_references(name, tmp_path):
  flags = RUNS[name]["flags"]
  examples = old_squad.read_squad_examples(
      span_golden.path(flags["train_file"]), True,
      flags.get("version_2_with_negative", False))
  import random
  random.Random(12345).shuffle(examples)
  writer = old_squad.FeatureWriter(str(tmp_path / "x.tf_record"), True)
  for feature in convert(flags, examples, True):
    writer.process_feature(feature)
  writer.close()
  expected = commands.records(span_golden.path(
      "cli", name, "expected_train.tf_record"))
  assert commands.records(writer.filename) == expected
  assert writer.num_features == len(expected)


def test_first_questions_are_logged_with_their_answers(log):
  settings = dict(do_lower_case=True, max_seq_length=16, doc_stride=8,
                  max_query_length=4)
  examples = [old_squad.SquadExample("q", "who ?", ["the", "ferry"], *answer)
              for answer in (("ferry", 1, 1), ("", -1, -1, True))] * 15
  convert(settings, examples, True)
  assert log.count("*** Example ***") == 20
  assert log.count("answer: ferry") == log.count("impossible example") == 10
  # [CLS] who ? [SEP] the ferry [SEP]
  assert log.count("start_position: 5") == log.count("end_position: 5") == 10


def test_words_of_the_programs_own_are_taken_as_they_are():
  settings = dict(do_lower_case=True, max_seq_length=16, doc_stride=8,
                  max_query_length=4)
  # As forks for Chinese split them; one holds a space.
  (found,) = convert(settings, [old_squad.SquadExample(
      "q", "who ?", ["two ferry", "the"], "ferry", 0, 0)], True)
  assert found.tokens[4:-1] == ["two", "ferry", "the"]
  assert found.token_to_orig_map == {4: 0, 5: 0, 6: 1}
  assert (found.start_position, found.end_position) == (5, 5)


def features_of(row):
  """The InputFeatures of a row of postprocess.jsonl."""
  return [old_squad.InputFeatures(
      each["unique_id"], each["example_index"], None,
      each["tokens"].split(" "),
      dict(enumerate(each["token_to_orig_map"], each["doc_offset"])),
      {place: bit == "1" for place, bit in enumerate(
          each["token_is_max_context"], each["doc_offset"])}, [], [], [])
          for each in row["features"]]


def write(row, folder, by_flags=None):
  """Writes the answers of such a row; returns the three files' contents."""
  results = [old_squad.RawResult(each["unique_id"], *[
      [float(np.float32(value) / row["logits_divided_by"])
       for value in each[name]] for name in ("start_logits", "end_logits")])
             for each in row["results"]]
  paths = [str(folder / name) for name in ("best", "nbest", "odds")]
  names = ("version_2_with_negative", "null_score_diff_threshold")
  own = {name: row[name] for name in names}
  if by_flags:
    by_flags(**own)
  old_squad.write_predictions(
      [old_squad.SquadExample(each["qas_id"], "", each["doc_tokens"])
       for each in row["examples"]], features_of(row), results,
      row["n_best_size"], row["max_answer_length"], row["do_lower_case"],
      *paths, **({} if by_flags else own))
  return [json.loads(commands.content(path)) if (folder / name).exists() else
          None for path, name in zip(paths, ("best", "nbest", "odds"))]


POSTPROCESS = [row for row in golden.rows("squad", "postprocess.jsonl")
               if "raises" not in row]


@pytest.mark.parametrize("number", range(len(POSTPROCESS)))
@pytest.mark.parametrize("by_flags", [False, True])
def test_answers_are_the_references(number, by_flags, tmp_path, own_flags):
  row = POSTPROCESS[number]
  best, nbest, odds = write(row, tmp_path, own_flags if by_flags else None)
  assert list(best.items()) == list(row["predictions"].items())
  for name, found in nbest.items():
    for answer, expected in zip(found, row["nbest"][name]):
      assert list(answer) == ["text", "probability", "start_logit", "end_logit"]
      assert answer["text"] == expected[0]
      golden.assert_close(list(answer.values())[1:], expected[1:])
    assert len(found) == len(row["nbest"][name])
  assert odds == (row["null_odds"] and pytest.approx(row["null_odds"]))


def test_window_without_a_result_is_refused(tmp_path):
  row = dict(POSTPROCESS[0], results=POSTPROCESS[0]["results"][1:])
  message = message_of(write, row, tmp_path)
  assert str(POSTPROCESS[0]["results"][0]["unique_id"]) in message
  assert not list(tmp_path.iterdir())


def test_final_texts_are_the_references():
  for row in golden.rows("squad", "final_text.jsonl"):
    assert old_squad.get_final_text(
        row["pred_text"], row["orig_text"],
        row["do_lower_case"]) == row["final_text"]


def test_reason_is_logged_if_a_flag_of_the_program_says_so(own_flags, log):
  assert old_squad.get_final_text("x", "y", True) == "y" and not log
  own_flags(verbose_logging=True)
  assert old_squad.get_final_text("x", "y", True) == "y"
  assert "Unable to find text: 'x' in 'y'" in log


def test_windows_and_their_best_ones_are_the_references():
  for row in golden.rows("squad", "windows.jsonl"):
    spans = [Doc(*each) for each in row["spans"]]
    for start, number in row["first_of_best"]:
      assert old_squad._check_is_max_context(spans, number, start)


def test_answer_is_narrowed_to_its_own_pieces():
  # Of "(1895 - 1943 )", the pieces 2 to 6.
  pieces = ["vale", "x", "(", "1895", "-", "1943", ")", "a"]
  tokenizer = span_golden.tokenizer()
  assert old_squad._improve_answer_span(pieces, 2, 6, tokenizer,
                                        "1895") == (3, 3)
  assert old_squad._improve_answer_span(pieces, 2, 6, tokenizer,
                                        "ferry") == (2, 6)


def test_scores_are_ranked_and_turned_into_probabilities():
  assert old_squad._get_best_indexes([1.0, 3.0, 2.0, 3.0], 3) == [1, 3, 2]
  assert old_squad._compute_softmax([]) == []
  # e^0, e^ln3
  assert old_squad._compute_softmax([5.0, 5.0 + np.log(3)]) == (
      pytest.approx([0.25, 0.75]))


def test_create_model_has_the_references_logits(session):
  arrays = golden.arrays("squad", "logits.npz")
  outputs = old_squad.create_model(
      modeling.BertConfig.from_json_file(span_golden.path("bert_config.json")),
      False, *[tf.constant(arrays[name], tf.int32) for name in (
          "input_ids", "input_mask", "segment_ids")],
      use_one_hot_embeddings=False)
  tf.train.Saver(tf.trainable_variables()).restore(
      session, span_golden.path("ckpt", "bert_model.ckpt"))
  for name, value in zip(("start_logits", "end_logits"), session.run(outputs)):
    golden.assert_close(value, arrays[name], name=name)


@pytest.mark.parametrize("is_training", [False, True])
def test_input_fn_reads_the_writers_file(tmp_path, is_training):
  settings = dict(do_lower_case=True, max_seq_length=16, doc_stride=8,
                  max_query_length=4)
  features = convert(settings, [old_squad.SquadExample(
      "q", "who ?", ["the"] * number, "the", 0, 0) for number in range(1, 6)],
                     is_training)
  writer = old_squad.FeatureWriter(str(tmp_path / "x"), is_training)
  for each in features:
    writer.process_feature(each)
  writer.close()
  found = batches(old_squad.input_fn_builder(
      str(tmp_path / "x"), 16, is_training, is_training), 2, 3)
  names = ["input_ids", "input_mask", "segment_ids", "unique_ids"]
  if is_training:
    names += ["start_positions", "end_positions"]
    assert set(found[0]["start_positions"]) == {4}
  else:
    assert [each["unique_ids"].tolist() for each in found] == [
        [1000000000, 1000000001], [1000000002, 1000000003], [1000000004]]
  for name in names:
    shape = (2, 16) if name in names[:3] else (2,)
    assert found[0][name].shape == shape and found[0][name].dtype == np.int32
  assert set(found[0]) == set(names)


def test_model_is_not_evaluated(session):
  model_fn = old_squad.model_fn_builder(
      modeling.BertConfig.from_json_file(span_golden.path("bert_config.json")),
      None, 1e-3, 1, 0, False, False)
  ids = tf.constant([[7, 8]])
  with pytest.raises(ValueError, match="training and predictions"):
    model_fn(dict.fromkeys(("input_ids", "input_mask", "segment_ids"), ids),
             None, tf.estimator.ModeKeys.EVAL, {})
