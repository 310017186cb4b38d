"""Output folders and exports of an earlier version of this program go on.

The fixtures were written by the last version with flat modules and the flags
--num_segments, --segment_stride, --segment_pooling and --top, on TensorFlow
1.15.5: three steps of one epoch.
"""
import os
import shutil

import pytest

import commands
import golden
from bert.data.examples import Words
from bert.options.finetuning import DataOptions
from bert.predictor import Predictor
from processors import loading
from served import ask

FLAGS = {
    "windows": {
        "task_name": "table", "num_windows": 2, "window_stride": 10,
        "window_pooling": "attention", "pooling": "attention"},
    "words": {"task_name": "conll", "crf": True, "encoder_top": "cnn"}}
each_folder = pytest.mark.parametrize("name", sorted(FLAGS))


@pytest.fixture
def flags_of(tmp_path):
  """Name of a fixture -> the flags that go on with a copy of it."""
  def flags(name, **changes):
    folder = tmp_path / name
    if not folder.exists():
      shutil.copytree(os.path.join(golden.FIXTURES, "earlier_release", name),
                      str(folder))
    return dict({
        "data_dir": str(folder / "data"), "output_dir": str(folder / "output"),
        "bert_config_file": str(folder / "bert_config.json"),
        "vocab_file": golden.path("vocab.txt"), "max_seq_length": 16,
        "train_batch_size": 4, "random_seed": 7, "learning_rate": 1e-2},
                **dict(FLAGS[name], **changes))
  return flags


def assert_same_lines(actual, expected):
  """Numbers agree to 1e-5, all else to the letter."""
  assert len(actual) == len(expected) > 0
  for one, other in zip(actual, expected):
    assert len(one.split()) == len(other.split())
    for cell, expected_cell in zip(one.split(), other.split()):
      try:
        assert float(cell) == pytest.approx(float(expected_cell), rel=1e-5)
      except ValueError:
        assert cell == expected_cell


@each_folder
def test_scores_and_predictions_are_the_same(name, flags_of):
  flags = flags_of(name)
  expected = {file: commands.lines(flags["output_dir"], file)
              for file in ("eval_results.txt", "test_results.tsv")}
  commands.finish(dict(flags, do_eval=True, do_predict=True))
  for file, lines in expected.items():
    # Metrics that are newer may be added.
    assert_same_lines([each for each in commands.lines(
        flags["output_dir"], file) if "conlleval" not in each], lines)


@each_folder
def test_training_goes_on(name, flags_of):
  flags = flags_of(name, do_train=True, num_train_epochs=2)
  assert "Going on from step 3" in commands.finish(flags)
  assert os.path.exists(os.path.join(flags["output_dir"],
                                     "model.ckpt-6.index"))


def test_other_setting_is_refused_by_its_new_name(flags_of):
  result = commands.run(flags_of("windows", window_pooling="max", do_eval=True))
  assert result.code == 2
  assert "made with window_pooling 'attention', this run has 'max'" in (
      result.log)


def test_setting_that_was_not_written_then_is_from_now_on(flags_of):
  """The stride stood in no task.json: any is taken, and then kept."""
  flags = flags_of("windows", do_train=True, num_train_epochs=2,
                   window_stride=9)
  commands.finish(flags)
  result = commands.run(dict(flags, window_stride=10))
  assert result.code == 2
  assert "made with window_stride 9, this run has 10" in result.log


@each_folder
def test_export_is_served(name, flags_of):
  flags = flags_of(name)
  expected = commands.lines(flags["output_dir"], "test_results.tsv")
  predictor = Predictor(flags["output_dir"])
  processor = loading.load_processor(DataOptions(
      task_name=flags["task_name"], data_dir=flags["data_dir"],
      vocab_file=flags["vocab_file"]))
  texts = [Words(each.text_a) if isinstance(each.text_a, list) else each.text_a
           for each in processor.get_test_examples(flags["data_dir"])]
  outputs = predictor.predict(texts)
  assert_same_lines([each.line for each in outputs], expected)
  served = ask(predictor, texts)
  assert [each.get("labels") or each["label"] for each in served] == [
      each.labels if "labels" in served[0] else each.labels[0]
      for each in outputs]
