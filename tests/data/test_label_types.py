"""Types of labels."""
import pytest

from bert.data import label_types
from bert.heads import registry  # The kinds; pylint: disable=unused-import


@pytest.mark.parametrize("kind, label, expected", [
    ("classification", "x", True), ("classification", None, False),
    ("regression", "1.5", True), ("regression", "?", False),
    ("regression", "nan", False), ("regression", None, False),
    ("of nobody", "x", True), ("of nobody", None, False)])
def test_labels_are_of_the_type_of_a_kind(kind, label, expected):
  assert label_types.is_label(kind, label) == expected
