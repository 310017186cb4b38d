"""Runs that were killed end with the weights of those that were not."""
import pytest

import commands
import create_pretraining_data
import interrupted
import run_classifier
import run_cross_validation
import run_pretraining
import run_squad
import tiny_runs
import tiny_squad


def assert_killing_changes_nothing(tmp_path, make_flags, kills, *, num_steps,
                                   command=run_classifier):
  """Trains twice, once killed after some steps, in turn.

  Args:
    make_flags: a function of a folder.
    kills: the steps.
    num_steps: of the training, or of each one where a command has several.
    command: its module.
  """
  folders = []
  for name, steps in (("whole", []), ("killed", kills)):
    flags = dict(make_flags(tmp_path / name), save_checkpoints_steps=3,
                 bert_config_file=commands.write_config(
                     tmp_path / name, **interrupted.CONFIG))

    def run():
      result = commands.run(flags, command)
      assert result.code == 0, result.log

    interrupted.run_killed(run, steps)
    folders.append(flags["output_dir"])
  interrupted.assert_equal_variables(*folders, step=num_steps)


# 10 texts in batches of 4, three times over.
@pytest.mark.parametrize("changes, kills", [
    (dict(), [1, 6]), (dict(cpu_replicas=2), [5]),
    (dict(gradient_accumulation_steps=2), [5])])
def test_classifier(tmp_path, changes, kills):
  def make_flags(folder):
    return tiny_runs.pairs(folder, num_train_epochs=3, do_eval=False,
                           do_predict=False, **changes)

  assert_killing_changes_nothing(tmp_path, make_flags, kills, num_steps=7)


# 6 sentences in batches of 2, twice over.
def test_tagger(tmp_path):
  def make_flags(folder):
    flags = tiny_runs.sentences(folder, encoder_top="bilstm", crf=True,
                                train_batch_size=2, num_train_epochs=2)
    return dict(flags, do_eval=False, do_predict=False)

  assert_killing_changes_nothing(tmp_path, make_flags, [5], num_steps=6)


def test_spans_with_evaluations(tmp_path):
  def make_flags(folder):
    return tiny_squad.flags_of(folder, num_train_epochs=2, do_predict=False,
                               eval_every=2)

  assert_killing_changes_nothing(tmp_path, make_flags, [5], num_steps=6,
                                 command=run_squad)


def test_pretraining(tmp_path):
  text = tiny_runs.pretraining_text(tmp_path, num_shards=2, num_workers=1)
  assert commands.run(text, create_pretraining_data).code == 0

  def make_flags(folder):
    return {"input_file": text["output_file"] + "-*", "do_train": True,
            "output_dir": str(folder / "out"), "max_seq_length": 32,
            "max_predictions_per_seq": 5, "train_batch_size": 8,
            "learning_rate": 1e-2, "num_train_steps": 8,
            "num_warmup_steps": 2, "random_seed": 3}

  assert_killing_changes_nothing(tmp_path, make_flags, [5], num_steps=8,
                                 command=run_pretraining)


def test_folds(tmp_path):
  def make_flags(folder):
    flags = tiny_runs.pairs(folder, num_folds=2, train_batch_size=2,
                            num_train_epochs=4, do_predict=False)
    return {name: value for name, value in flags.items()
            if name not in ("do_train", "do_eval")}

  # The second time it is the second fold that dies.
  assert_killing_changes_nothing(tmp_path, make_flags, [8, 4],
                                 num_steps=10, command=run_cross_validation)
