"""A run that would succeed, mistakes to make in it, and how it must end."""
import os
import re
import shutil

import commands
import golden

HEADER = "Quality\t#1 ID\t#2 ID\t#1 String\t#2 String\n"
ROWS = ["1\t1\t2\tfold the dough\tthe dough\n",
        "0\t3\t4\tthe ferry left\tbefore sunrise\n",
        "1\t5\t6\tit passed\ttwo votes\n",
        "0\t7\t8\twho\tthe captain said\n"]
TABLE = HEADER + "".join(ROWS)
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
