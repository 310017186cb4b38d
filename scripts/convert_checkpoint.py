#!/usr/bin/env python
"""Turns a Hugging Face BERT folder into a BERT checkpoint folder, or back.

Weights are exactly the same on both sides, those of classification and
pre-training heads included. --to names what is made.
"""

import dataclasses
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# pylint: disable=wrong-import-position
from bert.common import import_logging  # First; pylint: disable=unused-import
import tensorflow.compat.v1 as tf

from bert.common import command_line
from bert.common import console
from bert.common import files
from bert.common.errors import UserError
from bert.serving import hugging_face
from bert.training import checkpoints


@dataclasses.dataclass(frozen=True)
class ConversionOptions:
  """Conversion"""
  hugging_face_dir: str = command_line.option(
      None, "Folder with config.json, model.safetensors and vocab.txt.",
      required=True)
  bert_dir: str = command_line.option(
      None, "Folder with bert_config.json, vocab.txt and checkpoint.",
      required=True)
  to: str = command_line.option(
      "bert", "What is made of the other: bert, or hugging_face.",
      choices=("bert", "hugging_face"))
  checkpoint: str = command_line.option(
      None, "To hugging_face: the checkpoint, when not the newest of bert_dir, "
      "nor bert_model.ckpt there.")
  bert_config_file: str = command_line.option(
      None, "The same, of bert_config.json in bert_dir.")
  vocab_file: str = command_line.option(
      None, "The same, of vocab.txt in bert_dir.")
  exact_gelu: bool = command_line.option(
      False, "To bert: keep the erf form of \"gelu\", which is slower here than "
      "the tanh form, and which the reference release does not know.")


def main(argv):
  (wanted,) = command_line.parse(argv, (ConversionOptions,), __doc__)
  if wanted.to == "bert":
    to_bert(wanted)
  else:
    to_hugging_face(wanted)


def to_bert(wanted):
  folder = wanted.bert_dir
  if tf.gfile.Exists(folder):
    raise UserError("--bert_dir=%s: is there already; give another" % folder)
  model = hugging_face.read_hugging_face(wanted.hugging_face_dir,
                                        wanted.exact_gelu)
  files.make_folder(folder, "--bert_dir")
  files.write_text(os.path.join(folder, "bert_config.json"), [json.dumps(
      model.config, indent=2, sort_keys=True)])
  if model.vocab is not None:
    files.write_text(os.path.join(folder, "vocab.txt"),
                     model.vocab.rstrip("\n").split("\n"))
  if model.labels:
    files.write_text(os.path.join(folder, "labels.txt"), model.labels)
  hugging_face.write_checkpoint(os.path.join(folder, "bert_model.ckpt"),
                               model.weights)
  print("%d variables: %s" % (len(model.weights),
                              os.path.join(folder, "bert_model.ckpt")))
  if model.do_lower_case is False:
    print("The model is cased: give --do_lower_case=false")


def to_hugging_face(wanted):
  folder = wanted.bert_dir
  checkpoint = wanted.checkpoint or checkpoints.best_or_latest(folder) or (
      os.path.join(folder, "bert_model.ckpt"))
  config_file = wanted.bert_config_file or os.path.join(folder,
                                                        "bert_config.json")
  vocab_file = wanted.vocab_file or os.path.join(folder, "vocab.txt")
  config = files.read_json(config_file, "--bert_config_file")
  task = checkpoints.read_task(folder)
  hugging_face.check_task(task)
  files.make_parent(wanted.hugging_face_dir, "--hugging_face_dir")
  hugging_face.write_hugging_face(wanted.hugging_face_dir, hugging_face.Model(
      hugging_face.read_checkpoint(checkpoint), config,
      task.get("labels") or None, files.read_text(vocab_file, "--vocab_file"),
      task.get("do_lower_case"), task.get("head")))
  print("%s: %s" % (checkpoint, wanted.hugging_face_dir))


if __name__ == "__main__":
  sys.exit(console.run(main, sys.argv))
