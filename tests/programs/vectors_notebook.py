"""A notebook that reads vectors of layers by the reference's builders.

Usage: vectors_notebook.py GOLDEN TEXTS OUTPUT.json
"""
import json
import os
import sys

import tensorflow.compat.v1 as tf

from bert import modeling
from bert import tokenization
from bert.extract_features import convert_examples_to_features
from bert.extract_features import input_fn_builder
from bert.extract_features import InputExample
from bert.extract_features import InputFeatures
from bert.extract_features import model_fn_builder
from bert.extract_features import read_examples

GOLDEN, TEXTS, OUTPUT = sys.argv[1:]
LAYERS = [-1, 0, -2]
LENGTH = 32

tf.disable_v2_behavior()
tokenizer = tokenization.FullTokenizer(os.path.join(GOLDEN, "vocab.txt"))
examples = read_examples(TEXTS)
examples.append(InputExample(unique_id=7, text_a="two votes", text_b=None))
features = convert_examples_to_features(
    examples=examples, seq_length=LENGTH, tokenizer=tokenizer)
assert all(isinstance(each, InputFeatures) for each in features)
estimator = tf.estimator.tpu.TPUEstimator(
    use_tpu=False, model_fn=model_fn_builder(
        bert_config=modeling.BertConfig.from_json_file(
            os.path.join(GOLDEN, "bert_config.json")),
        init_checkpoint=os.path.join(GOLDEN, "ckpt", "bert_model.ckpt"),
        layer_indexes=LAYERS, use_tpu=False, use_one_hot_embeddings=False),
    config=tf.estimator.tpu.RunConfig(), train_batch_size=2,
    predict_batch_size=2)
input_fn = input_fn_builder(features=features, seq_length=LENGTH)
found = []
for result in estimator.predict(input_fn, yield_single_examples=True):
  found.append({
      "unique_id": int(result["unique_id"]),
      "layers": [result["layer_output_%d" % number].tolist()
                 for number in range(len(LAYERS))]})
with open(OUTPUT, "w", encoding="utf-8") as writer:
  json.dump({"results": found, "input_ids": [
      each.input_ids for each in features], "input_mask": [
          each.input_mask for each in features], "input_type_ids": [
              each.input_type_ids for each in features]}, writer)
