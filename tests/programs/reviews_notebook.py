"""A notebook of the reference's days: its own model_fn, an Estimator, lists.

Usage: reviews_notebook.py GOLDEN MODEL_DIR NUM_STEPS OUTPUT.json

Trains on CoLA's training texts for NUM_STEPS steps (0: it only restores the
checkpoint in MODEL_DIR), evaluates the dev set, predicts the test set.
"""
import json
import os
import sys

import numpy as np
import tensorflow.compat.v1 as tf

import bert
from bert import modeling
from bert import optimization
from bert import run_classifier
from bert import tokenization

GOLDEN, MODEL_DIR, NUM_STEPS, OUTPUT = sys.argv[1:]
NUM_STEPS = int(NUM_STEPS)
MAX_SEQ_LENGTH = 40
BATCH_SIZE = 8
LABEL_LIST = [0, 1]


def read_rows(name):
  path = os.path.join(GOLDEN, "cli", "cola", "data", name)
  with open(path, encoding="utf-8") as reader:
    return [line.split("\t") for line in reader.read().split("\n") if line]


def to_examples(rows):
  return [bert.run_classifier.InputExample(
      guid=None, text_a=text, text_b=None, label=label) for text, label in rows]


def create_model(is_predicting, input_ids, input_mask, segment_ids, labels):
  config = modeling.BertConfig.from_json_file(
      os.path.join(GOLDEN, "bert_config.json"))
  model = modeling.BertModel(
      config=config, is_training=not is_predicting, input_ids=input_ids,
      input_mask=input_mask, token_type_ids=segment_ids,
      use_one_hot_embeddings=False)
  output = model.get_pooled_output()
  weights = tf.get_variable(
      "output_weights", [len(LABEL_LIST), output.shape[-1]],
      initializer=tf.truncated_normal_initializer(stddev=0.02))
  bias = tf.get_variable("output_bias", [len(LABEL_LIST)],
                         initializer=tf.zeros_initializer())
  logits = tf.nn.bias_add(tf.matmul(output, weights, transpose_b=True), bias)
  log_probs = tf.nn.log_softmax(logits, axis=-1)
  one_hot = tf.one_hot(labels, depth=len(LABEL_LIST), dtype=tf.float32)
  predicted = tf.argmax(log_probs, axis=-1, output_type=tf.int32)
  per_example_loss = -tf.reduce_sum(one_hot * log_probs, axis=-1)
  return tf.reduce_mean(per_example_loss), predicted, log_probs


def model_fn(features, labels, mode, params):
  del labels, params
  is_training = mode == tf.estimator.ModeKeys.TRAIN
  loss, predicted, log_probs = create_model(
      not is_training, features["input_ids"], features["input_mask"],
      features["segment_ids"], features["label_ids"])
  if mode == tf.estimator.ModeKeys.PREDICT:
    return tf.estimator.EstimatorSpec(
        mode, predictions={"probabilities": log_probs, "labels": predicted})
  if mode == tf.estimator.ModeKeys.EVAL:
    return tf.estimator.EstimatorSpec(mode, loss=loss, eval_metric_ops={
        "eval_accuracy": tf.metrics.accuracy(features["label_ids"],
                                             predicted)})
  checkpoint = os.path.join(GOLDEN, "ckpt", "bert_model.ckpt")
  assignment, initialized = modeling.get_assignment_map_from_checkpoint(
      tf.trainable_variables(), checkpoint)
  assert "bert/pooler/dense/kernel:0" in initialized
  tf.train.init_from_checkpoint(checkpoint, assignment)
  train_op = optimization.create_optimizer(
      loss, 1e-3, NUM_STEPS, int(NUM_STEPS * 0.1), use_tpu=False)
  return tf.estimator.EstimatorSpec(mode, loss=loss, train_op=train_op)


def main():
  train = read_rows("train.tsv")
  dev = read_rows("dev.tsv")
  test = read_rows("test.tsv")[1:]
  tokenizer = tokenization.FullTokenizer(
      vocab_file=os.path.join(GOLDEN, "vocab.txt"), do_lower_case=True)
  features = {
      name: bert.run_classifier.convert_examples_to_features(
          to_examples(rows), LABEL_LIST, MAX_SEQ_LENGTH, tokenizer)
      for name, rows in (
          ("train", [(row[3], int(row[1])) for row in train]),
          ("dev", [(row[3], np.int64(row[1])) for row in dev]),
          ("test", [(row[1], 0) for row in test]))}
  estimator = tf.estimator.Estimator(
      model_fn=model_fn, params={"batch_size": BATCH_SIZE},
      config=tf.estimator.RunConfig(model_dir=MODEL_DIR, tf_random_seed=1,
                                    save_summary_steps=100))
  if NUM_STEPS:
    estimator.train(input_fn=run_classifier.input_fn_builder(
        features=features["train"], seq_length=MAX_SEQ_LENGTH, is_training=True,
        drop_remainder=False), max_steps=NUM_STEPS)
  results = estimator.evaluate(input_fn=run_classifier.input_fn_builder(
      features=features["dev"], seq_length=MAX_SEQ_LENGTH, is_training=False,
      drop_remainder=False), steps=None)
  predictions = estimator.predict(run_classifier.input_fn_builder(
      features=features["test"], seq_length=MAX_SEQ_LENGTH, is_training=False,
      drop_remainder=False))
  with open(OUTPUT, "w", encoding="utf-8") as writer:
    json.dump({
        "results": {key: float(value) for key, value in results.items()},
        "probabilities": [np.exp(each["probabilities"]).tolist()
                          for each in predictions]}, writer)


if __name__ == "__main__":
  main()
