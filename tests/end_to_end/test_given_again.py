"""A command given again in its folder, after its data or settings changed."""
import json
import os
import shutil

import pytest

import commands
import create_pretraining_data
import run_pretraining
import run_squad
import tiny_squad
from bert.model import hooks
from tiny_runs import pairs
from tiny_runs import pretraining_text

# Files that say what was trained.
RECORDS = ("task.json", "run.flags", "evaluations.jsonl")


def kept(folder):
  """What is to be as it was where nothing is trained: records, checkpoints."""
  return {name: content for name, content in commands.snapshot(folder).items()
          if name in RECORDS or "model.ckpt" in name}


def change_table(flags, name, column, value):
  """Changes a cell of the first row of train.tsv, dev.tsv or test.tsv."""
  path = os.path.join(flags["data_dir"], name + ".tsv")
  rows = [line.split("\t") for line in commands.lines(path)]
  rows[1][column] = value(rows[1][column])
  commands.write_table(path, rows)


def other_label(label):
  return str(1 - int(label))


def moved(flags, folder):
  """Flags of a run in a copy of its folder."""
  source = os.path.dirname(flags["output_dir"])
  shutil.copytree(source, str(folder / "copy"))
  return {name: str(value).replace(source, str(folder / "copy"))
          if str(value).startswith(source) else value
          for name, value in flags.items()}


def task_of(folder):
  return json.loads(commands.content(folder, "task.json"))


def flags_in(folder):
  return [line for line in commands.lines(folder, "run.flags")
          if not line.startswith("#")]


# -- Data -------------------------------------------------------------------

DATA_CHANGES = {
    "label": lambda flags: change_table(flags, "train", 0, other_label),
    "text": lambda flags: change_table(flags, "train", 3, lambda text: "two"),
    "second_text": lambda flags: change_table(flags, "train", 4,
                                              lambda text: "votes"),
    "row_added": lambda flags: commands.write_table(
        os.path.join(flags["data_dir"], "train.tsv"),
        [line.split("\t") for line in commands.lines(
            flags["data_dir"], "train.tsv")] + [("1", "", "", "two", "votes")]),
}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
  """Flags of a run of 5 steps that is complete, and its files."""
  flags = pairs(tmp_path_factory.mktemp("finished"), train_batch_size=2,
                num_train_epochs=1)
  commands.finish(flags)
  return flags


@pytest.mark.parametrize("change", list(DATA_CHANGES))
@pytest.mark.parametrize("num_epochs", [1, 2])
def test_other_training_set_is_refused(finished, change, num_epochs):
  path = os.path.join(finished["data_dir"], "train.tsv")
  before, data = kept(finished["output_dir"]), commands.content(path)
  DATA_CHANGES[change](finished)
  result = commands.run(dict(finished, num_train_epochs=num_epochs))
  commands.write(path, data)
  assert result.code == 2
  error, = [line for line in result.log.splitlines() if "error:" in line]
  assert "another training set (10 examples; this run has " in error
  assert kept(finished["output_dir"]) == before


def test_other_order_of_the_same_examples_is_the_same_set(finished):
  path = os.path.join(finished["data_dir"], "train.tsv")
  data = commands.content(path)
  rows = commands.lines(path)
  commands.write(path, "\n".join(rows[:1] + rows[:0:-1]) + "\n")
  log = commands.finish(dict(finished, do_eval=False, do_predict=False))
  commands.write(path, data)
  assert "Training is complete" in log


# -- Settings, no step left --------------------------------------------------

SCHEDULES = [
    ("learning_rate", 1e-3, "--learning_rate=0.01", "--learning_rate=0.001"),
    ("num_train_epochs", 0.4, "--num_train_epochs=1.0",
     "--num_train_epochs=0.4"),
    ("train_batch_size", 5, "--train_batch_size=2", "--train_batch_size=5"),
    ("random_seed", 8, "--random_seed=7", "--random_seed=8"),
    ("max_seq_length", 24, "--max_seq_length=40", "--max_seq_length=24"),
    ("label_smoothing", 0.1, "--label_smoothing=0.0", "--label_smoothing=0.1"),
    ("trainable", "head", "--trainable=all", "--trainable=head"),
    ("eval_every", "epoch", "--eval_every=none", "--eval_every=epoch")]


@pytest.mark.parametrize("name, value, old, new", SCHEDULES)
def test_complete_training_writes_nothing_and_says_what_was_asked_for(
    finished, name, value, old, new):
  before = kept(finished["output_dir"])
  log = commands.finish(dict(finished, do_eval=False, do_predict=False,
                             **{name: value}))
  line, = [line for line in log.splitlines() if "Training is complete" in line]
  assert line.startswith("WARNING")
  assert "trained with %s; this run asks for %s" % (old, new) in line
  assert kept(finished["output_dir"]) == before


def test_complete_training_is_evaluated_and_predicts_with_other_settings(
    finished):
  log = commands.finish(dict(finished, learning_rate=1e-3))
  assert "this run asks for --learning_rate=0.001" in log
  assert "***** Eval results *****" in log
  assert "***** Running prediction*****" in log


def test_same_command_has_no_warning_when_it_is_complete(finished):
  before = kept(finished["output_dir"])
  log = commands.finish(finished)
  line, = [line for line in log.splitlines() if "Training is complete" in line]
  assert line.startswith("INFO")
  assert kept(finished["output_dir"]) == before


def test_drawn_seed_is_written_down_and_is_no_change(tmp_path):
  flags = pairs(tmp_path, train_batch_size=5, num_train_epochs=1,
                random_seed=None, do_eval=False, do_predict=False)
  commands.finish(flags)
  seed = task_of(flags["output_dir"])["random_seed"]
  assert "--random_seed=%d" % seed in flags_in(flags["output_dir"])
  assert "this run asks for" not in commands.finish(flags)


# -- Settings, steps left -----------------------------------------------------

def test_training_goes_on_with_another_schedule_and_keeps_both(
    finished, tmp_path):
  flags = dict(moved(finished, tmp_path), do_predict=False)
  log = commands.finish(dict(flags, num_train_epochs=2, learning_rate=1e-3))
  assert ("Until step 5 trained with --learning_rate=0.01 "
          "--num_train_epochs=1.0; from there with --learning_rate=0.001 "
          "--num_train_epochs=2.0") in log
  assert commands.results(flags["output_dir"])["global_step"] == 10
  lines = commands.lines(flags["output_dir"], "run.flags")
  assert lines[0] == "# Until step 5:"
  assert "#   --learning_rate=0.01" in lines
  assert "--learning_rate=0.001" in lines
  # A file for --flagfile still, of the later flags.
  again = commands.run(["--flagfile=" + os.path.join(
      flags["output_dir"], "run.flags"), "--do_train"])
  assert again.code == 0 and "Training is complete" in again.log
  assert "this run asks for" not in again.log


# -- The best checkpoint ------------------------------------------------------

@pytest.fixture(scope="module")
def first_watched(tmp_path_factory):
  """A run of 10 steps with evaluations, whose best is of step 5: the rate is
  so low that both have the same accuracy, and the first one counts."""
  flags = pairs(tmp_path_factory.mktemp("watched"), train_batch_size=2,
                num_train_epochs=2, eval_every=5, best_metric="eval_accuracy",
                learning_rate=1e-9, do_predict=False)
  commands.finish(flags)
  assert commands.results(flags["output_dir"])["global_step"] == 5
  return flags


@pytest.fixture
def watched(first_watched, tmp_path):
  """Flags of that run, in a folder of the test's own."""
  return moved(first_watched, tmp_path)


def evaluations(flags):
  return [json.loads(line) for line in commands.lines(flags["output_dir"],
                                                      "evaluations.jsonl")]


def test_best_is_not_used_after_a_training_without_evaluations(watched):
  unwatched = dict(watched, eval_every=None, best_metric=None)
  # Nothing is trained: the last training did evaluate.
  commands.finish(unwatched)
  assert commands.results(watched["output_dir"])["global_step"] == 5
  log = commands.finish(dict(unwatched, num_train_epochs=3))
  assert "the last training there was without --eval_every" in log
  assert commands.results(watched["output_dir"])["global_step"] == 15
  for choice, step in (("best", 5), (os.path.join(
      watched["output_dir"], "model.ckpt-10"), 10)):
    commands.finish(dict(unwatched, do_train=False, checkpoint=choice))
    assert commands.results(watched["output_dir"])["global_step"] == step


def test_evaluations_of_another_dev_set_do_not_compete(watched):
  change_table(watched, "dev", 0, other_label)
  commands.finish(dict(watched, num_train_epochs=3))
  entries = evaluations(watched)
  assert [entry["global_step"] for entry in entries] == [5, 10, 10, 15]
  assert entries[0]["dev_set"] == entries[1]["dev_set"] != entries[2]["dev_set"]
  assert commands.results(watched["output_dir"])["global_step"] == 10


def test_evaluations_by_another_metric_do_not_compete(watched):
  commands.finish(dict(watched, num_train_epochs=3,
                       best_metric="eval_loss"))
  entries = evaluations(watched)
  later = [entry for entry in entries if entry["best_metric"] !=
           entries[0]["best_metric"]]
  assert [entry["global_step"] for entry in later] == [10, 15]
  assert commands.results(watched["output_dir"])["global_step"] == min(
      later, key=lambda entry: entry["eval_loss"])["global_step"]


@pytest.mark.parametrize("changes, fragment", [
    (dict(checkpoint="best"), "--checkpoint=best with --do_train needs --eval_every"),
    (dict(checkpoint="x/model.ckpt-3"), "give best or newest"),
    (dict(do_train=False, checkpoint="best"), "holds no checkpoint"),
    (dict(do_train=False, checkpoint="nowhere"), "no such checkpoint")])
def test_checkpoint_that_is_not_there_is_refused(finished, changes, fragment):
  result = commands.run(dict(finished, **changes))
  assert result.code == 2
  assert fragment in result.log


# -- Other commands -----------------------------------------------------------

@pytest.fixture(scope="module")
def trials(tmp_path_factory):
  """Flags of two trials that are complete."""
  flags = pairs(tmp_path_factory.mktemp("trials"), train_batch_size=5,
                num_train_epochs=1, num_seeds=2, do_predict=False)
  commands.finish(flags)
  return flags


def test_trials_given_again_with_another_rate_train_nothing(trials, tmp_path):
  flags = moved(trials, tmp_path)
  table = commands.content(flags["output_dir"], "trials.txt")
  folders = [os.path.join(flags["output_dir"], each)
             for each in ("", "trial_1", "trial_2")]
  before = [kept(folder) for folder in folders]
  log = commands.finish(dict(flags, learning_rate=1e-3))
  assert log.count("this run asks for --learning_rate=0.001") == 2
  assert [kept(folder) for folder in folders] == before
  assert commands.content(flags["output_dir"], "trials.txt") == table
  change_table(flags, "train", 0, other_label)
  result = commands.run(flags)
  assert result.code == 2 and "another training set" in result.log


@pytest.fixture(scope="module")
def answered(tmp_path_factory):
  """Flags of a run on questions that is complete."""
  flags = tiny_squad.flags_of(tmp_path_factory.mktemp("answered"),
                              num_train_epochs=1, version_2_with_negative=True)
  for name, count in (("train", 6), ("predict", 8)):
    commands.write(flags[name + "_file"], json.dumps(
        tiny_squad.document(count, is_impossible=False)))
  tiny_squad.finish(flags)
  return flags


def test_questions_given_again(answered, tmp_path):
  flags = dict(moved(answered, tmp_path), do_eval=False, do_predict=False)
  before = kept(flags["output_dir"])
  log = tiny_squad.finish(dict(flags, learning_rate=1e-3))
  assert "this run asks for --learning_rate=0.001" in log
  assert kept(flags["output_dir"]) == before
  again = commands.run(["--flagfile=" + os.path.join(
      flags["output_dir"], "run.flags"), "--do_train"], run_squad)
  assert again.code == 0, again.log
  assert "this run asks for" not in again.log
  document = tiny_squad.document(6, is_impossible=False)
  document["data"][0]["paragraphs"][0]["qas"][0]["question"] = "who left ?"
  commands.write(flags["train_file"], json.dumps(document))
  result = commands.run(flags, run_squad)
  assert result.code == 2 and "another training set" in result.log


def test_pretraining_given_again(tmp_path):
  text = pretraining_text(tmp_path)
  assert commands.run(text, create_pretraining_data).code == 0
  flags = {
      "input_file": text["output_file"], "output_dir": str(tmp_path / "run"),
      "bert_config_file": commands.write_config(tmp_path),
      "max_seq_length": 32, "max_predictions_per_seq": 5,
      "train_batch_size": 4, "num_train_steps": 4, "num_warmup_steps": 1,
      "max_eval_steps": 2, "random_seed": 3, "do_train": True}

  def run(**changes):
    return commands.run(dict(flags, **changes), run_pretraining)

  assert run().code == 0
  before = kept(flags["output_dir"])
  assert "model.ckpt-4.index" in before
  result = run(learning_rate=1e-3)
  assert result.code == 0
  assert "this run asks for --learning_rate=0.001" in result.log
  assert kept(flags["output_dir"]) == before
  assert "Until step 4 trained with" in run(
      learning_rate=1e-3, num_train_steps=6).log
  assert run(do_train=False, do_eval=True, checkpoint=os.path.join(
      flags["output_dir"], "model.ckpt-4")).code == 0
  assert commands.results(flags["output_dir"])["global_step"] == 4
  with open(flags["input_file"], "rb") as stream:
    half = stream.read(os.path.getsize(flags["input_file"]) // 2)
  commands.write(flags["input_file"], half)
  result = run()
  assert result.code == 2, result.log


def test_further_trials_go_on_with_the_seeds_of_the_first(trials, tmp_path):
  flags = moved(trials, tmp_path)
  table = commands.content(flags["output_dir"], "trials.txt")
  result = commands.run(dict(flags, random_seed=6, num_seeds=3))
  assert result.code == 2
  assert "--random_seed=6: the trials of --output_dir=%s began with 7" % (
      flags["output_dir"]) in result.log
  assert commands.content(flags["output_dir"], "trials.txt") == table
  commands.finish(dict(flags, random_seed=None, num_seeds=3))
  rows = commands.lines(flags["output_dir"], "trials.txt")
  assert [row.split("\t")[0] for row in rows[1:4]] == ["7", "8", "9"]
  result = commands.run(dict(flags, do_train=False, num_seeds=1))
  assert result.code == 2
  assert "several models: give one of %s" % os.path.join(
      flags["output_dir"], "trial_1") in result.log


# -- Killed before a step was saved -------------------------------------------

class Killed(Exception):
  """Stands for a signal that leaves no time to tidy up."""


@pytest.fixture
def killed_early(monkeypatch):
  """Ends runs as their session begins."""
  def run(flags):
    with monkeypatch.context() as patch:
      patch.setattr(hooks.ProgressHook, "after_create_session", die)
      with pytest.raises(Killed):
        commands.run(flags)

  def die(*unused):
    raise Killed()
  return run


def test_run_killed_before_its_first_checkpoint_changes_nothing(
    watched, killed_early):
  folder = watched["output_dir"]
  before = {name: content for name, content in kept(folder).items()
            if name in RECORDS}
  killed_early(dict(watched, eval_every=None, best_metric=None, do_eval=False,
                    num_train_epochs=4, learning_rate=1e-3))
  assert {name: kept(folder)[name] for name in before} == before
  commands.finish(dict(watched, do_train=False, eval_every=None,
                       best_metric=None))
  assert commands.results(folder)["global_step"] == 5


def test_folder_without_a_step_takes_other_data(tmp_path, killed_early):
  flags = pairs(tmp_path, train_batch_size=5, num_train_epochs=1,
                do_predict=False)
  killed_early(flags)
  assert "train_set" in task_of(flags["output_dir"])
  change_table(flags, "train", 0, other_label)
  commands.finish(dict(flags, do_eval=False))


# -- Earlier versions and other programs --------------------------------------

def test_settings_that_an_earlier_version_left_to_its_flags_are_kept(
    answered, tmp_path):
  flags = moved(answered, tmp_path)
  task = task_of(flags["output_dir"])
  for name in ("version_2_with_negative", "max_query_length", "doc_stride"):
    del task[name]
  commands.write(os.path.join(flags["output_dir"], "task.json"),
                 json.dumps(task))
  left_out = dict(flags, do_train=False, do_eval=False,
                  version_2_with_negative=None, max_query_length=None,
                  doc_stride=None)
  log = tiny_squad.finish(left_out)
  assert "--doc_stride=6 --max_query_length=8" in log
  assert "--version_2_with_negative=true" in log
  result = commands.run(dict(left_out, version_2_with_negative=False),
                        run_squad)
  assert result.code == 2 and "version_2_with_negative" in result.log


def test_complete_folder_of_another_program_stays_as_it_is(finished, tmp_path):
  flags = dict(finished, output_dir=str(tmp_path / "out"), do_predict=False,
               do_eval=False, eval_every="epoch")
  os.makedirs(flags["output_dir"])
  for name, content in kept(finished["output_dir"]).items():
    if name not in RECORDS:
      commands.write(os.path.join(flags["output_dir"], name), content)
  log = commands.finish(flags)
  assert "Training is complete" in log
  assert not {"best", "evaluations.jsonl"} & set(
      os.listdir(flags["output_dir"]))


@pytest.mark.parametrize("content", ['{"pooling": 7}', '{"pooling": "most"}',
                                     '{"threshold": "high"}'])
def test_task_file_with_impossible_values_is_the_users_mistake(
    finished, content):
  path = os.path.join(finished["output_dir"], "task.json")
  before = commands.content(path)
  task = json.loads(before)
  task.update(json.loads(content))
  commands.write(path, json.dumps(task))
  result = commands.run(finished)
  commands.write(path, before)
  assert result.code == 2, result.log
  assert "error:" in result.log.strip().splitlines()[-1]
