"""Every flag of run_classifier.py: what is read, and what is refused."""
import dataclasses

import pytest

import run_classifier
from bert.common import command_line
from bert.common.errors import UserError
from bert.options.finetuning import TaskOptions
from bert.options.finetuning import TrainOptions
from bert.options.shared import check_tpu
from bert.options.shared import TpuOptions
from option_cases import CASES
from option_cases import as_dict

pytestmark = pytest.mark.smoke

REQUIRED = {"data_dir": "d", "bert_config_file": "c", "task_name": "t",
            "vocab_file": "v", "output_dir": "o"}

# Every flag of the reference and its default.
REFERENCE_DEFAULTS = {
    "data_dir": None, "bert_config_file": None, "task_name": None,
    "vocab_file": None, "output_dir": None, "init_checkpoint": None,
    "do_lower_case": True, "max_seq_length": 128, "do_train": False,
    "do_eval": False, "do_predict": False, "train_batch_size": 32,
    "eval_batch_size": 8, "predict_batch_size": 8, "learning_rate": 5e-5,
    "num_train_epochs": 3.0, "warmup_proportion": 0.1,
    "save_checkpoints_steps": 1000, "iterations_per_loop": 1000,
    "use_tpu": False, "tpu_name": None, "tpu_zone": None, "gcp_project": None,
    "master": None, "num_tpu_cores": 8,
}


def parse(*arguments, **values):
  """Reads a command line with the required flags in front -> flag: value."""
  required = dict(REQUIRED, **values)
  argv = ["run_classifier.py"] + [
      "--%s=%s" % item for item in required.items() if item[1] is not None]
  return as_dict(command_line.parse(argv + list(arguments),
                                    run_classifier.GROUPS, "About this."))


def message_of(*arguments, **values):
  """The one line of the mistake that a command line is."""
  with pytest.raises(UserError) as caught:
    parse(*arguments, **values)
  assert "\n" not in str(caught.value)
  return str(caught.value)


def declared():
  return [field for group in run_classifier.GROUPS
          for field in dataclasses.fields(group)]


def test_every_flag_has_a_case():
  assert sorted(CASES) == sorted(field.name for field in declared())


def test_every_flag_of_the_reference_is_there_with_its_default():
  values = parse()
  for flag, default in REFERENCE_DEFAULTS.items():
    expected = REQUIRED.get(flag, default)
    assert values[flag] == expected, flag
    assert type(values[flag]) is type(expected), flag


def test_flags_of_our_own_have_their_defaults():
  values = parse()
  assert values["threshold"] == 0.5
  assert values["random_seed"] is None
  assert values["processor_module"] is None


@pytest.mark.parametrize("flag", sorted(CASES))
def test_good_value_is_read(flag):
  value = parse("--%s=%s" % (flag, CASES[flag].good))[flag]
  assert value == CASES[flag].value
  assert type(value) is type(CASES[flag].value)


@pytest.mark.parametrize("flag, text, problem", [
    (flag,) + bad for flag in sorted(CASES) for bad in CASES[flag].bad])
def test_bad_value_is_refused_by_flag_value_and_limit(flag, text, problem):
  message = message_of("--%s=%s" % (flag, text))
  assert flag in message
  assert text in message
  assert problem in message


@pytest.mark.parametrize("flag, text", [
    ("max_seq_length", "3"), ("keep_checkpoint_max", "0"),
    ("random_seed", "0"), ("random_seed", "2147483647"),
    ("threshold", "0"), ("threshold", "1"), ("warmup_proportion", "0"),
    ("warmup_proportion", "1"), ("train_batch_size", "1")])
def test_limit_itself_is_allowed(flag, text):
  assert parse("--%s=%s" % (flag, text))[flag] == float(text)


def test_seed_fits_31_bits():
  assert "2147483648" in message_of("--random_seed=2147483648")


@pytest.mark.parametrize("flag", sorted(REQUIRED))
def test_required_flag_is_asked_for(flag):
  message = message_of(**{flag: None})
  assert "--%s" % flag in message
  assert "required" in message


@pytest.mark.parametrize("text, expected", [
    ("--do_train", True), ("--nodo_train", False), ("--do_train=true", True),
    ("--do_train=True", True), ("--do_train=1", True),
    ("--do_train=false", False), ("--do_train=False", False),
    ("--do_train=0", False)])
def test_switch_is_spelt_as_absl_spells_it(text, expected):
  assert parse("--do_train", text)["do_train"] is expected


def test_one_dash_and_a_value_after_a_space_are_taken():
  values = parse("-train_batch_size", "4", "--learning_rate", "1e-3")
  assert values["train_batch_size"] == 4
  assert values["learning_rate"] == 1e-3


@pytest.mark.parametrize("wrong, right", [
    ("--do_trian=true", "do_train"),
    ("--train_batchsize=4", "train_batch_size")])
def test_unknown_flag_suggests_the_right_one(wrong, right):
  message = message_of(wrong)
  assert wrong.lstrip("-").split("=")[0] in message
  assert right in message.replace(wrong, "")


def test_unknown_flag_is_refused_without_a_suggestion_too():
  assert "zzz" in message_of("--zzz=1")


@pytest.mark.parametrize("arguments", [
    ["--do_train", "false"], ["false", "--do_train"], ["train"],
    ["--do_train", "false", "--max_seq_length=64"]])
def test_stray_argument_is_refused(arguments):
  stray = next(word for word in arguments if not word.startswith("-"))
  message = message_of(*arguments)
  assert repr(stray) in message
  assert "=" in message


def test_flagfile_is_read(tmp_path):
  path = tmp_path / "flags"
  path.write_text("# the usual\n--max_seq_length=64\n--do_train\n\n"
                  "--learning_rate=1e-4\n", encoding="utf-8")
  values = parse("--flagfile=%s" % path, "--learning_rate=2e-4")
  assert values["max_seq_length"] == 64
  assert values["do_train"] is True
  assert values["learning_rate"] == 2e-4


def test_flagfile_is_read_as_strictly(tmp_path):
  path = tmp_path / "flags"
  path.write_text("--max_seq_lenght=64\n", encoding="utf-8")
  assert "max_seq_length" in message_of("--flagfile=%s" % path)


def test_missing_flagfile_is_the_users_mistake(tmp_path):
  path = str(tmp_path / "none")
  message = message_of("--flagfile=%s" % path)
  assert "flagfile" in message
  assert path in message


@pytest.mark.parametrize("spelling", ["--help", "-help", "-h", "--helpfull"])
def test_help_lists_every_flag_and_ends_well(spelling, capsys):
  with pytest.raises(SystemExit) as caught:
    command_line.parse(["run_classifier.py", "--task_name=x", spelling],
                       run_classifier.GROUPS, "About this.")
  assert caught.value.code == 0
  shown = capsys.readouterr().out
  assert shown.startswith("About this.")
  lines = shown.split("\n")
  for field in declared():
    (line,) = [line for line in lines if
               line.startswith("  --%s=" % field.name)]
    if field.name in REQUIRED:
      assert "required" in line
    elif field.name in REFERENCE_DEFAULTS:
      default = REFERENCE_DEFAULTS[field.name]
      assert "default: %s" % ("none" if default is None else
                              str(default).lower()) in line
    assert field.metadata["help"].split()[0] in shown


def test_groups_do_not_change():
  (group,) = [group for group in command_line.parse(
      ["x"] + ["--%s=%s" % item for item in REQUIRED.items()],
      run_classifier.GROUPS, "") if isinstance(group, TrainOptions)]
  with pytest.raises(dataclasses.FrozenInstanceError):
    group.learning_rate = 1.0


def test_a_command_line_leaves_nothing_for_the_next():
  assert parse("--max_seq_length=64", "--do_train")["max_seq_length"] == 64
  values = parse()
  assert values["max_seq_length"] == 128
  assert values["do_train"] is False


@pytest.mark.parametrize("line", [
    "--undefok=do_trian", "-undefok=do_trian", "--undefok do_trian",
    "  --undefok=do_trian"])
def test_undefok_of_a_file_does_not_let_unknown_flags_pass(line, tmp_path):
  inner = tmp_path / "inner.flags"
  inner.write_text(line + "\n--do_trian\n")
  outer = tmp_path / "outer.flags"
  outer.write_text("--flagfile=%s\n" % inner)
  for path in (inner, outer):
    with pytest.raises(UserError, match="undefok"):
      command_line.parse(["run", "--flagfile=%s" % path], [TaskOptions], "")


def test_undefok_does_not_let_unknown_flags_pass():
  with pytest.raises(UserError, match="--undefok"):
    command_line.parse(["run", "--undefok=do_trian", "--do_trian"],
                       [TaskOptions], "")


@pytest.mark.parametrize("flags, expected", [
    ({}, "either --tpu_name or --master"),
    ({"tpu_name": "a", "master": "b"}, "either --tpu_name or --master"),
    ({"tpu_name": "a", "num_tpu_cores": 32},
     "--eval_batch_size=8 is not a multiple of --num_tpu_cores=32")])
def test_tpu_flags_that_cannot_work_are_refused(flags, expected):
  sizes = {"train": 32, "eval": 8}
  with pytest.raises(UserError) as caught:
    check_tpu(TpuOptions(use_tpu=True, **flags), sizes)
  assert expected in str(caught.value)
  check_tpu(TpuOptions(use_tpu=False, **flags), sizes)


def test_tpu_flags_that_work_pass():
  check_tpu(TpuOptions(use_tpu=True, tpu_name="a"),
            {"train": 32, "predict": 8})
