"""BERT, and all models that are BERT but for their weights.

Source: Devlin et al. 2018, https://arxiv.org/abs/1810.04805.
"""

from bert import modeling
from bert.encoders.base import Encoder
from bert.encoders.hugging_face import HuggingFaceNames


class Bert(Encoder):
  """BERT of the reference release."""
  family = "bert"
  title = "BERT"
  model_class = modeling.BertModel
  config_class = modeling.BertConfig
  # A config that names it has always been warned of: the key is not used.
  family_keys = ()
  hugging_face = HuggingFaceNames()
  can_pretrain = True
  # Folders of BERT are older than other families.
  is_named = False
