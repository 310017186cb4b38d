"""Which variables are trained, and how fast."""
import pytest

from bert import modeling
from bert.encoders.bert import Bert
from bert.model import layerwise
from graphs import LAYER_VARIABLES
from mistakes import message_of

NAMES = (["bert/embeddings/word_embeddings",
          "bert/embeddings/LayerNorm/gamma"] +
         ["bert/encoder/layer_%d/%s" % (layer, name)
          for layer in range(12) for name in LAYER_VARIABLES] +
         ["bert/pooler/dense/kernel", "bert/pooler/dense/bias",
          "output_weights", "output_bias", "crf/transitions",
          "top/cnn_2/kernel"])
HEAD = NAMES[-4:]
POOLER = NAMES[-6:-4]


def of_layers(*layers):
  return [name for name in NAMES
          if any("/layer_%d/" % layer in name for layer in layers)]


def bert(num_layers=12):
  return Bert(modeling.BertConfig(100, num_hidden_layers=num_layers))


class Shared(Bert):
  """All layers have the same variables."""
  title = "Shared"
  has_shared_layers = True


@pytest.mark.parametrize("trainable, chosen", [
    ("all", NAMES), ("head", HEAD), ("top:0", POOLER + HEAD),
    ("top:1", of_layers(11) + POOLER + HEAD),
    ("top:12", [name for name in NAMES if "embeddings" not in name]),
    ("layer_1[01]/|output_", of_layers(10, 11) + [
        name for name in NAMES if "output_" in name and
        not any("layer_%d/" % layer in name for layer in (10, 11))]),
    ("LayerNorm", [name for name in NAMES if "LayerNorm" in name])])
def test_chosen_are_those_that_are_named(trainable, chosen):
  assert sorted(layerwise.choose(NAMES, trainable, bert())) == sorted(chosen)


@pytest.mark.parametrize("trainable, fragments", [
    ("top:13", ["--trainable=top:13", "12 layers"]),
    ("heads", ["--trainable=heads", "no variable", NAMES[0]]),
    ("(", ["--trainable=(", "regular expression"]),
    ("layer_[", ["--trainable=layer_[", "regular expression"])])
def test_what_names_nothing_is_refused(trainable, fragments):
  message = message_of(layerwise.choose, NAMES, trainable, bert())
  assert all(fragment in message for fragment in fragments)


def test_shared_layers_are_trained_together_or_not_at_all():
  shared = Shared(bert().config)
  message = message_of(layerwise.choose, NAMES, "top:1", shared)
  assert "--trainable=top:1" in message and "Shared are shared" in message
  assert layerwise.choose(NAMES, "head", shared) == HEAD


def test_rates_fall_with_depth_and_the_head_has_its_own():
  factor = layerwise.lr_multiplier(bert(2), 10.0, 0.5)
  assert [factor(name) for name in (
      "output_bias", "bert/pooler/dense/bias",
      "bert/encoder/layer_1/output/dense/bias",
      "bert/encoder/layer_0/output/dense/bias",
      "bert/embeddings/word_embeddings")] == [10.0, 0.5, 0.25, 0.125, 0.0625]


def test_one_rate_for_all_needs_no_factor():
  assert layerwise.lr_multiplier(bert(), 1.0, 1.0) is None
