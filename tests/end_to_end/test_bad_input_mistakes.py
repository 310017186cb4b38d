"""What a user's mistakes get: exit code 2, one line, and nothing touched."""
import os
import re

import pytest

import commands
from bad_input import (
    HEADER, TABLE, VOCAB, assert_refused, config, config_text, exam, file,
    flag, folder_at, path_flag, row, task, vocab, without)

EARLIER = {"eval_results.txt": "eval_accuracy = 0.5\n", "notes.txt": "mine\n",
           "test_results.tsv": "0.5\t0.5\n", "train.tf_record": "old"}

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


def test_user_task_with_a_label_outside_its_list_is_refused(job):
  job.flags.update(task_name="mine", processor_module=commands.write(
      job.path("mine_bad_label.py"), '''
from bert.data.examples import InputExample
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
