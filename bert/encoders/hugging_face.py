"""How a family is named in Hugging Face's folders.

Source: https://huggingface.co/docs/transformers/model_doc/bert.
"""

from typing import Any, Dict, List, Tuple


class HuggingFaceNames:
  """BERT's names, and the base of other families'.

  Attributes:
    model_type: in config.json.
    class_prefix: of the classes' names, as in BertForSequenceClassification.
    tensor_prefix: of the encoder's tensors; a folder of the encoder alone has
      tensors without it.
    scope: of the variables of a checkpoint.
    rules: patterns of variables and what they are there, in words that are
      joined by dots or slashes; kernels are transposed between the two.
    config_keys: numbers that both configs have, by the same name.
    fixed_values: of keys that change the model; others can't be converted.
  """
  model_type = "bert"
  class_prefix = "Bert"
  tensor_prefix = "bert."
  scope = "bert"
  rules = (
      (r"bert/embeddings/(\w+_embeddings)$", r"bert.embeddings.\1.weight"),
      (r"bert/encoder/layer_(\d+)/(.*)$", r"bert.encoder.layer.\1.\2"))
  config_keys = (
      "vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads",
      "intermediate_size", "hidden_dropout_prob",
      "attention_probs_dropout_prob", "max_position_embeddings",
      "type_vocab_size", "initializer_range")
  fixed_values = {"layer_norm_eps": 1e-12,
                  "position_embedding_type": "absolute",
                  "is_decoder": False, "add_cross_attention": False}

  def class_name(self, bert_class: str) -> str:
    """Returns the family's class that is like one of BERT's."""
    return self.class_prefix + bert_class[len("Bert"):]

  def variables(self, config: Dict[str, Any]) -> List[str]:
    """Returns the names of an encoder's variables in a checkpoint."""
    top = self.scope + "/"
    names = [top + "embeddings/%s_embeddings" % kind
             for kind in ("word", "position", "token_type")]
    names += norm(top + "embeddings")
    for number in range(config["num_hidden_layers"]):
      layer = top + "encoder/layer_%d/" % number
      for part in ("query", "key", "value"):
        names += dense(layer + "attention/self/" + part)
      names += (dense(layer + "attention/output/dense") +
                norm(layer + "attention/output") +
                dense(layer + "intermediate/dense") +
                dense(layer + "output/dense") + norm(layer + "output"))
    return names + dense(top + "pooler/dense")

  def shapes(self, config: Dict[str, Any]) -> Dict[str, Tuple[int, ...]]:
    """Returns the end of a name, a pattern -> shape; the first one counts."""
    hidden, inner = config["hidden_size"], config["intermediate_size"]
    return {"word_embeddings": (config["vocab_size"], hidden),
            "position_embeddings": (config["max_position_embeddings"], hidden),
            "token_type_embeddings": (config["type_vocab_size"], hidden),
            "intermediate/dense/kernel": (hidden, inner),
            "intermediate/dense/bias": (inner,),
            r"layer_\d+/output/dense/kernel": (inner, hidden),
            "kernel": (hidden, hidden), "(bias|gamma|beta)": (hidden,)}


def dense(scope: str) -> List[str]:
  """Returns the variables of a dense layer."""
  return [scope + "/kernel", scope + "/bias"]


def norm(scope: str) -> List[str]:
  """Returns those of a layer normalization."""
  return [scope + "/LayerNorm/gamma", scope + "/LayerNorm/beta"]
