"""Writes the files of a task, and reads them as the task does."""
import json

import commands
from bert.data.truncation import TruncationSettings
from bert.options.finetuning import HeadOptions
from bert.training import task


def write_rows(folder, tables):
  """Writes path -> rows of columns; commas in a .csv, tabs elsewhere.

  Rows may be dicts, which become JSON lines; text is written as it is.
  """
  for name, rows in tables.items():
    if isinstance(rows, str):
      commands.write(folder / name, rows)
    elif rows and isinstance(rows[0], dict):
      commands.write(folder / name, "".join(
          json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    else:
      commands.write_table(folder / name, rows,
                           "," if name.endswith(".csv") else "\t")


def replace_line(path, line, text):
  """Writes another text to a line, counted from 1, of a file."""
  lines = path.read_text(encoding="utf-8").split("\n")
  lines[line - 1] = text
  commands.write(path, "\n".join(lines))


def tuples_of(examples):
  """(guid, text_a, text_b, label) of each example."""
  return [(each.guid, each.text_a, each.text_b, each.label)
          for each in examples]


def read_checked(processor, read):
  """Reads a dataset and has the task's head check it, as a run does."""
  examples = read(processor.data_dir)
  head, _ = task.create_head(processor, HeadOptions())
  task.check_examples(examples, head, TruncationSettings(), False)
  return examples


def readers_of(processor):
  """Set name -> the method that reads it."""
  return {"train": processor.get_train_examples,
          "dev": processor.get_dev_examples,
          "test": processor.get_test_examples}


def sets_of(processor, folder):
  """Set name -> (guid, text_a, text_b, label) of each example."""
  return {name: tuples_of(read(str(folder)))
          for name, read in readers_of(processor).items()}
