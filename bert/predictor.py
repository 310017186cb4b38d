"""`from bert.predictor import Predictor`: a trained model, from Python."""

from bert.serving.predictor import Predictor  # pylint: disable=unused-import
