"""Writes the files of a task, and reads them as the task does."""
import commands


def write_rows(folder, tables):
  """Writes path -> rows of columns; commas in a .csv, tabs elsewhere."""
  for name, rows in tables.items():
    commands.write_table(folder / name, rows,
                         "," if name.endswith(".csv") else "\t")


def sets_of(processor, folder):
  """Set name -> (guid, text_a, text_b, label) of each example."""
  read = {"train": processor.get_train_examples,
          "dev": processor.get_dev_examples,
          "test": processor.get_test_examples}
  return {name: [(each.guid, each.text_a, each.text_b, each.label)
                 for each in get(str(folder))] for name, get in read.items()}
