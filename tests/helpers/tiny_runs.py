"""Data and flags of tiny runs that several tests train: pairs, single texts,
sentences of words, and text for pre-training.
"""
import os
import re

import numpy as np
import tensorflow.compat.v1 as tf

import commands
import golden

WORDS = "the dough ferry left before sunrise captain said two votes".split()
NUM_TEST = 11

# Weights so large, and no dropout, that each text has a probability of its own.
CONFIG = dict(initializer_range=0.7, hidden_dropout_prob=0.0,
              attention_probs_dropout_prob=0.0)


def pairs(folder, **changes):
  """MRPC on texts of 2 to 30 words, the long ones among the short."""
  random = np.random.RandomState(8)
  for name, count in (("train", 10), ("dev", 7), ("test", NUM_TEST)):
    rows = [("header",) * 5]
    for index in range(count):
      num_words = (1, 15, 4)[index % 3] + index % 2
      texts = [" ".join(random.choice(WORDS, num_words)) for _ in range(2)]
      rows.append((str(random.randint(2)), "1", "2") + tuple(texts))
    commands.write_table(folder / "data" / (name + ".tsv"), rows)
  flags = commands.tiny_flags(
      folder, "mrpc", do_train=True, do_eval=True, do_predict=True,
      max_seq_length=40, num_train_epochs=2, learning_rate=1e-2,
      save_checkpoints_steps=2, keep_checkpoint_max=0)
  commands.write_config(folder, **CONFIG)
  return dict(flags, **changes)


def single_texts(folder, **changes):
  """CoLA on texts of 1 to 40 words, longer than the model reads."""
  random = np.random.RandomState(3)
  for name in ("train", "dev", "test"):
    rows = [] if name != "test" else [("index", "sentence")]
    for index in range(8):
      text = " ".join(random.choice(WORDS, (1, 40, 3, 25)[index % 4]))
      rows.append((str(index), text) if name == "test" else
                  ("s", str(index % 2), "", text))
    commands.write_table(folder / "data" / (name + ".tsv"), rows)
  flags = commands.tiny_flags(
      folder, "cola", do_train=True, do_eval=True, do_predict=True,
      max_seq_length=16, num_workers=1)
  return dict(flags, **changes)


def sentences(folder, **changes):
  """Names in capitals that are to be found."""
  lines = []
  for index in range(6):
    for word in WORDS[index:index + 5]:
      lines.append("%s %s" % (word, "B-X" if word == "captain" else "O"))
    lines.append("")
  for name in ("train.txt", "dev.txt", "test.txt"):
    commands.write(folder / "data" / name, "\n".join(lines) + "\n")
  return commands.tiny_flags(folder, "conll", do_train=True, do_eval=True,
                             do_predict=True, **changes)


def pretraining_text(folder, **changes):
  """Twelve documents of some sentences, in instances of 32 tokens."""
  # Without punctuation, spaces alone tell words.
  words = re.findall(r"\w+", golden.text("corpus_en.txt"))
  path = commands.write(folder / "text.txt", "\n\n".join(
      "\n".join(" ".join(words[place + 7 * line:place + 7 * line + 6])
                for line in range(8)) for place in range(0, 120, 10)))
  flags = {"input_file": path, "output_file": str(folder / "out" / "data"),
           "vocab_file": golden.path("vocab.txt"), "max_seq_length": 32,
           "max_predictions_per_seq": 5, "dupe_factor": 3}
  os.makedirs(str(folder / "out"))
  return dict(flags, **changes)


def write_v1(source, path):
  """Writes a checkpoint again as the single file of TensorFlow's first format.
  """
  os.makedirs(os.path.dirname(str(path)), exist_ok=True)
  reader = tf.train.load_checkpoint(str(source))
  with tf.Graph().as_default(), tf.Session() as session:
    for name in reader.get_variable_to_shape_map():
      tf.get_variable(name, initializer=reader.get_tensor(name),
                      use_resource=False)
    session.run(tf.global_variables_initializer())
    tf.train.Saver(write_version=tf.train.SaverDef.V1).save(
        session, str(path), write_meta_graph=False, write_state=False)
  assert os.path.isfile(str(path))
  return str(path)
