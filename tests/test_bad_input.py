"""What a user's mistakes get: exit code 2, one line, and nothing touched."""
import os
import re
import shutil

import pytest
import tensorflow.compat.v1 as tf

import commands
import golden

HEADER = "Quality\t#1 ID\t#2 ID\t#1 String\t#2 String\n"
ROWS = ["1\t1\t2\tfold the dough\tthe dough\n",
        "0\t3\t4\tthe ferry left\tbefore sunrise\n",
        "1\t5\t6\tit passed\ttwo votes\n",
        "0\t7\t8\twho\tthe captain said\n"]
TABLE = HEADER + "".join(ROWS)
EARLIER = {"eval_results.txt": "eval_accuracy = 0.5\n", "notes.txt": "mine\n",
           "test_results.tsv": "0.5\t0.5\n", "train.tf_record": "old"}
VOCAB = golden.text("vocab.txt").split("\n")[:-1]


class Job:
  """A run that would succeed, for a test to break."""

  def __init__(self, folder):
    self.folder = str(folder)
    self.data = os.path.join(self.folder, "data")
    for name in ("train.tsv", "dev.tsv", "test.tsv"):
      commands.write(os.path.join(self.data, name), TABLE)
    self.flags = commands.tiny_flags(
        folder, "mrpc", do_train=True, do_eval=True, do_predict=True)

  def path(self, name):
    return os.path.join(self.folder, name)


@pytest.fixture
def job(tmp_path):
  return Job(tmp_path)


def assert_refused(job, fragments):
  """The run ends as a user's mistake must, and all files are as before."""
  before = commands.snapshot(job.folder)
  code, log = commands.run(job.flags)
  assert code == 2, log
  assert "Traceback" not in log
  # Several lines would show as one with the name and some without a level.
  spoken = [line for line in log.split("\n")
            if line and not re.match("(INFO|WARNING|ERROR):tensorflow:", line)]
  assert len(spoken) == 1, log
  assert spoken[0].startswith("run_classifier.py: ")
  for fragment in fragments:
    assert fragment.format(data=job.data, folder=job.folder) in spoken[0]
  assert "Running training" not in log
  after = commands.snapshot(job.folder)
  assert sorted(after) == sorted(before)
  assert after == before


def flag(**values):
  return lambda job: job.flags.update(values)


def path_flag(name, path):
  """A flag that holds a path inside the job's folder."""
  return lambda job: job.flags.update({name: job.path(path)})


def file(name, content):
  return lambda job: commands.write(os.path.join(job.data, name), content)


def without(name):
  return lambda job: os.remove(os.path.join(job.data, name))


def folder_at(name):
  def change(job):
    os.remove(os.path.join(job.data, name))
    os.makedirs(os.path.join(job.data, name))
  return change


def row(name, line, text):
  """Replaces a line, counted from 1, of a table."""
  rows = [HEADER] + ROWS
  rows[line - 1] = text
  return file(name, b"".join(each if isinstance(each, bytes) else
                             each.encode("utf-8") for each in rows))


def config(**changes):
  return lambda job: commands.write_config(job.folder, **changes)


def config_text(text):
  return lambda job: commands.write(job.path("bert_config.json"), text)


def vocab(*lines):
  def change(job):
    job.flags["vocab_file"] = commands.write(
        job.path("vocab.txt"), "".join(line + "\n" for line in lines))
  return change


def task(name, files):
  """Another task with files of its own."""
  def change(job):
    shutil.rmtree(job.data)
    job.flags["task_name"] = name
    for path, text in files.items():
      commands.write(os.path.join(job.data, path), text)
  return change


FILES_OF_EXAM = {
    "labels": "labels.txt", "train": "train.csv", "valid": "valid.csv",
    "tokens": "train/token_in.txt", "token_labels": "train/predicate_out.txt"}


def exam(**files):
  """Multi-label questions with three labels of their own."""
  return task("baidu_95", dict({
      "labels.txt": "algebra\nforces\ncells\n",
      "train.csv": "algebra cells,two\nforces,the\n" * 4,
      "valid.csv": "algebra cells,two\n", "test.csv": "forces,the\n"}, **{
          FILES_OF_EXAM[name]: text for name, text in files.items()}))


MISSING = [
    ("data_dir", path_flag("data_dir", "none"),
     ["--data_dir={folder}/none", "no such folder"]),
    ("data_dir_is_a_file", path_flag("data_dir", "data/train.tsv"),
     ["--data_dir={data}/train.tsv"]),
    ("data_dir_is_empty", lambda job: [
        os.remove(os.path.join(job.data, name))
        for name in os.listdir(job.data)], ["{data}/train.tsv"]),
    ("train_file", without("train.tsv"), ["{data}/train.tsv", "no such file"]),
    ("dev_file", without("dev.tsv"), ["{data}/dev.tsv", "no such file"]),
    ("test_file", without("test.tsv"), ["{data}/test.tsv", "no such file"]),
    ("train_file_is_a_folder", folder_at("train.tsv"), ["{data}/train.tsv"]),
    ("train_file_is_empty", file("train.tsv", ""),
     ["{data}/train.tsv", "empty"]),
    ("dev_file_is_blank", file("dev.tsv", "\n \n\t\n"),
     ["{data}/dev.tsv", "empty"]),
    ("test_file_is_empty", file("test.tsv", b"\xef\xbb\xbf"),
     ["{data}/test.tsv", "empty"]),
    ("vocab_file", path_flag("vocab_file", "none.txt"),
     ["--vocab_file={folder}/none.txt", "no such file"]),
    ("vocab_file_is_a_folder", path_flag("vocab_file", "data"),
     ["--vocab_file={data}"]),
    ("vocab_file_is_empty", vocab(), ["--vocab_file={folder}/vocab.txt"]),
    ("config", path_flag("bert_config_file", "none.json"),
     ["--bert_config_file={folder}/none.json", "no such file"]),
    ("config_is_a_folder", path_flag("bert_config_file", "data"),
     ["--bert_config_file={data}"]),
    ("config_is_empty", config_text(""),
     ["--bert_config_file={folder}/bert_config.json"]),
    ("labels_file_is_empty", exam(labels=""),
     ["{data}/labels.txt", "empty"]),
    ("tokenized_texts_are_empty", exam(tokens="", token_labels="cells\n"),
     ["{data}/train/token_in.txt", "empty"]),
    ("labels_of_tokenized_texts", exam(tokens="the two\n"),
     ["{data}/train/predicate_out.txt", "no such file"]),
    ("processor_module", path_flag("processor_module", "tasks.py"),
     ["--processor_module={folder}/tasks.py", "no such file"]),
    ("processor_module_by_name", flag(processor_module="no_such_tasks"),
     ["--processor_module=no_such_tasks"]),
    ("flagfile", path_flag("flagfile", "none.cfg"),
     ["flagfile", "{folder}/none.cfg"]),
]

# Line numbers are those of the file, as an editor shows them.
CONTENTS = [
    ("too_few_columns_in_train", row("train.tsv", 3, "0\t3\t4\tthe ferry\n"),
     ["{data}/train.tsv:3", "4 columns", "5"]),
    ("too_few_columns_in_dev", row("dev.tsv", 5, "no tabs at all"),
     ["{data}/dev.tsv:5", "1 column", "5"]),
    ("too_few_columns_in_test", row("test.tsv", 2, "0\t3\n"),
     ["{data}/test.tsv:2", "2 columns", "5"]),
    ("too_few_columns_after_blank_lines",
     row("train.tsv", 4, "\n\n0\t3\n"), ["{data}/train.tsv:6", "2 columns"]),
    ("too_few_columns_in_csv", exam(train="algebra,two\nforces\n"),
     ["{data}/train.csv:2", "1 column", "2"]),
    ("too_few_columns_after_field_over_two_lines",
     exam(train='algebra,"two\nlines"\nforces\n'),
     ["{data}/train.csv:3", "1 column", "2"]),
    ("quote_is_never_closed", exam(train='algebra,two\nforces,"the\n'),
     ["{data}/train.csv:2"]),
    ("unknown_label_in_train", row("train.tsv", 4, "2\t5\t6\tone\ttwo\n"),
     ["{data}/train.tsv:4", "'2'", "0 1"]),
    ("unknown_label_in_dev", row("dev.tsv", 2, "yes\t5\t6\tone\ttwo\n"),
     ["{data}/dev.tsv:2", "'yes'", "0 1"]),
    ("no_label_in_dev", row("dev.tsv", 2, "\t5\t6\tone\ttwo\n"),
     ["{data}/dev.tsv:2", "''", "0 1"]),
    ("unknown_label_among_several",
     exam(valid="algebra,two\ncells optics forces,the\n"),
     ["{data}/valid.csv:2", "'optics'", "algebra forces cells"]),
    ("label_twice_in_labels_file", exam(labels="cells\nforces\ncells\n"),
     ["{data}/labels.txt", "'cells'"]),
    ("fewer_lines_of_labels_than_of_texts",
     exam(tokens="the\ntwo\nit\n", token_labels="cells\nforces\n"),
     ["{data}/train/predicate_out.txt", "2", "3"]),
    ("unknown_label_of_a_tokenized_text",
     exam(tokens="the\ntwo\n", token_labels="cells\ncells optics\n"),
     ["{data}/train/predicate_out.txt:2", "'optics'", "algebra forces cells"]),
    ("bytes_of_another_encoding_in_train",
     row("train.tsv", 3, u"0\t3\t4\t渡轮\t港口\n".encode("gbk")),
     ["{data}/train.tsv:3", "UTF-8"]),
    ("bytes_of_another_encoding_in_dev",
     row("dev.tsv", 5, b"0\t3\t4\tcaf\xe9\ttwo\n"),
     ["{data}/dev.tsv:5", "0xe9", "UTF-8"]),
    ("utf_16_in_test", file("test.tsv", TABLE.encode("utf-16")),
     ["{data}/test.tsv:1", "UTF-8"]),
    ("bytes_of_another_encoding_in_csv",
     exam(train=b"algebra,two\nforces,caf\xe9\n"),
     ["{data}/train.csv:2", "UTF-8"]),
    ("bytes_of_another_encoding_in_labels_file",
     exam(labels=b"cells\ncaf\xe9\n"), ["{data}/labels.txt:2", "UTF-8"]),
    ("no_training_examples", file("train.tsv", HEADER),
     ["{data}", "train", "no examples"]),
    ("no_dev_examples", file("dev.tsv", HEADER), ["{data}", "no examples"]),
    ("no_test_examples", file("test.tsv", HEADER), ["{data}", "no examples"]),
    ("no_examples_in_the_language",
     task("xnli", {
         "multinli/multinli.train.zh.tsv": "a\tb\tc\n" + "x\ty\tneutral\n" * 4,
         "xnli.dev.tsv": ("language\tgold_label\t\t\t\t\tsentence1\tsentence2\n"
                          "en\tneutral\t\t\t\t\tthe ferry\tthe dough\n")}),
     ["{data}", "no examples"]),
]

MODEL = [
    ("vocab_is_larger_than_the_model", vocab(*(VOCAB + ["one more"])),
     ["--vocab_file", "757", "756", "{folder}/bert_config.json"]),
    ("vocab_with_a_token_twice_is_larger_than_the_model",
     vocab(*(VOCAB + [VOCAB[-1]])), ["--vocab_file", "757", "756"]),
] + [
    ("vocab_without_" + token.strip("[]").lower(),
     vocab(*[line for line in VOCAB if line != token]),
     ["--vocab_file={folder}/vocab.txt", token])
    for token in ("[CLS]", "[SEP]", "[UNK]")
] + [
    ("config_lacks_" + key, config(**{key: None}),
     ["--bert_config_file={folder}/bert_config.json", key])
    for key in ("vocab_size", "hidden_size", "num_hidden_layers",
                "num_attention_heads", "max_position_embeddings")
] + [
    ("config_is_not_json", config_text("hidden_size: 8"),
     ["--bert_config_file={folder}/bert_config.json", "JSON"]),
    ("config_is_a_list", config_text("[8, 1]"), ["--bert_config_file"]),
    ("config_is_a_number", config_text("8"), ["--bert_config_file"]),
    ("config_is_null", config_text("null"), ["--bert_config_file"]),
    ("config_is_not_utf_8", config_text(b'{"hidden_act": "g\xe9lu"}'),
     ["--bert_config_file"]),
    ("heads_do_not_divide_hidden_size",
     config(hidden_size=10, num_attention_heads=4),
     ["--bert_config_file", "10", "4"]),
    ("hidden_size_is_zero", config(hidden_size=0), ["hidden_size", "0"]),
    ("number_of_layers_is_text", config(num_hidden_layers="1"),
     ["num_hidden_layers", "'1'"]),
    ("dropout_is_text", config(hidden_dropout_prob="none"),
     ["hidden_dropout_prob", "none"]),
    ("dropout_is_over_one", config(attention_probs_dropout_prob=1.5),
     ["attention_probs_dropout_prob", "1.5"]),
    ("initializer_range_is_text", config(initializer_range="small"),
     ["initializer_range", "small"]),
    ("unknown_activation", config(hidden_act="glue"), ["hidden_act", "glue"]),
    ("activation_is_a_number", config(hidden_act=3), ["hidden_act", "3"]),
    ("length_over_positions", flag(max_seq_length=65),
     ["--max_seq_length=65", "64"]),
    ("length_under_three", flag(max_seq_length=2), ["--max_seq_length=2", "3"]),
    ("length_is_negative", flag(max_seq_length=-1), ["--max_seq_length=-1"]),
    ("length_is_text", flag(max_seq_length="long"), ["max_seq_length", "long"]),
]

RANGES = [
    ("%s_is_%s" % (name, value), flag(**{name: value}), [name, str(value)])
    for name, values in [
        ("train_batch_size", (0, -8, "all", 2.5)),
        ("eval_batch_size", (0, -1)),
        ("predict_batch_size", (0, -1)),
        ("learning_rate", (0, -5e-5, "nan", "inf", "fast")),
        ("num_train_epochs", (0, -1, "nan", "inf")),
        ("warmup_proportion", (-0.1, 1.5, "nan")),
        ("threshold", (-0.5, 1.5, "nan")),
        ("random_seed", (-1, 2**31)),
        ("log_steps", (0,)),
        ("save_checkpoints_steps", (0,)),
        ("keep_checkpoint_max", (-1,)),
        ("iterations_per_loop", (0,)),
        ("num_tpu_cores", (0,)),
        ("do_train", ("maybe",))]
    for value in values
] + [
    ("epochs_make_no_step", flag(num_train_epochs=0.5, train_batch_size=4),
     ["--num_train_epochs=0.5", "4"]),
    ("batch_is_larger_than_all_epochs", flag(train_batch_size=5),
     ["--train_batch_size", "4", "5"]),
]

FLAGS = [
    ("nothing_to_do", flag(do_train=False, do_eval=None, do_predict=None),
     ["--do_train", "--do_eval", "--do_predict"]),
    ("unknown_flag", flag(learnig_rate=1e-4),
     ["learnig_rate", "learning_rate"]),
    ("unknown_task", flag(task_name="mprc"), ["--task_name=mprc", "mrpc"]),
    ("unknown_task_like_none", flag(task_name="zzz"),
     ["--task_name=zzz", "cola", "xnli", "--processor_module"]),
    ("value_without_equals_sign", lambda job: setattr(
        job, "flags", commands.argv(job.flags) + ["--do_train", "false"]),
     ["false"]),
] + [
    ("no_" + name, flag(**{name: None}), ["--" + name, "required"])
    for name in ("data_dir", "bert_config_file", "task_name", "vocab_file",
                 "output_dir")
] + [
    ("blank_" + name, flag(**{name: ""}), ["--" + name])
    for name in ("data_dir", "bert_config_file", "task_name", "vocab_file",
                 "output_dir")
]


@pytest.mark.parametrize("change, fragments", [
    pytest.param(change, fragments, id=name)
    for name, change, fragments in MISSING + CONTENTS + MODEL + RANGES + FLAGS])
def test_mistake_is_told_in_one_line_before_anything_is_written(
    job, change, fragments):
  change(job)
  assert_refused(job, fragments)
  for each, content in EARLIER.items():
    commands.write(job.path("out/" + each), content)
  assert_refused(job, fragments)


def test_job_that_the_mistakes_are_made_in_succeeds(job):
  flagfile = commands.write(
      job.path("flags.cfg"), "\n".join(commands.argv(job.flags)))
  commands.finish(["--flagfile=" + flagfile])
  assert commands.results(job.path("out"))["global_step"] == 1


def test_mistake_ends_a_process_with_code_2_and_one_line(job):
  job.flags["learning_rate"] = -1
  code, log = commands.spawn(job.flags)
  assert code == 2
  # Before the command has a say, TensorFlow's library may speak of drivers.
  spoken = [line for line in log.strip().split("\n")
            if not re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+: E ", line)]
  assert len(spoken) == 1, log
  assert spoken[0].startswith("run_classifier.py: ")
  assert not os.path.exists(job.flags["output_dir"])


# Output folders and checkpoints.


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
def test_folder_as_init_checkpoint_is_taken_or_refused(job, trained, todo):
  job.flags["init_checkpoint"] = os.path.join(trained, "out")
  todo(job)
  code, log = commands.run(job.flags)
  assert code == 0 or code == 2 and "--init_checkpoint" in log


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


def test_user_task_with_a_label_outside_its_list_is_refused(job):
  job.flags.update(task_name="mine", processor_module=commands.write(
      job.path("mine_bad_label.py"), '''
from bert.features import InputExample
from processors import base

@base.register("mine")
class Mine(base.DataProcessor):
  def get_labels(self):
    return ["no", "yes"]

  def get_train_examples(self, data_dir):
    return [InputExample("train-1", "the", None, "no"),
            InputExample("train-2", "two", None, "perhaps")] * 4

  get_dev_examples = get_test_examples = get_train_examples
'''))
  assert_refused(job, ["train-2", "'perhaps'", "no yes"])


# Taken in stride.

def with_crlf(content):
  return b"\xef\xbb\xbf" + content.replace(b"\n", b"\r\n")[:-2]


def with_blank_lines(content):
  first, rest = content.split(b"\n", 1)
  return b"\n" + first + b"\n \n\n" + rest + b"\n\n"


def with_control_characters(content):
  # Of a kind that other readers take for line ends, too.
  return content.replace(b"the ", b"t\0he\x07 \x0b\x0c\x1c\xc2\x85").replace(
      b" was ", b" " * 200000 + b"was ")


@pytest.mark.parametrize(
    "change", [with_crlf, with_blank_lines, with_control_characters],
    ids=["byte_order_mark_and_crlf_and_no_final_line_end", "blank_lines",
         "control_characters_and_huge_fields"])
def test_odd_file_gives_the_same_records(tmp_path, change):
  data = golden.path("cli", "mrpc", "data")
  for name in ("dev.tsv", "test.tsv"):
    content = change(commands.content(data, name).encode("utf-8"))
    commands.write(tmp_path / "data" / name, content)
  log = commands.finish(commands.tiny_flags(
      tmp_path, "mrpc", max_seq_length=40, do_eval=True, do_predict=True,
      bert_config_file=golden.path("bert_config.json"),
      init_checkpoint=golden.path("cli", "mrpc", "output", "model.ckpt-20")))
  for name in ("eval.tf_record", "predict.tf_record"):
    assert (commands.records(tmp_path / "out" / name) ==
            commands.records(golden.path("cli", "mrpc", "expected_" + name)))
  if change is with_blank_lines:
    for name in ("dev.tsv", "test.tsv"):
      assert re.search(re.escape(name) + r".*\b5 blank lines", log)


TOKENS = {"[UNK]": 1, "[CLS]": 2, "[SEP]": 3, '"': 4, "a": 5, "b": 6, ",": 7}


def ids_of(path):
  """input_ids of every record, padding left out."""
  return [record["input_ids"][1][:sum(record["input_mask"][1])]
          for record in commands.records(path)]


def labels_of(path):
  return [record["label_ids"][1] for record in commands.records(path)]


def train_records(tmp_path, task_name, **files):
  """Writes files of a task, trains on them -> path of the records."""
  for name, content in files.items():
    commands.write(tmp_path / "data" / name, content)
  vocab_file = commands.write(tmp_path / "vocab.txt",
                              "\n".join(["[PAD]"] + list(TOKENS)))
  commands.finish(commands.tiny_flags(
      tmp_path, task_name, vocab_file=vocab_file, do_train=True,
      train_batch_size=1, num_train_epochs=1))
  return tmp_path / "out" / "train.tf_record"


def test_tsv_keeps_quotes_and_empty_texts(tmp_path):
  path = train_records(tmp_path, "mrpc", **{"train.tsv": HEADER + (
      '1\t1\t2\t"a b\t"b"\n'
      '0\t3\t4\ta"b"\t""a\n'
      "1\t1\t2\ta b\t\n"
      "0\t3\t4\ta\t  \n"
      "1\t5\t6\t\tb\n"
      "1\t5\t6\t\t\n")})
  assert ids_of(path) == [
      [2, 4, 5, 6, 3, 4, 6, 4, 3], [2, 5, 4, 6, 4, 3, 4, 4, 5, 3],
      [2, 5, 6, 3], [2, 5, 3], [2, 3, 6, 3], [2, 3]]
  segments = [record["segment_ids"][1] for record in commands.records(path)]
  assert [sum(each) for each in segments] == [4, 4, 0, 0, 2, 0]


def test_csv_keeps_quoted_commas_lines_quotes_and_texts_of_any_length(
    tmp_path):
  path = train_records(tmp_path, "baidu_95", **{
      "labels.txt": "x\ny\n",
      "train.csv": 'x,"a, b"\r\n'
                   'y x,"a\r\n\r\nb"\r\n'
                   ',"a ""b"""\r\n'
                   'x,a "b"\r\n'
                   "y,\r\n"
                   'x,%s\r\n'
                   'y,"%s"\r\n'
                   "x,%s\r\n"
                   '"y",a\0\x07' % ("a " * 200000, "b " * 200000,
                                    "a" * 200000)})
  assert ids_of(path) == [
      [2, 5, 7, 6, 3], [2, 5, 6, 3], [2, 5, 4, 6, 4, 3], [2, 5, 4, 6, 4, 3],
      [2, 3], [2] + [5] * 14 + [3], [2] + [6] * 14 + [3], [2, 1, 3], [2, 5, 3]]
  assert labels_of(path) == [
      [1, 0], [1, 1], [0, 0], [1, 0], [0, 1], [1, 0], [0, 1], [1, 0], [0, 1]]


def test_tokenized_text_without_labels_may_come_last(tmp_path):
  path = train_records(tmp_path, "baidu_95", **{
      "labels.txt": "x\ny\n", "train/token_in.txt": "a b\na\nb\n",
      "train/predicate_out.txt": "y x\n\n\n"})
  assert ids_of(path) == [[2, 5, 6, 3], [2, 5, 3], [2, 6, 3]]
  assert labels_of(path) == [[1, 1], [0, 0], [0, 0]]
