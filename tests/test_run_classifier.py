"""run_classifier.py from its flags to its files."""
import os
import re
import shutil

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import commands
import golden

SCORES = {"eval_accuracy", "eval_loss", "global_step", "loss"}

# What a test set's guids are, and what the task is judged by beside accuracy.
GOLDEN_TASKS = {
    "cola": (["test-%d" % row for row in range(1, 14)], {"eval_mcc"}),
    "mnli": (["test-%d" % row for row in range(13)], set()),
    "mrpc": (["test-%d" % row for row in range(1, 14)], {"eval_f1"}),
    "xnli": (None, set()),  # It has no test file there.
}
LABELS = {"cola": ["0", "1"], "mrpc": ["0", "1"],
          "mnli": ["contradiction", "entailment", "neutral"]}


def golden_flags(task, **changes):
  flags = {
      "task_name": task, "data_dir": golden.path("cli", task, "data"),
      "vocab_file": golden.path("vocab.txt"),
      "bert_config_file": golden.path("bert_config.json"),
      "max_seq_length": 40}
  return dict(flags, **changes)


def golden_checkpoint(task):
  return golden.path("cli", task, "output", "model.ckpt-20")


def expected_results(task):
  pairs = [line.split(" = ") for line in golden.text(
      "cli", task, "expected_eval_results.txt").strip().split("\n")]
  return {key: float(value) for key, value in pairs}


def expected_probabilities(task):
  text = golden.text("cli", task, "expected_test_results.tsv")
  return np.array([[float(cell) for cell in line.split("\t")]
                   for line in text.strip().split("\n")])


def assert_golden_results(folder, task, judged=frozenset()):
  """The scores are the golden ones, and besides them only those named."""
  actual = commands.results(folder)
  expected = expected_results(task)
  assert set(actual) == set(expected) | set(judged)
  for key, value in expected.items():
    assert actual[key] == pytest.approx(value, rel=1e-5), key


def assert_golden_records(folder, task, name):
  assert (commands.records(os.path.join(str(folder), name)) ==
          commands.records(golden.path("cli", task, "expected_" + name)))


@pytest.fixture(scope="module", params=sorted(GOLDEN_TASKS))
def golden_run(request, tmp_path_factory):
  """A folder that the reference trained, read out -> task, folder, log."""
  task = request.param
  folder = str(tmp_path_factory.mktemp(task) / "output")
  shutil.copytree(golden.path("cli", task, "output"), folder)
  log = commands.finish(golden_flags(
      task, output_dir=folder, do_eval=True,
      do_predict=GOLDEN_TASKS[task][0] is not None))
  return task, folder, log


def only_predicted(golden_run):
  if GOLDEN_TASKS[golden_run[0]][0] is None:
    pytest.skip("the golden task has no test set")
  return golden_run


def test_reference_folder_gives_the_golden_scores(golden_run):
  task, folder, _ = golden_run
  assert_golden_results(folder, task, GOLDEN_TASKS[task][1])


def test_reference_folder_gives_the_golden_probabilities(golden_run):
  task, folder, _ = only_predicted(golden_run)
  golden.assert_close(commands.probabilities(folder),
                      expected_probabilities(task))


def test_reference_folder_gives_the_golden_records(golden_run):
  task, folder, _ = golden_run
  assert_golden_records(folder, task, "eval.tf_record")
  if GOLDEN_TASKS[task][0]:
    assert_golden_records(folder, task, "predict.tf_record")
  else:
    assert not os.path.exists(os.path.join(folder, "predict.tf_record"))


def test_reference_checkpoint_is_left_as_it_was(golden_run):
  task, folder, _ = golden_run
  after = commands.snapshot(folder)
  for name, content in commands.snapshot(
      golden.path("cli", task, "output")).items():
    assert after[name] == content


def test_eval_results_are_sorted_lines_of_key_and_value(golden_run):
  lines = commands.lines(golden_run[1], "eval_results.txt")
  assert all(re.match(r"\w+ = \S+$", line) for line in lines)
  assert lines == sorted(lines)


def test_every_score_is_logged_as_it_is_written(golden_run):
  _, folder, log = golden_run
  head = "***** Eval results *****\n"
  said = re.sub("(?m)^INFO:tensorflow:", "", log.split(head)[1]).split("\n")
  lines = commands.lines(folder, "eval_results.txt")
  assert said[:len(lines)] == ["  " + line for line in lines]


def test_tensorboard_has_every_score(golden_run):
  folder = golden_run[1]
  points = commands.scalars(os.path.join(folder, "eval"))
  for key, value in commands.results(folder).items():
    if key != "global_step":
      assert points[key] == {20: pytest.approx(value, rel=1e-5)}, key


def test_test_results_are_float32_and_tabs_without_a_header(golden_run):
  _, folder, _ = only_predicted(golden_run)
  for line in commands.lines(folder, "test_results.tsv"):
    for cell in line.split("\t"):
      assert str(np.float32(cell)) == cell


def test_predictions_name_the_best_label_of_every_example(golden_run):
  task, folder, _ = only_predicted(golden_run)
  expected = []
  cells = [line.split("\t")
           for line in commands.lines(folder, "test_results.tsv")]
  for guid, row in zip(GOLDEN_TASKS[task][0], cells):
    best = max(range(len(row)), key=lambda index, row=row: float(row[index]))
    expected.append([guid, LABELS[task][best], row[best]])
  assert len(cells) == len(GOLDEN_TASKS[task][0])
  assert commands.predictions(folder) == expected


def test_log_tells_heads_and_the_checkpoint_used(golden_run):
  _, folder, log = only_predicted(golden_run)
  assert_in_order(log, [
      "***** Running evaluation *****", os.path.join(folder, "model.ckpt-20"),
      "***** Eval results *****", "***** Running prediction*****",
      os.path.join(folder, "model.ckpt-20")])


def assert_in_order(log, pieces):
  where = 0
  for piece in pieces:
    assert piece in log[where:], piece
    where = log.index(piece, where) + len(piece)


def f1_of(pairs):
  both = sum(actual == predicted == "1" for actual, predicted in pairs)
  either = sum([actual, predicted].count("1") for actual, predicted in pairs)
  return 2.0 * both / either


def mcc_of(pairs):
  actual = np.array([float(pair[0]) for pair in pairs])
  predicted = np.array([float(pair[1]) for pair in pairs])
  return np.corrcoef(actual, predicted)[0, 1]


@pytest.mark.parametrize("task, key, score_of", [
    ("mrpc", "eval_f1", f1_of), ("cola", "eval_mcc", mcc_of)])
def test_score_of_the_task_is_that_of_its_predictions(tmp_path, task, key,
                                                      score_of):
  rows = [line.split("\t")
          for line in golden.text("cli", task, "data", "dev.tsv").split("\n")]
  rows = rows[1:-1] if task == "mrpc" else rows[:-1]
  labels = [row[0 if task == "mrpc" else 1] for row in rows]
  commands.write(tmp_path / "data" / "dev.tsv",
                 golden.text("cli", task, "data", "dev.tsv"))
  if task == "mrpc":
    test_rows = [["header"] * 5] + rows
  else:
    test_rows = [["header"] * 2] + [["0", row[3]] for row in rows]
  commands.write_table(tmp_path / "data" / "test.tsv", test_rows)
  balanced = balance(task, tmp_path)
  commands.finish(golden_flags(
      task, data_dir=tmp_path / "data", init_checkpoint=balanced,
      output_dir=tmp_path / "out", do_eval=True, do_predict=True))
  predicted = [row[1] for row in commands.predictions(tmp_path / "out")]
  assert len(set(predicted)) == 2
  assert (commands.results(tmp_path / "out")[key] ==
          pytest.approx(score_of(list(zip(labels, predicted))), rel=1e-5))


def balance(task, tmp_path):
  """Shifts the golden head so that it gives either label -> checkpoint."""
  expected = expected_probabilities(task)
  margin = np.median(np.log(expected[:, 0] / expected[:, 1]))
  with tf.Graph().as_default(), tf.Session() as session:
    for name, value in commands.variables(golden_checkpoint(task)).items():
      if name == "output_bias":
        value = value + np.float32([0.0, margin])
      tf.get_variable(name, initializer=value)
    session.run(tf.global_variables_initializer())
    return tf.train.Saver().save(session, str(tmp_path / "balanced.ckpt"))


# Training.

# 40 examples in batches of 8, 2.3 times over, are 11.5 steps; 0.3 of 11, 3.3.
NUM_STEPS = 11
NUM_WARMUP_STEPS = 3
RATES = [0, 1 / 3, 2 / 3, 8 / 11, 7 / 11, 6 / 11, 5 / 11, 4 / 11, 3 / 11,
         2 / 11, 1 / 11]
PEAK = 1e-3


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
  """CoLA trained from the golden encoder, read out -> flags, log."""
  flags = golden_flags(
      "cola", output_dir=str(tmp_path_factory.mktemp("trained") / "out"),
      do_train=True, do_eval=True, do_predict=True,
      init_checkpoint=golden.checkpoint(), train_batch_size=8,
      num_train_epochs=2.3, warmup_proportion=0.3, learning_rate=PEAK,
      save_checkpoints_steps=4, keep_checkpoint_max=2, log_steps=1)
  return flags, commands.finish(flags)


def newest(folder):
  return os.path.basename(tf.train.latest_checkpoint(str(folder)))


def test_training_takes_the_whole_steps_of_all_epochs(trained):
  folder = trained[0]["output_dir"]
  assert newest(folder) == "model.ckpt-%d" % NUM_STEPS
  assert commands.results(folder)["global_step"] == NUM_STEPS
  assert (commands.variables(os.path.join(folder, newest(folder)))
          ["global_step"] == NUM_STEPS)


def test_training_leaves_the_reference_files(trained):
  names = commands.names(trained[0]["output_dir"])
  assert names >= {
      "train.tf_record", "eval.tf_record", "predict.tf_record", "checkpoint",
      "eval_results.txt", "test_results.tsv", "test_predictions.tsv",
      "task.json", "model.ckpt-11.index", "model.ckpt-11.meta",
      "model.ckpt-11.data-00000-of-00001"}
  assert not [name for name in names if "partial" in name or "temp" in name]


def test_training_keeps_the_newest_checkpoints(trained):
  indices = [name for name in commands.names(trained[0]["output_dir"])
             if name.endswith(".index")]
  assert sorted(indices) == ["model.ckpt-11.index", "model.ckpt-8.index"]


def test_training_writes_the_golden_records(trained):
  assert_golden_records(trained[0]["output_dir"], "cola", "train.tf_record")


def test_checkpoint_holds_weights_slots_and_step(trained):
  folder = trained[0]["output_dir"]
  actual = commands.variables(os.path.join(folder, newest(folder)))
  expected = commands.variables(golden_checkpoint("cola"))
  assert ({name: value.shape for name, value in actual.items()} ==
          {name: value.shape for name, value in expected.items()})


def test_log_of_a_run_has_its_heads_in_order(trained):
  assert_in_order(trained[1], [
      "***** Running training *****", "***** Running evaluation *****",
      "***** Eval results *****", "***** Running prediction*****"])


def test_log_shows_the_first_five_examples_of_each_set(trained):
  assert trained[1].count("*** Example ***\n") == 15
  for name in ("train-%d", "dev-%d"):
    for index in range(6):
      assert ("guid: " + name % index in trained[1]) == (index < 5)


def test_log_marks_the_variables_that_the_checkpoint_fills(trained):
  marks = dict(re.findall(r"name = (\S+):0, shape = \([\d, ]*\)(.*)",
                          trained[1]))
  filled = ", *INIT_FROM_CKPT*"
  encoder = set(commands.variables(golden.checkpoint())) & set(marks)
  assert len(encoder) == 5 + 3 * 16 + 2
  assert {name for name in marks if marks[name] == filled} == encoder
  assert set(marks) - encoder == {"output_weights", "output_bias"}


def test_log_shows_loss_rate_speed_and_time_left_of_every_step(trained):
  lines = re.findall(
      r"Training: (\d+) of 11 \(\d+ %\), loss (\S+), rate (\S+), "
      r"\S+ examples/s, \S+ left\n", trained[1])
  assert [int(line[0]) for line in lines] == list(range(1, NUM_STEPS + 1))
  for (_, loss, rate), expected in zip(lines, RATES):
    assert 0.1 < float(loss) < 2.0
    # Of the rate, three digits are shown.
    assert float(rate) == pytest.approx(expected * PEAK, rel=5e-3)


def test_tensorboard_has_the_rate_of_every_step(trained):
  # A point stands at the number of steps done, its own included.
  rates = commands.scalars(trained[0]["output_dir"])["learning_rate"]
  assert sorted(rates) == list(range(1, NUM_STEPS + 1))
  for step, expected in enumerate(RATES, 1):
    assert rates[step] == pytest.approx(expected * PEAK, rel=1e-5), step


def test_tensorboard_has_the_loss_of_every_step(trained):
  losses = commands.scalars(trained[0]["output_dir"])["loss"]
  assert sorted(losses) == list(range(1, NUM_STEPS + 1))
  assert all(0.1 < loss < 2.0 for loss in losses.values())


def test_run_asked_for_again_says_it_is_complete_and_evaluates(trained):
  flags = trained[0]
  folder = flags["output_dir"]
  before = commands.snapshot(folder)
  for name in ("eval_results.txt", "test_results.tsv"):
    os.remove(os.path.join(folder, name))
  log = commands.finish(flags)
  assert "complete" in log
  assert "Running training" not in log
  assert_in_order(log, ["Running evaluation", "Running prediction"])
  after = commands.snapshot(folder)
  assert set(after) >= set(before)
  for name in before:
    if name.startswith(("model.", "checkpoint", "eval_", "test_", "task")):
      assert after[name] == before[name], name


def test_run_with_more_epochs_goes_on_from_the_reference_folder(tmp_path):
  shutil.copytree(golden.path("cli", "cola", "output"), str(tmp_path / "out"))
  log = commands.finish(golden_flags(
      "cola", output_dir=tmp_path / "out", do_train=True, train_batch_size=8,
      num_train_epochs=4.5, init_checkpoint=golden.checkpoint()))
  assert "from step 20" in log
  assert newest(tmp_path / "out") == "model.ckpt-22"


@pytest.mark.parametrize("task", ["mnli", "mrpc", "xnli"])
def test_training_set_gives_the_golden_records(tmp_path, task):
  commands.finish(golden_flags(
      task, output_dir=tmp_path / "out", do_train=True, train_batch_size=20,
      num_train_epochs=1, bert_config_file=commands.write_config(tmp_path)))
  assert_golden_records(tmp_path / "out", task, "train.tf_record")


def write_domainc(folder):
  labels = ["上网服务管理", "出入境管理", "刑事案件管辖", "户政管理",
            "治安管理", "消防管理", "禁毒管理", "道路交通"]
  rows = [("label", "text")] + [(label, "办理" + label) for label in labels]
  commands.write_table(folder / "data" / "train.tsv", rows)
  commands.write_table(folder / "data" / "dev.tsv", rows)
  commands.write_table(folder / "data" / "test.tsv",
                       rows[:4] + [("不知道", "护照"), ("", "户口")])
  return labels


def test_seed_repeats_a_run(tmp_path):
  write_domainc(tmp_path)
  flags = commands.tiny_flags(
      tmp_path, "DomainC", do_train=True, num_train_epochs=3,
      learning_rate=1e-2, save_checkpoints_steps=2, keep_checkpoint_max=0)
  runs = []
  for name in ("one", "two"):
    commands.finish(dict(flags, output_dir=tmp_path / name))
    runs.append(commands.variables(tmp_path / name / "model.ckpt-6"))
  assert set(runs[0]) == set(runs[1])
  for name in runs[0]:
    golden.assert_close(runs[0][name], runs[1][name], name=name)
  indices = [name for name in commands.names(tmp_path / "one")
             if name.endswith(".index")]
  assert len(indices) == 4  # Those of steps 0, 2, 4 and 6: 0 keeps all.


def test_domainc_predicts_one_of_its_eight_labels(tmp_path):
  labels = write_domainc(tmp_path)
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


# Which checkpoint is read out.


def test_init_checkpoint_with_a_head_is_evaluated_in_a_new_folder(tmp_path):
  log = commands.finish(golden_flags(
      "mrpc", output_dir=tmp_path / "out", do_eval=True,
      init_checkpoint=golden_checkpoint("mrpc")))
  assert_golden_results(tmp_path / "out", "mrpc", {"eval_f1"})
  assert golden_checkpoint("mrpc") in log
  assert not os.path.exists(str(tmp_path / "out" / "checkpoint"))


def test_fine_tuned_output_dir_is_evaluated_whatever_it_started_from(tmp_path):
  folder = str(tmp_path / "out")
  shutil.copytree(golden.path("cli", "cola", "output"), folder)
  log = commands.finish(golden_flags(
      "cola", output_dir=folder, do_eval=True,
      init_checkpoint=golden.checkpoint()))
  assert_golden_results(folder, "cola", {"eval_mcc"})
  assert os.path.join(folder, "model.ckpt-20") in log
  assert golden.checkpoint() not in log


def test_other_length_is_only_warned_of(trained, tmp_path):
  shutil.copytree(trained[0]["output_dir"], str(tmp_path / "out"))
  log = commands.finish(dict(trained[0], output_dir=tmp_path / "out",
                             max_seq_length=20, do_train=False,
                             do_predict=False))
  assert re.search("WARNING.*max_seq_length=40.* 20", log)


# The user's own.

# As it would be written for the reference, but for its imports.
REFERENCE_STYLE_TASK = '''
import os

from bert import tokenization
from bert.features import InputExample
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


# The console of a process of its own.


@pytest.fixture(scope="module")
def console_output(tmp_path_factory):
  """All that a run of its own says, standard output and error as one."""
  folder = tmp_path_factory.mktemp("console")
  write_domainc(folder)
  code, log = commands.spawn(commands.tiny_flags(
      folder, "domainc", do_train=True, do_eval=True, do_predict=True,
      num_train_epochs=6, log_steps=3))
  assert code == 0, log
  assert commands.results(folder / "out")["global_step"] == 12
  return log


def test_console_says_no_line_twice_in_sequence(console_output):
  lines = console_output.split("\n")
  assert not [line for line, following in zip(lines, lines[1:])
              if line == following]


def test_console_shows_no_warnings_of_the_libraries(console_output):
  lines = console_output.split("\n")
  assert not [line for line in lines
              if re.search(r"deprecat|Instructions for updating|\w+Warning\b",
                           line, re.IGNORECASE)]


def test_console_holds_nothing_but_log_lines(console_output):
  lines = console_output.strip().split("\n")
  assert not [line for line in lines
              if not re.match("(INFO|WARNING):tensorflow:", line)]


def test_console_shows_a_progress_line_every_log_steps(console_output):
  # On a slow machine a line comes before, so that one need not wait for it.
  assert re.findall(r"Training: (\d+) of 12", console_output)[-4:] == [
      "3", "6", "9", "12"]
