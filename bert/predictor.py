"""`from bert.predictor import Predictor, Encoder`: trained models, from Python."""

from bert.serving.encoder import Encoder  # pylint: disable=unused-import
from bert.serving.predictor import Predictor  # pylint: disable=unused-import
