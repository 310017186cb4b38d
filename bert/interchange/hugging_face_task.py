"""Converts a fine-tuned model for a Hugging Face folder, and describes what its
config can't express."""

from typing import Any, Dict, List, Tuple

import numpy as np

from bert.common.errors import UserError
from bert.heads import registry
from bert.model import model_settings

Weights = Dict[str, np.ndarray]

_TOKENS = ("of last_hidden_state over all tokens whose attention_mask is 1, "
           "[CLS] and [SEP] among them")
# --pooling without weights of its own -> where Hugging Face's BertModel has the
# vector of a text.
_VECTORS = {"cls": "pooler_output", "mean": "the mean " + _TOKENS,
            "max": "the maximum " + _TOKENS}
# Setting that changes how texts are read -> what Hugging Face does instead.
_READING = {
    "tokenizer": "BertTokenizer, which the folder names, reads texts as word "
                 "pieces",
    "truncation": "BertTokenizer truncates texts at their end",
    "mask_outside_context": "the logits of BertForQuestionAnswering count at "
                            "the question, [SEP] and padding, too"}


def check(task: Dict[str, Any]) -> None:
  """Raises UserError for a fine-tuned model for which Hugging Face has no
  class.

  Args:
    task: content of task.json; {} for a model without.
  """
  is_apart = _is_apart(task)
  if task.get("labels") is not None and not is_apart:
    head = registry.registered().get(task["head"])
    if head is None or not head.hugging_face_class:
      raise UserError("Hugging Face has no class of BERT for %s tasks" %
                      task["head"])
  plain = ["--pair_encoding=siamese"] + ["--pooling=" + each
                                         for each in _VECTORS]
  for flag in model_settings.changed_architecture(task):
    if not (is_apart and flag in plain):
      raise UserError("the model was trained with %s, which Hugging Face's "
                      "classes of BERT do not have" % flag)


def convert(weights: Weights, task: Dict[str, Any]
           ) -> Tuple[Weights, List[str]]:
  """Returns the weights for the folder, and the text of its README.

  For a siamese model, Hugging Face has a class for the encoder only.

  Args:
    weights: of the checkpoint.
    task: checked.
  """
  notes = ["The model was trained with --%s=%s; %s." % (
      name, str(task[name]).lower(), text) for name, text in _READING.items()
           if model_settings.is_changed(task, name)]
  if not _is_apart(task):
    return weights, notes
  head = {name: values for name, values in weights.items()
          if name.startswith("output_")}
  pooling = model_settings.value_in(task, "pooling")
  notes.insert(0, "The model was trained with --pair_encoding=siamese "
               "--pooling=%s: each text of a pair is read alone, and its vector "
               "is %s. %s" % (pooling, _VECTORS[pooling], _describe(head)))
  return {name: values for name, values in weights.items()
          if name not in head}, notes


def _describe(head):
  """Returns a description of the variables that compare vectors."""
  if not head:
    return ("Pairs are scored by the cosine of their vectors; 0 is the least "
            "label of the task, 1 the greatest.")
  return ("%d variables that tell the labels of pairs by their vectors u, v and "
          "|u - v| are left out, as Hugging Face has no class for them: %s." % (
              len(head), ", ".join("%s %s" % (name, list(head[name].shape))
                                   for name in sorted(head))))


def _is_apart(task):
  return model_settings.value_in(task, "pair_encoding") == "siamese"
