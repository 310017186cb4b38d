#!/usr/bin/env python
"""Converts a Hugging Face BERT folder to a BERT checkpoint folder, or back.

Weights are exactly the same on both sides, including those of classification and
pre-training heads. --to names the format to write.
"""

import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# pylint: disable=wrong-import-position
from bert.common import command
from bert.common import command_line
from bert.common.errors import UserError
from bert.options.scripts import ConversionOptions

GROUPS = (ConversionOptions,)


def main(argv):
  (options,) = command_line.parse(argv, GROUPS, __doc__)

  command.start_tensorflow(options)
  if options.to == "hugging_face":
    to_hugging_face(options)
  else:
    to_bert(options)


def to_bert(options):
  """Writes --bert_dir."""
  from bert.common import files
  from bert.model import checkpoint_files
  from bert.interchange import hugging_face
  folder = options.bert_dir
  if os.path.exists(folder):
    raise UserError("--bert_dir=%s: is there already; give another" % folder)
  model = hugging_face.read_hugging_face(
      options.hugging_face_dir, options.exact_gelu, options.trust_checkpoint)
  files.make_folder(folder, "--bert_dir")
  files.write_text(os.path.join(folder, "bert_config.json"), [json.dumps(
      model.config, indent=2, sort_keys=True)])
  if model.vocab is not None:
    files.write_text(os.path.join(folder, "vocab.txt"),
                     model.vocab.rstrip("\n").split("\n"))
  if model.labels:
    files.write_text(os.path.join(folder, "labels.txt"), model.labels)
  checkpoint = os.path.join(folder, "bert_model.ckpt")
  checkpoint_files.write(checkpoint, model.weights)
  print("%d variables: %s" % (len(model.weights), checkpoint))
  if model.do_lower_case is False:
    print("The model is cased: give --do_lower_case=false")


def to_hugging_face(options):
  """Writes --hugging_face_dir."""
  from bert.common import files
  from bert.model import checkpoint_choice
  from bert.model import checkpoint_files
  from bert.encoders import registry
  from bert.interchange import hugging_face
  from bert.interchange import hugging_face_task
  from bert.model import model_settings
  from bert.training import output_folder
  import tensorflow.compat.v1 as tf
  folder = options.bert_dir
  checkpoint = checkpoint_choice.of_folder(
      folder, options.checkpoint) or os.path.join(folder, "bert_model.ckpt")
  config_file = options.bert_config_file or os.path.join(folder,
                                                         "bert_config.json")
  vocab_file = options.vocab_file or os.path.join(folder, "vocab.txt")
  config = files.read_json(config_file, "--bert_config_file",
                           needed="a BERT config")
  task = output_folder.read_task(folder)
  encoder = registry.hugging_face_class(config).of_values(config)
  hugging_face_task.check(task)
  for difference in model_settings.encoder_differences(
      task, None, vocab_file, encoder):
    raise UserError("--bert_dir=%s was trained with %s" % (folder, difference))
  files.make_parent(options.hugging_face_dir, "--hugging_face_dir")
  weights, notes = hugging_face_task.convert(checkpoint_files.read(checkpoint),
                                             task)
  hugging_face.write_hugging_face(
      options.hugging_face_dir, hugging_face.Model(
          weights, config, task.get("labels") or None,
          files.read_text(vocab_file, "--vocab_file"),
          task.get("do_lower_case"), task.get("head"), notes))
  for note in notes:
    tf.logging.warning("%s", note)
  print("%s: %s" % (checkpoint, options.hugging_face_dir))


if __name__ == "__main__":
  sys.exit(command.run(main, sys.argv))
