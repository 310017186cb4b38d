"""Output folders and checkpoints that do not fit, refused like any mistake."""
import os
import shutil

import pytest
import tensorflow.compat.v1 as tf

import commands
import golden
from bad_input import (
    VOCAB, Job, assert_refused, config, exam, file, flag, path_flag, vocab)


def write_checkpoint(folder, values, slots=False):
  """Writes model.ckpt-1 with zeros -> its path."""
  with tf.Graph().as_default():
    for name, shape in values.items():
      tf.get_variable(name, shape, initializer=tf.zeros_initializer())
      for slot in ("adam_m", "adam_v") if slots else ():
        tf.get_variable(name + "/" + slot, shape)
    with tf.Session() as session:
      session.run(tf.global_variables_initializer())
      return tf.train.Saver().save(
          session, os.path.join(folder, "model.ckpt-1"), write_meta_graph=False)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
  """The folder of a job that is done; `out` is its output."""
  job = Job(tmp_path_factory.mktemp("trained"))
  commands.finish(job.flags)
  return job.folder


@pytest.fixture
def done_job(trained, tmp_path):
  """A copy of the job that is done."""
  shutil.copytree(os.path.join(trained, "out"), str(tmp_path / "out"))
  return Job(tmp_path)


ONLY_TRAIN = flag(do_eval=False, do_predict=False, num_train_epochs=2)
ONLY_EVAL = flag(do_train=False, do_predict=False)
ONLY_PREDICT = flag(do_train=False, do_eval=False)
TODO = [ONLY_TRAIN, ONLY_EVAL, ONLY_PREDICT]
TODO_NAMES = ["train", "eval", "predict"]


@pytest.mark.parametrize("todo", TODO, ids=TODO_NAMES)
@pytest.mark.parametrize("change, fragments", [
    (flag(task_name="rte"), ["mrpc", "rte"]),
    (vocab(*(VOCAB[:-2] + VOCAB[:-3:-1])), ["vocab"]),
    (flag(do_lower_case=False), ["do_lower_case", "alse", "rue"]),
], ids=["task", "vocabulary", "casing"])
def test_output_dir_of_another_task_is_refused(done_job, todo, change,
                                               fragments):
  if "rte" in fragments:
    for name in ("train.tsv", "dev.tsv", "test.tsv"):
      file(name, "index\ta\tb\tlabel\n" + "1\tx\ty\tentailment\n" * 4)(done_job)
  change(done_job)
  todo(done_job)
  assert_refused(done_job, ["--output_dir={folder}/out"] + fragments)


@pytest.fixture(scope="module")
def trained_exam(tmp_path_factory):
  """The folder of a multi-label job that is done."""
  job = Job(tmp_path_factory.mktemp("exam"))
  exam(train="algebra,two\n" * 4)(job)
  commands.finish(dict(job.flags, do_eval=False, do_predict=False))
  return job.folder


@pytest.mark.parametrize("labels", [
    "algebra\ncells\nforces\n", "algebra\nforces\nwaves\n",
    "algebra\nforces\ncells\nwaves\n"], ids=["order", "name", "number"])
def test_output_dir_trained_for_other_labels_is_refused(job, trained_exam,
                                                        labels):
  shutil.copytree(os.path.join(trained_exam, "out"), job.path("out"))
  exam(labels=labels, train="algebra,two\n" * 4,
       valid="algebra,two\n")(job)
  assert_refused(job, ["--output_dir={folder}/out", "labels"])


def test_output_dir_of_the_reference_with_other_labels_is_refused(tmp_path):
  job = Job(tmp_path)
  shutil.copytree(golden.path("cli", "mrpc", "output"), job.path("out"))
  job.flags.update(task_name="mnli", data_dir=golden.path("cli/mnli/data"),
                   bert_config_file=golden.path("bert_config.json"))
  for todo in TODO:
    job.flags.update(do_train=True, do_eval=True, do_predict=True)
    todo(job)
    assert_refused(job, ["output_weights", "[2, 32]", "[3, 32]"])


@pytest.mark.parametrize("todo", TODO, ids=TODO_NAMES)
def test_output_dir_of_a_model_of_another_size_is_refused(done_job, todo):
  config(hidden_size=6)(done_job)
  todo(done_job)
  assert_refused(done_job, ["bert/", "8]", "6]"])


@pytest.mark.parametrize("content", ["", "{", "[]", "3", b"\xff"],
                         ids=["empty", "cut_off", "list", "number", "bytes"])
def test_task_json_of_another_kind_is_refused(done_job, content):
  commands.write(done_job.path("out/task.json"), content)
  assert_refused(done_job, ["{folder}/out/task.json"])


@pytest.mark.parametrize("todo", TODO, ids=TODO_NAMES)
@pytest.mark.parametrize("path", [
    "none.ckpt", "nowhere/bert_model.ckpt", "data", "out/model.ckpt-9"])
def test_init_checkpoint_that_does_not_exist_is_refused(job, todo, path):
  path_flag("init_checkpoint", path)(job)
  todo(job)
  assert_refused(job, ["--init_checkpoint={folder}/" + path])


@pytest.mark.parametrize("name, content", [
    ("broken.ckpt.index", b"not a checkpoint"),
    ("broken.ckpt.index", b""),
    ("broken.ckpt.data-00000-of-00001", None),
    ("broken.ckpt.data-00000-of-00001", b"too short"),
], ids=["no_index", "empty_index", "no_data", "data_cut_off"])
@pytest.mark.parametrize("todo", [ONLY_TRAIN, ONLY_EVAL],
                         ids=["train", "eval"])
def test_init_checkpoint_that_is_broken_is_refused(job, trained, todo, name,
                                                   content):
  for suffix in (".index", ".data-00000-of-00001"):
    shutil.copy(os.path.join(trained, "out", "model.ckpt-1" + suffix),
                job.path("broken.ckpt" + suffix))
  if content is None:
    os.remove(job.path(name))
  else:
    commands.write(job.path(name), content)
  path_flag("init_checkpoint", "broken.ckpt")(job)
  todo(job)
  assert_refused(job, ["{folder}/broken.ckpt"])


@pytest.mark.parametrize("todo", [ONLY_TRAIN, ONLY_EVAL],
                         ids=["train", "eval"])
def test_folder_as_init_checkpoint_is_its_newest(job, trained, todo):
  job.flags["init_checkpoint"] = os.path.join(trained, "out")
  todo(job)
  code, log = commands.run(job.flags)
  assert code == 0, log
  assert "the newest checkpoint there is %s\n" % os.path.join(
      trained, "out", "model.ckpt-1") in log


@pytest.mark.parametrize("todo", TODO, ids=TODO_NAMES)
def test_output_dir_with_a_broken_checkpoint_is_refused(done_job, todo):
  commands.write(done_job.path("out/model.ckpt-1.data-00000-of-00001"), b"cut")
  todo(done_job)
  assert_refused(done_job, ["{folder}/out"])


@pytest.mark.parametrize("suffix", [".index", ".data-00000-of-00001"])
@pytest.mark.parametrize("todo", [ONLY_TRAIN, ONLY_EVAL],
                         ids=["train", "eval"])
def test_file_of_a_checkpoint_as_init_checkpoint_is_refused(
    job, trained, todo, suffix):
  job.flags["init_checkpoint"] = os.path.join(
      trained, "out", "model.ckpt-1" + suffix)
  todo(job)
  assert_refused(job, ["--init_checkpoint=", suffix])


def test_init_checkpoint_of_another_size_is_refused_with_both_shapes(job):
  job.flags["init_checkpoint"] = golden.checkpoint()
  assert_refused(job, [golden.checkpoint(), "bert/", "32", "8"])


def test_init_checkpoint_with_one_other_shape_is_refused_with_it(job):
  job.flags["init_checkpoint"] = write_checkpoint(
      job.folder, {"bert/embeddings/word_embeddings": [756, 8],
                   "bert/embeddings/position_embeddings": [512, 8]})
  assert_refused(job, ["bert/embeddings/position_embeddings", "[512, 8]",
                       "[64, 8]"])


def test_init_checkpoint_of_something_else_is_refused(job):
  job.flags["init_checkpoint"] = write_checkpoint(
      job.folder, {"cnn/kernel": [3, 3]})
  assert_refused(job, ["--init_checkpoint={folder}/model.ckpt-1", "cnn/kernel",
                       "bert/"])


@pytest.mark.parametrize("todo", TODO[1:], ids=TODO_NAMES[1:])
def test_nothing_is_evaluated_without_a_checkpoint(job, todo):
  todo(job)
  assert_refused(job, ["--output_dir={folder}/out", "--do_train",
                       "--init_checkpoint"])


@pytest.mark.parametrize("todo", TODO[1:], ids=TODO_NAMES[1:])
def test_nothing_is_evaluated_on_an_untrained_head(job, todo):
  job.flags.update(init_checkpoint=golden.checkpoint(),
                   bert_config_file=golden.path("bert_config.json"))
  todo(job)
  assert_refused(job, ["--init_checkpoint=" + golden.checkpoint(),
                       "output_weights", "--do_train"])


@pytest.mark.parametrize("path", ["file", "file/out"])
def test_output_dir_on_a_file_is_refused(job, path):
  commands.write(job.path("file"), "mine")
  path_flag("output_dir", path)(job)
  assert_refused(job, ["--output_dir={folder}/" + path])


def test_output_dir_that_is_read_only_is_refused(job):
  os.makedirs(job.path("locked"))
  os.chmod(job.path("locked"), 0o555)
  if os.access(job.path("locked"), os.W_OK):
    pytest.skip("this user may write everywhere")
  for path in ("locked", "locked/out"):
    path_flag("output_dir", path)(job)
    assert_refused(job, ["--output_dir={folder}/" + path])


def test_casing_against_the_name_of_a_released_model_is_refused(job):
  path = job.path("uncased_L-12_H-768_A-12/bert_model.ckpt")
  job.flags.update(init_checkpoint=path, do_lower_case=False)
  assert_refused(job, ["--do_lower_case", "uncased_L-12_H-768_A-12"])
