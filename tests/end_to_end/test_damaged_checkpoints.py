"""Checkpoints with a changed byte: one line with the file, for all commands."""
import os
import shutil

import pytest

import commands
import extract_features
import golden
from bad_input import Job
from bert.model import checkpoint_files
from bert.serving import engines
from mistakes import message_of

convert = commands.load_script("convert_checkpoint")
strip = commands.load_script("strip_checkpoint")
DATA = ".data-00000-of-00001"
DONE = golden.path("cli", "mrpc", "output")
EXPORT = os.path.join(os.path.dirname(golden.path()), "exports", "tf_1.15")


def change_byte(path, index=0):
  """Changes a byte of a file; of a checkpoint's data, the first is of the first
  variable, which all commands read, and not of the last one."""
  content = bytearray(commands.snapshot(os.path.dirname(path))[
      os.path.basename(path)])
  content[index] ^= 1
  commands.write(path, bytes(content))


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
  """The output of a job that is done."""
  job = Job(tmp_path_factory.mktemp("trained"))
  commands.finish(job.flags)
  return job.path("out")


@pytest.fixture
def damaged(tmp_path, trained):
  """A job and the path of its checkpoint, which is damaged."""
  shutil.copytree(trained, str(tmp_path / "out"))
  change_byte(str(tmp_path / "out" / ("model.ckpt-1" + DATA)))
  return Job(tmp_path), str(tmp_path / "out" / "model.ckpt-1")


def assert_one_line(result, checkpoint):
  assert result.code == 2, result.log
  (line,) = [line for line in result.log.split("\n") if ": error: " in line]
  assert checkpoint + ": " in line and "can't be read as a checkpoint" in line
  assert "Traceback" not in result.log and not result.log.split(line)[1].strip()


@pytest.mark.parametrize("actions", [
    {"do_train": True, "num_train_epochs": 2}, {"do_eval": True},
    {"do_predict": True}, {"do_export": True}], ids=lambda each: "-".join(each))
def test_folder_with_a_damaged_checkpoint_is_refused(damaged, actions):
  job, checkpoint = damaged
  flags = dict(job.flags, do_train=False, do_eval=False, do_predict=False)
  assert_one_line(commands.run(dict(flags, **actions)), checkpoint)


def test_same_command_trains_once_the_checkpoint_is_whole(damaged):
  job, checkpoint = damaged
  flags = dict(job.flags, init_checkpoint=checkpoint, do_predict=False,
               do_eval=False, output_dir=job.path("new"))
  assert_one_line(commands.run(flags), checkpoint)
  change_byte(checkpoint + DATA)
  commands.finish(flags)


@pytest.mark.parametrize("suffix", [DATA, ".index"])
@pytest.mark.parametrize("command, flags", [
    (strip, {"checkpoint": "{}", "output": "{}.small"}),
    (convert, {"bert_dir": "{dir}", "to": "hugging_face",
               "hugging_face_dir": "{dir}/hf"}),
    (extract_features, {
        "input_file": golden.path("vocab.txt"), "output_file": "{dir}/vectors",
        "init_checkpoint": "{}", "vocab_file": golden.path("vocab.txt"),
        "bert_config_file": golden.path("bert_config.json"),
        "max_seq_length": 8, "layers": "-1"})],
    ids=["strip", "convert", "extract"])
def test_command_refuses_a_damaged_checkpoint(command, flags, suffix, tmp_path):
  folder = shutil.copytree(DONE, str(tmp_path / "done"))
  for name in ("bert_config.json", "vocab.txt"):
    shutil.copy(golden.path(name), folder)
  checkpoint = os.path.join(folder, "model.ckpt-20")
  change_byte(checkpoint + suffix, -1 if suffix == ".index" else 0)
  before = commands.names(folder)
  assert_one_line(commands.run({
      name: str(value).format(checkpoint, dir=folder)
      for name, value in flags.items()}, command), checkpoint)
  assert commands.names(folder) == before


def test_every_changed_byte_of_the_data_is_found(tmp_path):
  path = str(tmp_path / "model.ckpt")
  shutil.copy(os.path.join(DONE, "model.ckpt-20.index"), path + ".index")
  checkpoint = os.path.join(DONE, "model.ckpt-20")
  size = os.path.getsize(checkpoint + DATA)
  for index in (1, size // 3, size // 2, size - 1):
    shutil.copy(checkpoint + DATA, path + DATA)
    change_byte(path + DATA, index)
    with pytest.raises(Exception, match="^%s.*be read as a checkpoint" % path):
      with checkpoint_files.explaining(path):
        raise checkpoint_files.tf.errors.DataLossError(None, None, "damaged")


def test_error_that_is_not_of_the_checkpoint_stays_what_it_is():
  error = checkpoint_files.tf.errors.DataLossError(None, None, "a record")
  for checkpoint in (None, os.path.join(DONE, "model.ckpt-20")):
    with pytest.raises(checkpoint_files.tf.errors.DataLossError) as caught:
      with checkpoint_files.explaining(checkpoint):
        raise error
    assert caught.value is error


@pytest.mark.parametrize("name, content", [
    ("variables/variables.index", b"junk" * 9),
    ("variables/variables" + DATA, None)])
def test_damaged_export_is_one_line(name, content, tmp_path):
  folder = shutil.copytree(EXPORT, str(tmp_path / "export"))
  path = os.path.join(folder, name)
  if content is None:
    change_byte(path)
  else:
    commands.write(path, content)
  message = message_of(engines.TensorFlowEngine, folder, "float32")
  assert message.startswith(folder + ": can't be loaded: ")
