"""The earlier name of bert.heads.outputs, which heads of users' own import."""

from bert.heads.outputs import HeadOutputs as Readout
from bert.heads.outputs import Prediction
from bert.heads.outputs import TextOutput

__all__ = ["Prediction", "Readout", "TextOutput"]
