"""A program that drives a TPUEstimator by the reference's builders.

Usage: tpu_classifier.py GOLDEN TASK INIT_CHECKPOINT MODEL_DIR NUM_STEPS
  OUTPUT.json

Trains for NUM_STEPS steps (0: not at all), evaluates the dev set and predicts
the test set; where MODEL_DIR has no checkpoint, by INIT_CHECKPOINT.
"""
import json
import os
import sys

import tensorflow.compat.v1 as tf

# The reference's folder is on the path itself.
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__)))), "bert"))

# pylint: disable=wrong-import-position
import modeling
import tokenization
from run_classifier import file_based_convert_examples_to_features
from run_classifier import file_based_input_fn_builder
from run_classifier import model_fn_builder
from run_classifier import ColaProcessor
from run_classifier import MnliProcessor
from run_classifier import MrpcProcessor
from run_classifier import PaddingInputExample

GOLDEN, TASK, INIT_CHECKPOINT, MODEL_DIR, NUM_STEPS, OUTPUT = sys.argv[1:]
PROCESSORS = {"cola": ColaProcessor, "mnli": MnliProcessor,
              "mrpc": MrpcProcessor}
LENGTH = 40


def main():
  tf.disable_v2_behavior()
  tf.logging.set_verbosity(tf.logging.INFO)
  processor = PROCESSORS[TASK]()
  data_dir = os.path.join(GOLDEN, "cli", TASK, "data")
  labels = processor.get_labels()
  tokenizer = tokenization.FullTokenizer(
      os.path.join(GOLDEN, "vocab.txt"), do_lower_case=True)
  num_steps = int(NUM_STEPS)
  model_fn = model_fn_builder(
      bert_config=modeling.BertConfig.from_json_file(
          os.path.join(GOLDEN, "bert_config.json")),
      num_labels=len(labels), init_checkpoint=INIT_CHECKPOINT,
      learning_rate=1e-3, num_train_steps=num_steps, num_warmup_steps=0,
      use_tpu=False, use_one_hot_embeddings=False)
  estimator = tf.estimator.tpu.TPUEstimator(
      use_tpu=False, model_fn=model_fn, train_batch_size=8, eval_batch_size=8,
      predict_batch_size=8, config=tf.estimator.tpu.RunConfig(
          model_dir=MODEL_DIR, tf_random_seed=1,
          tpu_config=tf.estimator.tpu.TPUConfig(iterations_per_loop=1000)))

  def input_fn(name, examples, is_training=False):
    path = os.path.join(os.path.dirname(OUTPUT), name + ".tf_record")
    file_based_convert_examples_to_features(examples, labels, LENGTH, tokenizer,
                                            path)
    return file_based_input_fn_builder(
        input_file=path, seq_length=LENGTH, is_training=is_training,
        drop_remainder=is_training)

  if num_steps:
    estimator.train(input_fn("train", processor.get_train_examples(data_dir),
                             True), max_steps=num_steps)
  dev = processor.get_dev_examples(data_dir)
  # What a TPU would need; it must count for nothing.
  dev += [PaddingInputExample()] * (-len(dev) % 8)
  results = estimator.evaluate(input_fn("eval", dev), steps=len(dev) // 8)
  test = processor.get_test_examples(data_dir)
  predictions = estimator.predict(input_fn("predict", test))
  with open(OUTPUT, "w", encoding="utf-8") as writer:
    json.dump({
        "results": {key: float(value) for key, value in results.items()},
        "probabilities": [each["probabilities"].tolist()
                          for each in predictions]}, writer)


if __name__ == "__main__":
  main()
