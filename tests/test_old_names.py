"""The names that programs import from the reference release's scripts."""
import importlib
import os
import random
import subprocess
import sys

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import commands
import forked
import golden
from bert import create_pretraining_data as old_pretraining_data
from bert import extract_features as old_features
from bert import modeling
from bert import run_classifier as old_classifier
from bert import run_pretraining as old_pretraining
from bert import tokenization
from bert.common.errors import UserError
from graphs import run_init

ROOT = os.path.dirname(commands.SCRIPT)
CORE = os.path.join(ROOT, "bert")

# Module -> name -> what it takes; None: it is no function or class of its own.
NAMES = {
    "run_classifier": {
        "InputExample": lambda guid, text_a, text_b=None, label=None: 0,
        "PaddingInputExample": lambda: 0,
        "InputFeatures": lambda input_ids, input_mask, segment_ids, label_id,
                                is_real_example=True: 0,
        "DataProcessor": lambda: 0,
        "ColaProcessor": lambda: 0, "MnliProcessor": lambda: 0,
        "MrpcProcessor": lambda: 0, "XnliProcessor": lambda: 0,
        "convert_single_example":
            lambda ex_index, example, label_list, max_seq_length, tokenizer: 0,
        "convert_examples_to_features":
            lambda examples, label_list, max_seq_length, tokenizer: 0,
        "file_based_convert_examples_to_features":
            lambda examples, label_list, max_seq_length, tokenizer,
                   output_file: 0,
        "file_based_input_fn_builder":
            lambda input_file, seq_length, is_training, drop_remainder: 0,
        "input_fn_builder":
            lambda features, seq_length, is_training, drop_remainder: 0,
        "create_model":
            lambda bert_config, is_training, input_ids, input_mask, segment_ids,
                   labels, num_labels, use_one_hot_embeddings: 0,
        "model_fn_builder":
            lambda bert_config, num_labels, init_checkpoint, learning_rate,
                   num_train_steps, num_warmup_steps, use_tpu,
                   use_one_hot_embeddings: 0,
        "_truncate_seq_pair": lambda tokens_a, tokens_b, max_length: 0,
        "modeling": None, "optimization": None, "tokenization": None},
    "run_squad": {
        "SquadExample":
            lambda qas_id, question_text, doc_tokens, orig_answer_text=None,
                   start_position=None, end_position=None,
                   is_impossible=False: 0,
        "InputFeatures":
            lambda unique_id, example_index, doc_span_index, tokens,
                   token_to_orig_map, token_is_max_context, input_ids,
                   input_mask, segment_ids, start_position=None,
                   end_position=None, is_impossible=None: 0,
        "read_squad_examples": lambda input_file, is_training: 0,
        "convert_examples_to_features":
            lambda examples, tokenizer, max_seq_length, doc_stride,
                   max_query_length, is_training, output_fn: 0,
        "_improve_answer_span":
            lambda doc_tokens, input_start, input_end, tokenizer,
                   orig_answer_text: 0,
        "_check_is_max_context":
            lambda doc_spans, cur_span_index, position: 0,
        "create_model":
            lambda bert_config, is_training, input_ids, input_mask, segment_ids,
                   use_one_hot_embeddings: 0,
        "model_fn_builder":
            lambda bert_config, init_checkpoint, learning_rate, num_train_steps,
                   num_warmup_steps, use_tpu, use_one_hot_embeddings: 0,
        "input_fn_builder":
            lambda input_file, seq_length, is_training, drop_remainder: 0,
        "RawResult": lambda unique_id, start_logits, end_logits: 0,
        "write_predictions":
            lambda all_examples, all_features, all_results, n_best_size,
                   max_answer_length, do_lower_case, output_prediction_file,
                   output_nbest_file, output_null_log_odds_file: 0,
        "get_final_text": lambda pred_text, orig_text, do_lower_case: 0,
        "_get_best_indexes": lambda logits, n_best_size: 0,
        "_compute_softmax": lambda scores: 0,
        "FeatureWriter": lambda filename, is_training: 0,
        "modeling": None, "optimization": None, "tokenization": None},
    "create_pretraining_data": {
        "MaskedLmInstance": lambda index, label: 0,
        "TrainingInstance":
            lambda tokens, segment_ids, masked_lm_positions, masked_lm_labels,
                   is_random_next: 0,
        "create_training_instances":
            lambda input_files, tokenizer, max_seq_length, dupe_factor,
                   short_seq_prob, masked_lm_prob, max_predictions_per_seq,
                   rng: 0,
        "create_instances_from_document":
            lambda all_documents, document_index, max_seq_length,
                   short_seq_prob, masked_lm_prob, max_predictions_per_seq,
                   vocab_words, rng: 0,
        "truncate_seq_pair": lambda tokens_a, tokens_b, max_num_tokens, rng: 0,
        "create_int_feature": lambda values: 0,
        "create_float_feature": lambda values: 0,
        "create_masked_lm_predictions":
            lambda tokens, masked_lm_prob, max_predictions_per_seq, vocab_words,
                   rng: 0,
        "write_instance_to_example_files":
            lambda instances, tokenizer, max_seq_length,
                   max_predictions_per_seq, output_files: 0,
        "tokenization": None},
    "run_pretraining": {
        "model_fn_builder":
            lambda bert_config, init_checkpoint, learning_rate, num_train_steps,
                   num_warmup_steps, use_tpu, use_one_hot_embeddings: 0,
        "get_masked_lm_output":
            lambda bert_config, input_tensor, output_weights, positions,
                   label_ids, label_weights: 0,
        "get_next_sentence_output":
            lambda bert_config, input_tensor, labels: 0,
        "gather_indexes": lambda sequence_tensor, positions: 0,
        "_decode_record": lambda record, name_to_features: 0,
        "input_fn_builder":
            lambda input_files, max_seq_length, max_predictions_per_seq,
                   is_training, num_cpu_threads=4: 0,
        "modeling": None, "optimization": None},
    "extract_features": {
        "InputExample": lambda unique_id, text_a, text_b: 0,
        "InputFeatures": lambda unique_id, tokens, input_ids, input_mask,
                                input_type_ids: 0,
        "convert_examples_to_features":
            lambda examples, seq_length, tokenizer: 0,
        "read_examples": lambda input_file: 0,
        "input_fn_builder": lambda features, seq_length: 0,
        "model_fn_builder":
            lambda bert_config, init_checkpoint, layer_indexes, use_tpu,
                   use_one_hot_embeddings: 0,
        "_truncate_seq_pair": lambda tokens_a, tokens_b, max_length: 0,
        "modeling": None, "tokenization": None},
}
ALL = [(module, name) for module in sorted(NAMES)
       for name in sorted(NAMES[module])]


@pytest.mark.parametrize("module, name", ALL)
def test_name_is_there_with_the_old_parameters(module, name,
                                               assert_called_like):
  found = getattr(importlib.import_module("bert." + module), name)
  # By the way of the command of that name, too.
  assert getattr(importlib.import_module(module), name) is found
  if NAMES[module][name]:
    assert_called_like(found, NAMES[module][name])


@pytest.mark.parametrize("module", sorted(NAMES))
def test_star_imports_the_names_and_no_others(module):
  namespace = {}
  exec("from %s import *" % module, namespace)  # pylint: disable=exec-used
  assert set(namespace) - {"__builtins__"} == set(NAMES[module])


@pytest.mark.parametrize("module", sorted(NAMES))
def test_name_that_is_not_there_is_an_import_error(module):
  with pytest.raises(ImportError):
    exec("from %s import no_such_name" % module, {})  # pylint: disable=exec-used
  assert not hasattr(importlib.import_module(module), "__no_such_name__")


WAYS = {"package": ("bert.%s", ROOT, CORE), "root": ("%s", ROOT, ROOT),
        "inside": ("%s", CORE, CORE)}
IMPORT = """
import sys
import tensorflow.compat.v1 as tf
import {module}
from {module} import {names}
assert {module}.__file__.startswith({folder!r}), {module}.__file__
"""


@pytest.mark.parametrize("way", sorted(WAYS))
@pytest.mark.parametrize("module", sorted(NAMES))
def test_import_changes_nothing(module, way, side_effects_of_import):
  name, path, folder = WAYS[way]
  assert side_effects_of_import(name % module, path, folder, False) == ""


@pytest.mark.parametrize("way", sorted(WAYS))
def test_names_come_whatever_is_on_the_path(way, tmp_path):
  name, path, folder = WAYS[way]
  program = "".join(IMPORT.format(module=name % module, folder=folder,
                                  names=", ".join(sorted(NAMES[module])))
                    for module in sorted(NAMES))
  process = subprocess.run(
      forked.python() + ["-c", program], cwd=str(tmp_path),
      env=dict(os.environ, PYTHONPATH=path), stdout=subprocess.PIPE,
      stderr=subprocess.STDOUT, universal_newlines=True)
  assert process.returncode == 0, process.stdout


@pytest.mark.parametrize("module", sorted(NAMES))
@pytest.mark.parametrize("start", [["-m", "bert.%s"],
                                   [os.path.join("bert", "%s.py")]])
def test_module_that_is_run_is_the_command(module, start):
  process = subprocess.run(
      [sys.executable] + [part.replace("%s", module) for part in start] +
      ["--no_such_flag=3"], cwd=ROOT, stdout=subprocess.PIPE,
      stderr=subprocess.PIPE, universal_newlines=True)
  assert process.returncode == 2
  assert process.stderr.startswith("%s.py: error: " % module)
  assert "no_such_flag" in process.stderr


def tokenizer(do_lower_case=True):
  return tokenization.FullTokenizer(golden.path("vocab.txt"), do_lower_case)


def golden_examples():
  for number, row in enumerate(golden.rows("features.jsonl")):
    yield row, old_classifier.InputExample(
        "row-%d" % number, row["text_a"], row["text_b"], row["label"])


def as_golden(features):
  return dict(vars(features))


def test_features_are_the_golden_ones():
  for number, (row, example) in enumerate(golden_examples()):
    features = old_classifier.convert_single_example(
        number, example, row["label_list"], row["max_seq_length"], tokenizer())
    assert as_golden(features) == {name: row[name] for name in vars(features)}


def test_list_of_examples_has_the_same_features():
  row, example = next(golden_examples())
  padding = old_classifier.PaddingInputExample()
  found = old_classifier.convert_examples_to_features(
      [example, padding], row["label_list"], row["max_seq_length"], tokenizer())
  assert as_golden(found[0]) == {name: row[name] for name in vars(found[0])}
  zeros = [0] * row["max_seq_length"]
  assert as_golden(found[1]) == {
      "input_ids": zeros, "input_mask": zeros, "segment_ids": zeros,
      "label_id": 0, "is_real_example": False}


def test_first_five_examples_are_logged(log):
  row, example = next(golden_examples())
  old_classifier.convert_examples_to_features(
      [example] * 8, row["label_list"], 16, tokenizer())
  assert log.count("*** Example ***") == 5
  del log[:]
  for index in range(8):
    old_classifier.convert_single_example(
        index, example, row["label_list"], 16, tokenizer())
  assert log.count("*** Example ***") == 5


def test_labels_of_any_type_are_taken_and_stay_as_they_are():
  example = old_classifier.InputExample("g", "two votes", label=np.int64(1))
  found = old_classifier.convert_examples_to_features(
      [example], [0, 1], 8, tokenizer())
  assert found[0].label_id == 1
  assert isinstance(example.label, np.int64)


def test_label_that_is_not_in_the_list_is_refused():
  example = old_classifier.InputExample("g", "two votes", label="x")
  with pytest.raises(UserError, match="'x' is not one of: 0 1"):
    old_classifier.convert_examples_to_features([example], ["0", "1"], 8,
                                                tokenizer())


def test_tokenizer_need_only_have_the_methods():
  class Letters:

    def tokenize(self, text):
      return list(text)

    def convert_tokens_to_ids(self, tokens):
      return [9 if token.startswith("[") else ord(token) for token in tokens]

    def convert_ids_to_tokens(self, ids):
      return [chr(each) for each in ids]

  (found,) = old_classifier.convert_examples_to_features(
      [old_classifier.InputExample("g", "ab", label="1")], ["0", "1"], 6,
      Letters())
  assert found.input_ids == [9, 97, 98, 9, 0, 0]


def test_pair_is_truncated_in_place():
  tokens_a, tokens_b = list("abcd"), list("xyz")
  old_classifier._truncate_seq_pair(tokens_a, tokens_b, max_length=4)
  assert (tokens_a, tokens_b) == (["a", "b"], ["x", "y"])


@pytest.mark.parametrize("name, task", [
    ("ColaProcessor", "cola"), ("MnliProcessor", "mnli"),
    ("MrpcProcessor", "mrpc"), ("XnliProcessor", "xnli")])
def test_processors_read_the_reference_files(name, task):
  processor = getattr(old_classifier, name)()
  assert isinstance(processor, old_classifier.DataProcessor)
  folder = golden.path("cli", task, "data")
  labels = processor.get_labels()
  found = old_classifier.convert_examples_to_features(
      processor.get_dev_examples(folder), labels, 40, tokenizer())
  expected = commands.records(golden.path("cli", task,
                                          "expected_eval.tf_record"))
  assert [[each.input_ids, [each.label_id]] for each in found] == [
      [record["input_ids"][1], record["label_ids"][1]] for record in expected]


def batches(input_fn, batch_size, count=None):
  with tf.Graph().as_default(), tf.Session() as session:
    following = tf.data.make_one_shot_iterator(
        input_fn({"batch_size": batch_size})).get_next()
    found = []
    try:
      while count is None or len(found) < count:
        found.append(session.run(following))
    except tf.errors.OutOfRangeError:
      pass
  return found


def some_features(count=5):
  examples = [old_classifier.InputExample(str(index), "two " * (index + 1),
                                          label=str(index % 2))
              for index in range(count)]
  return examples, old_classifier.convert_examples_to_features(
      examples, ["0", "1"], 12, tokenizer())


@pytest.mark.parametrize("drop_remainder", [False, True])
@pytest.mark.parametrize("is_file", [False, True])
def test_input_fn_gives_every_example_once(tmp_path, is_file, drop_remainder):
  examples, features = some_features()
  if is_file:
    path = str(tmp_path / "x.tf_record")
    old_classifier.file_based_convert_examples_to_features(
        examples, ["0", "1"], 12, tokenizer(), path)
    input_fn = old_classifier.file_based_input_fn_builder(
        path, 12, False, drop_remainder)
  else:
    input_fn = old_classifier.input_fn_builder(features, 12, False,
                                               drop_remainder)
  found = batches(input_fn, 2)
  assert [len(each["input_ids"]) for each in found] == (
      [2, 2] if drop_remainder else [2, 2, 1])
  for name, attribute, shape in (
      ("input_ids", "input_ids", (2, 12)), ("input_mask", "input_mask", (2, 12)),
      ("segment_ids", "segment_ids", (2, 12)), ("label_ids", "label_id", (2,)),
      ("is_real_example", "is_real_example", (2,))):
    assert found[0][name].shape == shape and found[0][name].dtype == np.int32
    rows = np.concatenate([each[name] for each in found]).tolist()
    assert rows == [getattr(each, attribute)
                    for each in features][:len(rows)]


@pytest.mark.parametrize("is_file", [False, True])
def test_input_fn_of_training_repeats_and_shuffles(tmp_path, is_file):
  examples, features = some_features(20)
  if is_file:
    path = str(tmp_path / "x.tf_record")
    old_classifier.file_based_convert_examples_to_features(
        examples, ["0", "1"], 12, tokenizer(), path)
    input_fn = old_classifier.file_based_input_fn_builder(path, 12, True, True)
  else:
    input_fn = old_classifier.input_fn_builder(features, 12, True, True)
  found = batches(input_fn, 4, 10)
  lengths = [each["input_mask"].sum(axis=1).tolist() for each in found]
  epochs = [sum(lengths[:5], []), sum(lengths[5:], [])]
  expected = sorted(sum(each.input_mask) for each in features)
  assert sorted(epochs[0]) == sorted(epochs[1]) == expected
  assert epochs[0] != expected and epochs[0] != epochs[1]


def test_create_model_has_the_golden_outputs(session):
  arrays, steps = golden.arrays("training.npz"), golden.document("training.json")
  inputs = {name: tf.constant(arrays[name][0]) for name in (
      "input_ids", "input_mask", "segment_ids", "label_ids")}
  config = modeling.BertConfig.from_json_file(golden.path("bert_config.json"))
  outputs = old_classifier.create_model(
      config, False, inputs["input_ids"], inputs["input_mask"],
      inputs["segment_ids"], inputs["label_ids"], 3, False)
  tf.train.init_from_checkpoint(golden.checkpoint(), {"bert/": "bert/"})
  run_init(session)
  weights = {each.op.name: each for each in tf.trainable_variables()}
  assert set(weights) >= {"output_weights", "output_bias"}
  weights["output_weights"].load(arrays["output_weights_0"], session)
  loss, losses, logits, probabilities = session.run(outputs)
  first = {name: values[0] for name, values in steps["steps"].items()} if (
      isinstance(steps["steps"], dict)) else steps["steps"][0]
  golden.assert_close(loss, first["loss"])
  golden.assert_close(losses.mean(), first["loss"])
  golden.assert_close(logits, first["logits"])
  golden.assert_close(probabilities, first["probabilities"])


def test_gather_indexes(session):
  sequence = np.arange(24, dtype=np.float32).reshape(2, 4, 3)
  found = session.run(old_pretraining.gather_indexes(
      tf.constant(sequence), tf.constant([[0, 3], [2, 2]])))
  np.testing.assert_array_equal(found, [sequence[0, 0], sequence[0, 3],
                                        sequence[1, 2], sequence[1, 2]])


def test_losses_of_pretraining_are_the_golden_ones(session):
  arrays = golden.arrays("pretraining.npz")
  features = {name.split(".")[1]: tf.constant(value)
              for name, value in arrays.items() if name.startswith("features.")}
  config = modeling.BertConfig.from_json_file(golden.path("bert_config.json"))
  model = modeling.BertModel(
      config, False, features["input_ids"], features["input_mask"],
      features["segment_ids"])
  words = old_pretraining.get_masked_lm_output(
      config, model.get_sequence_output(), model.get_embedding_table(),
      features["masked_lm_positions"], features["masked_lm_ids"],
      features["masked_lm_weights"])
  following = old_pretraining.get_next_sentence_output(
      config, model.get_pooled_output(), features["next_sentence_labels"])
  tf.train.init_from_checkpoint(golden.checkpoint(), {"bert/": "bert/"})
  run_init(session)
  for each in tf.trainable_variables():
    if each.op.name.startswith("cls/"):
      each.load(arrays["variables." + each.op.name], session)
  (loss, losses, log_probs), (next_loss, next_losses, next_log_probs) = (
      session.run([words, following]))
  golden.assert_close(loss, arrays["masked_lm_loss"])
  golden.assert_close(losses, arrays["masked_lm_example_loss"])
  golden.assert_close(next_loss, arrays["next_sentence_loss"])
  golden.assert_close(next_losses, arrays["next_sentence_example_loss"])
  assert log_probs.shape == (56, 756) and next_log_probs.shape == (8, 2)
  golden.assert_close(np.exp(log_probs).sum(axis=1), np.ones(56))


CASES = golden.rows("pretraining_data.jsonl")


@pytest.mark.parametrize("number", range(len(CASES)))
def test_instances_are_the_golden_ones(number, tmp_path):
  flags = CASES[number]["flags"]
  reader = tokenizer(flags["do_lower_case"])
  made = old_pretraining_data.create_training_instances(
      [golden.path("corpus_en.txt"), golden.path("corpus_zh.txt")], reader,
      flags["max_seq_length"], flags["dupe_factor"], flags["short_seq_prob"],
      flags["masked_lm_prob"], flags["max_predictions_per_seq"],
      random.Random(flags["random_seed"]),
      do_whole_word_mask=flags["do_whole_word_mask"])
  assert made[0].tokens[0] == "[CLS]" and made[0].tokens[-1] == "[SEP]"
  paths = [str(tmp_path / str(index))
           for index in range(flags["num_output_files"])]
  old_pretraining_data.write_instance_to_example_files(
      made, reader, flags["max_seq_length"], flags["max_predictions_per_seq"],
      paths)
  assert [[{name: values for name, (_, values) in record.items()}
           for record in commands.records(path)] for path in paths] == (
               CASES[number]["files"])


def test_predictions_mask_what_a_plain_version_does():
  words = ["[MASK]", "[CLS]", "[SEP]", "x", "y", "z"]
  tokens = ["[CLS]"] + list("abcdefg") + ["[SEP]"] + list("hij") + ["[SEP]"]
  for seed in range(20):
    output, positions, labels = (
        old_pretraining_data.create_masked_lm_predictions(
            tokens, 0.3, 5, words, random.Random(seed)))
    rng = random.Random(seed)
    candidates = [place for place, token in enumerate(tokens)
                  if token not in ("[CLS]", "[SEP]")]
    rng.shuffle(candidates)
    expected = list(tokens)
    for place in candidates[:4]:  # round(13 * 0.3)
      if rng.random() < 0.8:
        expected[place] = "[MASK]"
      elif rng.random() >= 0.5:
        expected[place] = words[rng.randint(0, len(words) - 1)]
    assert positions == sorted(candidates[:4])
    assert labels == [tokens[place] for place in positions]
    assert output == expected
  assert tokens[1] == "a"


@pytest.mark.parametrize("by_word, expected", [(False, [1, 2]), (True, [2, 3])])
def test_program_says_by_a_flag_of_its_own_that_words_are_masked_whole(
    by_word, expected, own_flags):
  class Unshuffled:
    """Swaps each of three with itself, and masks what is chosen."""
    draws = [2, 1]

    def getrandbits(self, bits):
      return self.draws.pop(0)

    def random(self):
      return 0.5

  own_flags(do_whole_word_mask=by_word)
  tokens = ["[CLS]", "x", "y", "##z", "[SEP]"]
  if by_word:
    tokens[1] = "[SEP]"
  # Of 5 tokens 2.
  output, positions, labels = old_pretraining_data.create_masked_lm_predictions(
      tokens, 0.4, 5, ["w"], Unshuffled())
  assert positions == expected
  assert output[2] == "[MASK]" and labels == [tokens[each] for each in expected]


def test_pair_is_truncated_at_random_ends():
  class Ends:
    """Draws the front, the back, the front."""
    draws = [0.1, 0.9, 0.1]

    def random(self):
      return self.draws.pop(0)

  tokens_a, tokens_b = list("abcd"), list("xyz")
  # a, then z of the equally long one's second, then b.
  old_pretraining_data.truncate_seq_pair(tokens_a, tokens_b, 4, Ends())
  assert (tokens_a, tokens_b) == (["c", "d"], ["x", "y"])


@pytest.mark.parametrize("is_training", [False, True])
def test_input_fn_of_pretraining_reads_files(tmp_path, is_training):
  case = CASES[0]["flags"]
  made = old_pretraining_data.create_training_instances(
      [golden.path("corpus_en.txt")], tokenizer(), 48, 1, 0.1, 0.15, 7,
      random.Random(case["random_seed"]))
  path = str(tmp_path / "x")
  old_pretraining_data.write_instance_to_example_files(
      made, tokenizer(), 48, 7, [path])
  (batch,) = batches(old_pretraining.input_fn_builder(
      [path], 48, 7, is_training), 4, 1)
  assert {name: value.shape for name, value in batch.items()} == {
      "input_ids": (4, 48), "input_mask": (4, 48), "segment_ids": (4, 48),
      "masked_lm_positions": (4, 7), "masked_lm_ids": (4, 7),
      "masked_lm_weights": (4, 7), "next_sentence_labels": (4, 1)}
  assert batch["masked_lm_weights"].dtype == np.float32


def test_record_is_decoded_to_numbers_that_tpus_have(session):
  record = tf.train.Example(features=tf.train.Features(feature={
      "ids": old_pretraining_data.create_int_feature([3, 4]),
      "weights": old_pretraining_data.create_float_feature([0.5])}))
  found = session.run(old_pretraining._decode_record(
      tf.constant(record.SerializeToString()), {
          "ids": tf.io.FixedLenFeature([2], tf.int64),
          "weights": tf.io.FixedLenFeature([1], tf.float32)}))
  assert found["ids"].dtype == np.int32 and found["ids"].tolist() == [3, 4]
  assert found["weights"].dtype == np.float32 and found["weights"] == [0.5]


def test_texts_to_extract_features_of(tmp_path):
  path = commands.write(tmp_path / "in.txt", "two votes\na ||| b c\n\n")
  examples = old_features.read_examples(path)
  assert [tuple(each) for each in examples] == [
      (0, "two votes", None), (1, "a", "b c"), (2, "", None)]
  found = old_features.convert_examples_to_features(
      examples[:1] + [old_features.InputExample(
          unique_id=7, text_a="two", text_b="votes")], 8, tokenizer())
  assert found[0].tokens == ["[CLS]", "two", "votes", "[SEP]"]
  assert found[1].unique_id == 7
  assert found[1].tokens == ["[CLS]", "two", "[SEP]", "votes", "[SEP]"]
  assert found[1].input_type_ids == [0, 0, 0, 1, 1, 0, 0, 0]
  assert found[1].input_mask == [1] * 5 + [0] * 3
  assert found[1].input_ids[:5] == tokenizer().convert_tokens_to_ids(
      found[1].tokens)
