"""Flags of speed and memory: their defaults, their help, and their limits."""
import pytest

import run_classifier
from bert.common import command_line
from bert.options.shared import check_speed
from bert.options.shared import SpeedOptions
from mistakes import message_of

REQUIRED = ["--data_dir=d", "--bert_config_file=c", "--task_name=t",
            "--vocab_file=v", "--output_dir=o"]
DEFAULTS = {"precision": "float32", "bucket_by_length": False,
            "gradient_accumulation_steps": 1, "cpu_replicas": 0,
            "use_horovod": False, "fp16_allreduce": False,
            "num_workers": 0}


def parse(*arguments):
  """Reads a command line -> its SpeedOptions."""
  (found,) = [group for group in command_line.parse(
      ["run_classifier.py"] + REQUIRED + list(arguments),
      run_classifier.GROUPS, "") if isinstance(group, SpeedOptions)]
  return found


def check(train_batch_size=32, use_tpu=False, **flags):
  check_speed(SpeedOptions(**flags), train_batch_size, use_tpu)


def test_run_without_these_flags_is_as_it_was_before_them():
  assert parse() == SpeedOptions(**DEFAULTS)
  assert SpeedOptions() == SpeedOptions(**DEFAULTS)
  for use_tpu in (False, True):
    check(use_tpu=use_tpu)


def test_flags_are_read():
  assert parse("--precision=bfloat16", "--bucket_by_length",
               "--gradient_accumulation_steps=4", "--cpu_replicas=2",
               "--num_workers=3", "--use_horovod", "--fp16_allreduce") == (
                   SpeedOptions("bfloat16", 4, 2, True, True, True, 3))


def test_help_lists_the_flags_with_their_defaults():
  shown = command_line.help_text("x.py", run_classifier.GROUPS, "About this.")
  for line in ("--precision=str (default: float32)",
               "--bucket_by_length=bool (default: false)",
               "--gradient_accumulation_steps=int (default: 1)",
               "--cpu_replicas=int (default: 0)",
               "--use_horovod=bool (default: false)",
               "--fp16_allreduce=bool (default: false)",
               "--num_workers=int (default: 0)"):
    assert "  %s\n" % line in shown


def test_wrong_choice_is_refused_with_those_allowed():
  message = message_of(parse, "--precision=int8")
  assert message == ("--precision=int8: must be one of: float32 bfloat16 "
                     "float16. See --help.")


@pytest.mark.parametrize("size, parts", [
    (1, 1), (32, 1), (32, 2), (32, 32), (6, 3)])
def test_parts_that_divide_the_batch_pass(size, parts):
  check(size, gradient_accumulation_steps=parts)


@pytest.mark.parametrize("size, parts", [(32, 3), (1, 2), (8, 16), (6, 4)])
def test_parts_that_do_not_divide_the_batch_are_refused(size, parts):
  message = message_of(
      lambda: check(size, gradient_accumulation_steps=parts))
  assert "--gradient_accumulation_steps=%d " % parts in message
  assert "--train_batch_size=%d" % size in message


@pytest.mark.parametrize("name, value, shown", [
    ("precision", "bfloat16", "--precision=bfloat16"),
    ("bucket_by_length", True, "--bucket_by_length=true"),
    ("use_horovod", True, "--use_horovod=true"),
    ("gradient_accumulation_steps", 2, "--gradient_accumulation_steps=2")])
def test_what_tpus_cannot_do_is_refused_on_them_alone(name, value, shown):
  check(**{name: value})
  message = message_of(lambda: check(use_tpu=True, **{name: value}))
  assert message.startswith(shown + " ")
  assert "--use_tpu" in message


def test_workers_serve_tpus_too():
  check(use_tpu=True, num_workers=4)
