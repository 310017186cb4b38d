"""Settings that belong to a model: left out, a run has the model's own; given
otherwise, it is refused, or says what it does."""
import json
import os

import pytest

import commands
import exported
import extract_features
import golden
import run_cross_validation
import run_search
import run_squad
import tiny_squad
from bert.predictor import Predictor
from bert.model import model_settings
from tiny_runs import sentences, single_texts

pytestmark = pytest.mark.usefixtures("plain_graphs")

# Of each model: its settings, and another value of each.
MODELS = {
    "char": (dict(pooling="mean", encoder_top="cnn", truncation="head_tail",
                  head_tokens=3, tokenizer="char", do_lower_case=False,
                  max_seq_length=24),
             dict(pooling="cls", encoder_top="none", truncation="head",
                  head_tokens=4, tokenizer="wordpiece", do_lower_case=True,
                  max_seq_length=20)),
    "windows": (dict(num_windows=2, window_stride=10, window_pooling="max"),
                dict(num_windows=3, window_stride=12, window_pooling="mean")),
    "words": (dict(crf=True), dict(crf=False)),
    "siamese": (dict(pair_encoding="siamese", pooling="max"),
                dict(pair_encoding="cross")),
    "sets": (dict(threshold=0.25), dict(threshold=0.5)),
    "answers": (dict(version_2_with_negative=True, context_tokens="character",
                     mask_outside_context=True, max_query_length=6,
                     doc_stride=5, n_best_size=7, max_answer_length=3,
                     null_score_diff_threshold=-1.0),
                dict(version_2_with_negative=False, context_tokens="whitespace",
                     mask_outside_context=False, max_query_length=7,
                     doc_stride=6, n_best_size=8, max_answer_length=4,
                     null_score_diff_threshold=0.0)),
}
FREE = {each.name for each in model_settings.SETTINGS if each.is_free}
CASES = [(kind, name) for kind, (_, others) in MODELS.items()
         for name in others]


def flags_of(kind, folder):
  """Flags of a run without the model's settings."""
  if kind == "answers":
    flags = tiny_squad.flags_of(folder, num_train_epochs=1)
    for name, count in (("train", 6), ("predict", 8)):
      commands.write(flags[name + "_file"], json.dumps(
          tiny_squad.document(count, is_impossible=False)))
  elif kind == "words":
    flags = sentences(folder)
  elif kind == "siamese":
    flags = exported.score_flags(folder)
  elif kind == "sets":
    flags = exported.set_flags(folder)
  else:
    flags = single_texts(folder)
  for name in MODELS[kind][0]:
    if name != "max_seq_length" or kind != "answers":
      flags.pop(name, None)
  return dict(flags, do_train=False)


def run(kind, flags):
  if kind == "answers":
    return commands.run(flags, run_squad)
  return commands.run(flags)


class Trained:
  """A model, trained with its settings, evaluated and predicted."""

  def __init__(self, kind, folder):
    self.kind = kind
    self.flags = flags_of(kind, folder)
    self.folder = self.flags["output_dir"]
    self.settings = MODELS[kind][0]
    result = run(kind, dict(self.flags, do_train=True, **self.settings))
    assert result.code == 0, result.log
    self.results = commands.results(self.folder)
    self.predictions = self.read_predictions()

  def read_predictions(self):
    names = ("predictions.json", "nbest_predictions.json"
            ) if self.kind == "answers" else ("test_results.tsv",)
    return [commands.content(self.folder, name) for name in names]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
  made = {}

  def get(kind):
    if kind not in made:
      made[kind] = Trained(kind, tmp_path_factory.mktemp(kind))
    return made[kind]
  return get


def test_every_setting_has_a_case():
  assert {name for _, name in CASES} == {
      each.name for each in model_settings.SETTINGS}


@pytest.mark.parametrize("kind", list(MODELS))
def test_settings_left_out_are_the_models_own(kind, trained):
  model = trained(kind)
  result = run(kind, model.flags)
  assert result.code == 0, result.log
  named = [line for line in result.log.splitlines() if "Not given" in line]
  for name, value in model.settings.items():
    text = str(value).lower() if isinstance(value, bool) else str(value)
    assert "--%s=%s" % (name, text) in " ".join(named)
  assert commands.results(model.folder) == model.results
  assert model.read_predictions() == model.predictions


@pytest.mark.parametrize("kind", list(MODELS))
def test_training_given_again_without_them_has_nothing_to_change(kind, trained):
  model = trained(kind)
  result = run(kind, dict(model.flags, do_train=True, do_eval=False,
                          do_predict=False))
  assert result.code == 0, result.log
  assert "Training is complete" in result.log
  assert "this run asks for" not in result.log


@pytest.mark.parametrize("kind", list(MODELS))
def test_export_has_the_models_own(kind, trained):
  model = trained(kind)
  result = run(kind, dict(model.flags, do_eval=False, do_predict=False,
                          do_export=True))
  assert result.code == 0, result.log
  task = Predictor(model.folder).task
  for name, value in model.settings.items():
    assert task[name] == value


@pytest.mark.parametrize("action", ["do_train", "do_eval", "do_predict",
                                    "do_export"])
@pytest.mark.parametrize("kind, name", [
    case for case in CASES if case[1] not in FREE])
def test_other_setting_is_refused(kind, name, action, trained):
  model = trained(kind)
  changes = dict.fromkeys(("do_train", "do_eval", "do_predict", "do_export"),
                          False)
  # Alone, such as num_windows beside the stride, it may break another rule.
  result = run(kind, dict(model.flags, **dict(
      changes, **{action: True, name: MODELS[kind][1][name]})))
  assert result.code == 2, result.log
  error, = [line for line in result.log.splitlines() if "error:" in line]
  assert name in error


@pytest.mark.parametrize("kind, name", [
    case for case in CASES if case[1] in FREE])
def test_setting_that_a_run_may_choose_is_used_and_said(kind, name, trained):
  model = trained(kind)
  result = run(kind, dict(model.flags, do_predict=False,
                          **{name: MODELS[kind][1][name]}))
  assert result.code == 0, result.log
  assert "was made with --%s=%s, this run has %s" % (
      name, model.settings[name], MODELS[kind][1][name]) in result.log


# -- Many models in one folder ------------------------------------------------

MANY = {"folds": (run_cross_validation, dict(num_folds=2)),
        "search": (run_search, dict(search="learning_rate=choice:1e-4",
                                    num_search_trials=1))}


@pytest.fixture(scope="module", params=sorted(MANY))
def many(request, tmp_path_factory):
  """A folder of several models -> its command, its flags without settings."""
  command, changes = MANY[request.param]
  flags = flags_of("char", tmp_path_factory.mktemp(request.param))
  for name in ("do_train", "do_eval", "do_predict"):
    del flags[name]
  flags.update(changes)
  result = commands.run(dict(flags, **MODELS["char"][0]), command)
  assert result.code == 0, result.log
  return request.param, command, flags


def test_several_models_have_their_own_settings(many):
  kind, command, flags = many
  result = commands.run(flags, command)
  if kind == "folds":
    assert result.code == 0, result.log
    assert "--pooling=mean" in result.log and "--tokenizer=char" in result.log
    assert "Training" not in result.log.replace("Training is complete", "")
  else:  # A search compares its flags, those left out too.
    assert result.code == 2
    assert "error:" in result.log.strip().splitlines()[-1]


@pytest.mark.parametrize("name", [
    each for each in MODELS["char"][1] if each not in FREE])
def test_other_setting_of_several_models_is_refused(many, name):
  _, command, flags = many
  result = commands.run(dict(flags, **dict(
      MODELS["char"][0], **{name: MODELS["char"][1][name]})), command)
  assert result.code == 2, result.log
  error, = [line for line in result.log.splitlines() if "error:" in line]
  assert name in error


# -- The encoder, whose weights fit though it is another one ------------------

def vectors(model, folder, **changes):
  return commands.run(dict({
      "input_file": commands.write(folder / "in.txt", "Two votes\n"),
      "output_file": str(folder / "out.jsonl"), "layers": "-1",
      "bert_config_file": model.flags["bert_config_file"],
      "init_checkpoint": model.folder, "vocab_file": golden.path("vocab.txt"),
      "max_seq_length": 16}, **changes), extract_features)


def test_vectors_read_texts_as_the_model_does(trained, tmp_path):
  result = vectors(trained("char"), tmp_path)
  assert result.code == 0, result.log
  assert "--do_lower_case=false --tokenizer=char" in result.log
  row = json.loads(commands.content(tmp_path, "out.jsonl"))
  # A blank is read as [unused1].
  assert [each["token"] for each in row["features"]] == [
      "[CLS]", "T", "w", "o", "[unused1]", "v", "o", "t", "e", "s", "[SEP]"]


def other_vocabulary(folder):
  tokens = commands.lines(golden.path("vocab.txt"))
  tokens[-2:] = reversed(tokens[-2:])
  return {"vocab_file": commands.write(folder / "other.txt",
                                       "\n".join(tokens) + "\n")}


OTHER_ENCODERS = {
    "casing": lambda folder: {"do_lower_case": True},
    "tokenizer": lambda folder: {"tokenizer": "wordpiece"},
    "vocabulary": other_vocabulary,
    "heads": lambda folder: {"bert_config_file": commands.write_config(
        folder, num_attention_heads=4)},
    "activation": lambda folder: {"bert_config_file": commands.write_config(
        folder, hidden_act="relu")}}
NAMES = {"casing": "do_lower_case", "tokenizer": "tokenizer",
         "vocabulary": "vocab_hash", "heads": "num_attention_heads",
         "activation": "hidden_act"}


@pytest.mark.parametrize("use, change", [
    (use, change) for use in ("vectors", "evaluation")
    for change in OTHER_ENCODERS] + [
        ("start", "vocabulary"), ("start", "heads"), ("start", "casing")])
def test_other_encoder_of_the_same_shapes(use, change, trained, tmp_path):
  model = trained("char")
  changes = OTHER_ENCODERS[change](tmp_path)
  if use == "vectors":
    result = vectors(model, tmp_path, **changes)
  elif use == "evaluation":
    result = run("char", dict(model.flags, do_predict=False, **changes))
  else:  # Weights alone are taken: it may be meant.
    result = run("char", dict(
        model.flags, do_train=True, do_predict=False, do_eval=False,
        init_checkpoint=model.folder, output_dir=str(tmp_path / "out"),
        **dict(dict(tokenizer="char", do_lower_case=False, pooling="mean",
                    encoder_top="cnn", max_seq_length=16), **changes)))
  mark = "WARNING" if use == "start" else "error:"
  assert result.code == (0 if use == "start" else 2), result.log
  assert [line for line in result.log.splitlines()
          if mark in line and NAMES[change] in line], result.log


@pytest.mark.parametrize("change", ["vocabulary", "heads"])
def test_other_encoder_is_not_converted(change, trained, tmp_path):
  model = trained("words")
  script = commands.load_script("convert_checkpoint")
  flags = dict({"to": "hugging_face", "bert_dir": model.folder,
                "hugging_face_dir": str(tmp_path / "hf"),
                "bert_config_file": model.flags["bert_config_file"],
                "vocab_file": golden.path("vocab.txt")},
               **OTHER_ENCODERS[change](tmp_path))
  del model
  result = commands.run(flags, script)
  assert result.code == 2
  assert not os.path.exists(flags["hugging_face_dir"])
