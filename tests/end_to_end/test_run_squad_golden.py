"""The reference's runs of run_squad.py: records, log, answers."""
import json
import os

import pytest

import commands
import golden
import run_squad
import span_golden

pytestmark = pytest.mark.smoke

RUNS = golden.document("squad", "runs.json")
CHINESE = golden.document("squad", "chinese", "runs.json")


def flags_of(run, output_dir):
  flags = dict(run, vocab_file=span_golden.path("vocab.txt"),
               output_dir=str(output_dir), random_seed=1)
  flags["bert_config_file"] = span_golden.path(
      run.get("bert_config_file", "bert_config.json"))
  flags["init_checkpoint"] = span_golden.path(run["init_checkpoint"])
  return flags


def answer(flags):
  result = commands.run(flags, run_squad)
  assert result.code == 0, result.log
  return result.log


def read(folder, name):
  with open(os.path.join(str(folder), name), encoding="utf-8") as stream:
    return stream.read()


@pytest.fixture(scope="module", params=sorted(RUNS))
def run(request, tmp_path_factory):
  """A golden run made again -> name, folder, log."""
  folder = tmp_path_factory.mktemp(request.param)
  flags = flags_of(RUNS[request.param]["flags"], folder)
  for name in ("train_file", "predict_file"):
    if name in flags:
      flags[name] = span_golden.path(flags[name])
  return request.param, folder, answer(flags)


def expected(name, file):
  path = span_golden.path("cli", name, "expected_" + file)
  return path if os.path.exists(path) else None


def test_log_says_how_much_there_is(run):
  name, _, log = run
  for line in RUNS[name]["said"]:
    assert "  %s\n" % line in log


def test_files_are_the_references(run):
  name, folder, _ = run
  assert set(RUNS[name]["files"]) <= set(os.listdir(str(folder)))
  assert ("null_odds.json" in os.listdir(str(folder))) == (
      "null_odds.json" in RUNS[name]["files"])


def test_records_are_the_references(run):
  name, folder, _ = run
  for file in ("train.tf_record", "eval.tf_record"):
    if expected(name, file):
      actual = commands.records(str(folder / file))
      assert actual == commands.records(expected(name, file))
      assert len(actual) > 0


def test_answers_are_the_references(run):
  name, folder, _ = run
  if not expected(name, "predictions.json"):
    return  # It only trains.
  with open(expected(name, "predictions.json"), encoding="utf-8") as stream:
    assert read(folder, "predictions.json") == stream.read()
  if expected(name, "null_odds.json"):
    actual = json.loads(read(folder, "null_odds.json"))
    wanted = golden.document("squad", "cli", name, "expected_null_odds.json")
    assert list(actual) == list(wanted)
    assert actual == pytest.approx(wanted, rel=1e-4)
  if expected(name, "nbest_predictions.json"):
    wanted = golden.document("squad", "cli", name,
                             "expected_nbest_predictions.json")
    assert_alike(json.loads(read(folder, "nbest_predictions.json")), wanted)


def assert_alike(actual, wanted, normalize=lambda text: text):
  """N best answers of each question: texts are equal, numbers nearly."""
  assert list(actual) == list(wanted)
  for name, answers in wanted.items():
    assert [normalize(each["text"]) for each in actual[name]] == [
        each["text"] for each in answers], name
    for one, other in zip(actual[name], answers):
      for key in ("probability", "start_logit", "end_logit"):
        assert one[key] == pytest.approx(other[key], rel=1e-4, abs=1e-4)


def test_form_of_the_n_best_is_the_references(run):
  name, folder, _ = run
  if name == "v1_cased":
    text = read(folder, "nbest_predictions.json")
    wanted = golden.text("squad", "cli", name,
                         "expected_nbest_predictions.json")
    # The numbers' last digits are those of a runtime.
    assert [line.split(": ")[0] for line in text.split("\n")] == [
        line.split(": ")[0] for line in wanted.split("\n")]


def with_first_places(path, folder):
  """A file of questions, with answers where they occur first: the baseline does
  not look at answer_start."""
  with open(path, encoding="utf-8") as stream:
    document = json.load(stream)
  for article in document["data"]:
    for paragraph in article["paragraphs"]:
      for question in paragraph["qas"]:
        for each in question["answers"]:
          each["answer_start"] = paragraph["context"].find(each["text"])
  return commands.write(folder / "first.json", json.dumps(document))


@pytest.fixture(scope="module", params=sorted(CHINESE))
def chinese_run(request, tmp_path_factory):
  """A run of CMRC's baseline made again -> name, flags, folder."""
  folder = tmp_path_factory.mktemp(request.param)
  flags = dict(flags_of(CHINESE[request.param], folder),
               context_tokens="character", mask_outside_context=True)
  flags.pop("rand_seed", None)
  if "predict_file" in flags:
    flags["predict_file"] = span_golden.path("chinese", flags["predict_file"])
  if "train_file" in flags:
    flags["train_file"] = with_first_places(
        span_golden.path("chinese", flags["train_file"]), folder)
  answer(flags)
  return request.param, flags, folder


def test_chinese_records_are_those_of_the_baseline(chinese_run):
  name, flags, folder = chinese_run
  pairs = [("train.tf_record", "_train"), ("eval.tf_record", "_predict")]
  for file, ending in pairs:
    path = span_golden.path("chinese", "expected_%s%s.tf_record" % (
        name, ending))
    if not os.path.exists(path):
      continue
    wanted = commands.records(path)
    actual = commands.records(str(folder / file))
    assert len(actual) == len(wanted) > 0
    # Each has one feature that the other lacks.
    for one, other in zip(actual, wanted):
      one.pop("is_impossible", None)
      other.pop("input_span_mask")
      assert one == other


def test_chinese_answers_are_those_of_the_baseline_as_the_text_has_them(
    chinese_run):
  name, flags, folder = chinese_run
  if not flags.get("do_predict"):
    return
  def as_baseline(text):
    text = "".join(text.split())
    return text.lower() if flags["do_lower_case"] else text

  wanted = golden.document("squad", "chinese",
                           "expected_%s_dev_predictions.json" % name)
  actual = json.loads(read(folder, "predictions.json"))
  assert {key: as_baseline(text) for key, text in actual.items()} == wanted
  assert_alike(json.loads(read(folder, "nbest_predictions.json")),
               golden.document("squad", "chinese",
                               "expected_%s_dev_nbest_predictions.json" % name),
               as_baseline)
  contexts = {key: context for key, (_, context) in span_golden.questions(
      os.path.join("chinese", "dev.json")).items()}
  assert all(text in contexts[key] for key, text in actual.items())
