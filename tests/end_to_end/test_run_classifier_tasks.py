"""Tasks beyond the golden ones, from their files to their predictions."""
import numpy as np
import pytest

import commands
import golden
from golden_runs import (
    assert_golden_records, assert_golden_results, golden_checkpoint,
    golden_flags)

SCORES = {"eval_accuracy", "eval_loss", "global_step", "loss"}


def test_domainc_predicts_one_of_its_eight_labels(tmp_path):
  labels = commands.write_domainc(tmp_path)
  commands.finish(commands.tiny_flags(
      tmp_path, "domainc", do_train=True, do_eval=True, do_predict=True))
  folder = tmp_path / "out"
  assert set(commands.results(folder)) == SCORES
  probabilities = commands.probabilities(folder)
  assert probabilities.shape == (5, 8)
  golden.assert_close(probabilities.sum(axis=1), np.ones(5))
  assert [row[:2] for row in commands.predictions(folder)] == [
      ["test-%d" % number, labels[row.argmax()]]
      for number, row in enumerate(probabilities, 1)]


@pytest.fixture(scope="module")
def exam(tmp_path_factory):
  """A multi-label run whose test set is its dev set -> flags, dev labels."""
  folder = tmp_path_factory.mktemp("exam")
  commands.write(folder / "data" / "labels.txt", "代数\n力学\n细胞\n遗传\n")
  rows = [("代数 细胞", "用240度的高温"), ("力学", "十点钟"), ("", "户口"),
          ("遗传 代数 力学", "护照"), ("细胞", "面筋会在你什么都不做的时候")]
  commands.write_table(folder / "data" / "train.csv", rows * 2, ",")
  commands.write_table(folder / "data" / "valid.csv", rows, ",")
  commands.write_table(folder / "data" / "test.csv", rows, ",")
  flags = commands.tiny_flags(
      folder, "baidu_95", do_train=True, do_eval=True, do_predict=True,
      num_train_epochs=4, learning_rate=1e-2)
  commands.finish(flags)
  return flags, [row[0].split() for row in rows]


EXAM_LABELS = ["代数", "力学", "细胞", "遗传"]


@pytest.mark.parametrize("threshold", [None, 0.4, 0.0])
def test_multi_label_predicts_and_scores_all_labels_at_the_threshold(
    exam, threshold):
  flags, labels = exam
  folder = flags["output_dir"]
  if threshold is not None:
    commands.finish(dict(flags, threshold=threshold))
  chosen = commands.probabilities(folder) >= (
      0.5 if threshold is None else threshold)
  cells = [line.split("\t")
           for line in commands.lines(folder, "test_results.tsv")]
  for index, row in enumerate(commands.predictions(folder)):
    places = np.flatnonzero(chosen[index])
    assert row == ["test-%d" % index,
                   " ".join(EXAM_LABELS[place] for place in places),
                   " ".join(cells[index][place] for place in places)]
  actual = np.array([[label in each for label in EXAM_LABELS]
                     for each in labels])
  assert commands.results(folder) == pytest.approx(
      dict(multi_label_scores(actual, chosen), **{
          key: commands.results(folder)[key]
          for key in ("eval_loss", "global_step", "loss")}), rel=1e-5)


def multi_label_scores(actual, chosen):
  """The scores of 0/1 [examples, labels], worked out from their definitions."""
  hits = (actual & chosen).sum(axis=0)
  per_label = [2.0 * hit / max(size, 1) for hit, size in zip(
      hits, actual.sum(axis=0) + chosen.sum(axis=0))]
  return {
      "eval_accuracy": (actual == chosen).all(axis=1).mean(),
      "eval_micro_precision": hits.sum() / max(chosen.sum(), 1),
      "eval_micro_recall": hits.sum() / actual.sum(),
      "eval_micro_f1": 2.0 * hits.sum() / (actual.sum() + chosen.sum()),
      "eval_macro_f1": np.mean(per_label)}


# As it would be written for the reference, but for its imports.
REFERENCE_STYLE_TASK = '''
import os

from bert import tokenization
from bert.data.examples import InputExample
from processors import base


class MineProcessor(base.DataProcessor):

  def get_train_examples(self, data_dir):
    return self._create_examples(
        self._read_tsv(os.path.join(data_dir, "train.tsv")), "train")

  def get_dev_examples(self, data_dir):
    return self._create_examples(
        self._read_tsv(os.path.join(data_dir, "dev.tsv")), "dev")

  def get_test_examples(self, data_dir):
    return self._create_examples(
        self._read_tsv(os.path.join(data_dir, "test.tsv")), "test")

  def get_labels(self):
    return ["0", "1"]

  def _create_examples(self, lines, set_type):
    examples = []
    for (i, line) in enumerate(lines):
      if set_type == "test" and i == 0:
        continue
      guid = "%s-%s" % (set_type, i)
      if set_type == "test":
        text_a = tokenization.convert_to_unicode(line[1])
        label = "0"
      else:
        text_a = tokenization.convert_to_unicode(line[3])
        label = tokenization.convert_to_unicode(line[1])
      examples.append(
          InputExample(guid=guid, text_a=text_a, text_b=None, label=label))
    return examples


base.register("Mine")(MineProcessor)
'''


@pytest.mark.parametrize("by_name", [False, True], ids=["file", "module"])
def test_task_of_the_users_own_joins(tmp_path, monkeypatch, by_name):
  module = "mine_by_name" if by_name else "mine_by_file"
  path = commands.write(tmp_path / (module + ".py"), REFERENCE_STYLE_TASK)
  # An importable module is looked for on the path, this folder's among them.
  monkeypatch.syspath_prepend(str(tmp_path))
  commands.finish(golden_flags(
      "mine", data_dir=golden.path("cli", "cola", "data"),
      output_dir=tmp_path / "out", do_eval=True, do_predict=not by_name,
      processor_module=module if by_name else path,
      init_checkpoint=golden_checkpoint("cola")))
  assert_golden_results(tmp_path / "out", "cola")
  if not by_name:
    assert_golden_records(tmp_path / "out", "cola", "predict.tf_record")
    assert len(commands.predictions(tmp_path / "out")) == 13


def test_casing_is_kept_on_demand(tmp_path):
  vocab_file = commands.write(
      tmp_path / "vocab.txt",
      "\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "Fold", "fold", "é"]))
  commands.write(tmp_path / "data" / "train.tsv",
                 "x\t1\t\tFold fold FOLD é E\n" * 4)
  commands.finish(commands.tiny_flags(
      tmp_path, "cola", vocab_file=vocab_file, do_lower_case=False,
      max_seq_length=8, do_train=True))
  for record in commands.records(tmp_path / "out" / "train.tf_record"):
    assert record["input_ids"][1] == [2, 4, 5, 1, 6, 1, 3, 0]
