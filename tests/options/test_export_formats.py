"""Formats of exports, and engines that run them."""
import pytest

from bert.options.finetuning import TaskOptions
from bert.options.finetuning import export_formats
from mistakes import message_of


@pytest.mark.parametrize("text, expected", [
    ("saved_model", ["saved_model"]),
    ("saved_model,onnx", ["saved_model", "onnx"]),
    ("onnx,saved_model", ["onnx", "saved_model"])])
def test_formats_are_separated_by_commas(text, expected):
  assert export_formats(TaskOptions(export_formats=text)) == expected


@pytest.mark.parametrize("text, fragment", [
    ("onnx", "give saved_model,onnx"), ("", "'' is not known"),
    ("saved_model,tflite", "'tflite' is not known; formats: saved_model onnx"),
    ("saved_model, onnx", "' onnx' is not known")])
def test_other_formats_are_refused(text, fragment):
  message = message_of(export_formats, TaskOptions(export_formats=text))
  assert message.startswith("--export_formats=%s: " % text)
  assert fragment in message
