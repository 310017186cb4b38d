"""Datasets as record files, whatever number of records a head makes."""
import pytest

import commands
import golden
from bert import modeling
from bert.data.tokenizers import vocabulary
from bert.data.examples import InputExample
from bert.encoders.bert import Bert
from bert.heads import registry
from bert.heads.task_spec import TaskSpec
from bert.options import finetuning
from bert.options import shared
from bert.training.datasets import Datasets
from bert.training.output_folder import OutputFolder
from bert.training.task import Task


class TwiceHead(registry.class_of("classification")):
  """Makes two records of an example."""

  def to_features(self, example, encoder):
    rows, stats = super().to_features(example, encoder)
    is_padding = rows[0]["is_real_example"] == [0]
    return rows if is_padding else rows * 2, stats


def datasets(folder, head, **tpu):
  flags = finetuning.FineTuningFlags(
      finetuning.DataOptions(max_seq_length=16), finetuning.HeadOptions(),
      finetuning.SpanOptions(), shared.ModelOptions(),
      shared.RunOptions(output_dir=str(folder)),
      finetuning.TrainOptions(eval_batch_size=4, predict_batch_size=4),
      finetuning.EvalOptions(), shared.SpeedOptions(num_workers=1),
      shared.TpuOptions(**tpu))
  task = Task("any", head, vocabulary.load_tokenizer(
      golden.path("vocab.txt"), True), Bert(modeling.BertConfig(756)), (), None)
  return Datasets(flags, task, OutputFolder(str(folder), {}))


def examples(count):
  return [InputExample(str(index), "the", None, "a") for index in range(count)]


@pytest.mark.parametrize("head_class, num_records", [
    (registry.class_of("classification"), 3), (TwiceHead, 6)])
def test_records_are_counted_not_examples(tmp_path, head_class, num_records):
  head = head_class(TaskSpec(["a", "b"]))
  _, file = datasets(tmp_path, head).write_to_predict(
      examples(3))
  assert (file.num_records, file.num_padding) == (num_records, 0)
  assert list(file.counts) == [num_records // 3] * 3
  assert file.num_batches(4) == (num_records + 3) // 4
  assert len(commands.records(file.path)) == num_records


@pytest.mark.parametrize("head_class, num_records", [
    (registry.class_of("classification"), 3), (TwiceHead, 6)])
def test_padding_fills_the_last_batch_on_a_tpu(tmp_path, head_class,
                                               num_records):
  made = datasets(tmp_path, head_class(TaskSpec(["a", "b"])), use_tpu=True)
  _, file = made.write_to_evaluate(examples(3))
  assert file.num_records == num_records
  assert (file.num_records + file.num_padding) % 4 == 0
  rows = commands.records(file.path)
  assert [row["is_real_example"][1] for row in rows] == (
      [[1]] * num_records + [[0]] * file.num_padding)
  assert made.write("train", examples(3)).num_padding == 0


def test_rows_are_those_of_the_examples_unless_a_head_merges_them():
  rows = [{"probabilities": [0.5, 0.5]}]
  assert registry.create("classification", ["a", "b"]).merge_rows(
      rows, examples(1), [1], None) == rows
