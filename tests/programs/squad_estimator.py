"""A program that answers questions by the reference's builders and its flags.

Usage: squad_estimator.py FLAGS, which are those of run_squad.py

Trains and predicts as run_squad.py does, with flags of its own, which some of
the functions read, as in the reference.
"""
import os
import random
import sys

import tensorflow.compat.v1 as tf

# The reference's folder is on the path itself.
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__)))), "bert"))

# pylint: disable=wrong-import-position
import modeling
import run_squad
import tokenization
from run_squad import convert_examples_to_features, FeatureWriter, RawResult
from run_squad import input_fn_builder, model_fn_builder
from run_squad import read_squad_examples, write_predictions

flags = tf.flags
FLAGS = flags.FLAGS
flags.DEFINE_string("bert_config_file", None, "")
flags.DEFINE_string("vocab_file", None, "")
flags.DEFINE_string("output_dir", None, "")
flags.DEFINE_string("train_file", None, "")
flags.DEFINE_string("predict_file", None, "")
flags.DEFINE_string("init_checkpoint", None, "")
flags.DEFINE_bool("do_lower_case", True, "")
flags.DEFINE_bool("do_train", False, "")
flags.DEFINE_bool("do_predict", False, "")
flags.DEFINE_integer("max_seq_length", 384, "")
flags.DEFINE_integer("doc_stride", 128, "")
flags.DEFINE_integer("max_query_length", 64, "")
flags.DEFINE_integer("train_batch_size", 32, "")
flags.DEFINE_integer("predict_batch_size", 8, "")
flags.DEFINE_float("learning_rate", 5e-5, "")
flags.DEFINE_float("num_train_epochs", 3.0, "")
flags.DEFINE_float("warmup_proportion", 0.1, "")
flags.DEFINE_integer("n_best_size", 20, "")
flags.DEFINE_integer("max_answer_length", 30, "")
flags.DEFINE_bool("verbose_logging", False, "")
flags.DEFINE_bool("version_2_with_negative", False, "")
flags.DEFINE_float("null_score_diff_threshold", 0.0, "")


def write_features(examples, tokenizer, name, is_training):
  writer = FeatureWriter(os.path.join(FLAGS.output_dir, name), is_training)
  features = []

  def append(feature):
    features.append(feature)
    writer.process_feature(feature)

  convert_examples_to_features(
      examples=examples, tokenizer=tokenizer,
      max_seq_length=FLAGS.max_seq_length, doc_stride=FLAGS.doc_stride,
      max_query_length=FLAGS.max_query_length, is_training=is_training,
      output_fn=append)
  writer.close()
  input_fn = input_fn_builder(
      input_file=writer.filename, seq_length=FLAGS.max_seq_length,
      is_training=is_training, drop_remainder=is_training)
  return features, input_fn


def main(_):
  tf.logging.set_verbosity(tf.logging.INFO)
  tf.gfile.MakeDirs(FLAGS.output_dir)
  tokenizer = tokenization.FullTokenizer(FLAGS.vocab_file, FLAGS.do_lower_case)
  train_examples, num_steps, num_warmup_steps = [], None, None
  if FLAGS.do_train:
    train_examples = read_squad_examples(FLAGS.train_file, is_training=True)
    num_steps = int(len(train_examples) / FLAGS.train_batch_size *
                    FLAGS.num_train_epochs)
    num_warmup_steps = int(num_steps * FLAGS.warmup_proportion)
    random.Random(12345).shuffle(train_examples)
  estimator = tf.estimator.tpu.TPUEstimator(
      use_tpu=False, model_fn=model_fn_builder(
          bert_config=modeling.BertConfig.from_json_file(
              FLAGS.bert_config_file),
          init_checkpoint=FLAGS.init_checkpoint,
          learning_rate=FLAGS.learning_rate, num_train_steps=num_steps,
          num_warmup_steps=num_warmup_steps, use_tpu=False,
          use_one_hot_embeddings=False),
      config=tf.estimator.tpu.RunConfig(
          model_dir=FLAGS.output_dir, tf_random_seed=1,
          tpu_config=tf.estimator.tpu.TPUConfig(iterations_per_loop=1000)),
      train_batch_size=FLAGS.train_batch_size,
      predict_batch_size=FLAGS.predict_batch_size)
  if FLAGS.do_train:
    _, input_fn = write_features(train_examples, tokenizer, "train.tf_record",
                                 True)
    estimator.train(input_fn, max_steps=num_steps)
  if FLAGS.do_predict:
    examples = read_squad_examples(FLAGS.predict_file, is_training=False)
    features, input_fn = write_features(examples, tokenizer, "eval.tf_record",
                                        False)
    results = [
        RawResult(unique_id=int(each["unique_ids"]),
                  start_logits=[float(x) for x in each["start_logits"].flat],
                  end_logits=[float(x) for x in each["end_logits"].flat])
        for each in estimator.predict(input_fn, yield_single_examples=True)]
    assert all(isinstance(each, run_squad.SquadExample) for each in examples)
    write_predictions(
        examples, features, results, FLAGS.n_best_size,
        FLAGS.max_answer_length, FLAGS.do_lower_case,
        *[os.path.join(FLAGS.output_dir, name) for name in (
            "predictions.json", "nbest_predictions.json", "null_odds.json")])


if __name__ == "__main__":
  tf.disable_v2_behavior()
  tf.app.run()
