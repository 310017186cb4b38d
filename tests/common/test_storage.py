"""Schemes of paths, and what reads them."""
import os

import pytest
import tensorflow.compat.v1 as tf

from bert.common import libraries
from bert.common import storage
from mistakes import message_of

IS_FIRST = tf.__version__.startswith("1.")


@pytest.mark.parametrize("paths, schemes", [
    (["/data", "data", "", "c:/data"], set()), (["gs://b/x", "file:///x"], set()),
    (["s3://b/x", "S3://b/y"], {"s3"}), (["a.txt,hdfs://host/b.txt"], {"hdfs"}),
    (["foo://x"], {"foo"})])
def test_schemes_are_those_that_need_more_than_tensorflow(paths, schemes):
  assert storage.schemes_of(paths) == schemes


def test_unknown_scheme_is_one_line():
  message = message_of(storage.load_file_systems, ["data", "foo://x/y"])
  assert message.startswith("foo://: TensorFlow ") and "s3://" in message


@pytest.mark.skipif(IS_FIRST, reason="TensorFlow 1.15 has S3 built in")
def test_missing_library_is_one_line(monkeypatch):
  monkeypatch.setattr(libraries, "is_installed", lambda library: False)
  message = message_of(storage.load_file_systems, ["s3://bucket/data"])
  assert message == (
      "s3:// with TensorFlow %s needs tensorflow_io: pip install -r "
      "requirements-storage.txt" % tf.__version__)


def test_plain_paths_need_nothing(monkeypatch):
  monkeypatch.setattr(libraries, "is_installed", lambda library: False)
  storage.load_file_systems(["data", "gs://bucket/data"])


@pytest.mark.parametrize("endpoint, use_https, expected", [
    ("host:9000", "0", "http://host:9000"), ("host:9000", "1",
                                             "https://host:9000"),
    ("host", None, "https://host"), ("http://host:9000", None,
                                     "http://host:9000"),
    ("https://host", "0", "https://host")])
def test_endpoint_gets_the_form_that_is_needed(endpoint, use_https, expected,
                                               monkeypatch):
  # pylint: disable=protected-access
  for has_scheme in (True, False):
    monkeypatch.setenv("S3_ENDPOINT", endpoint)
    monkeypatch.setenv("S3_USE_HTTPS", use_https or "")
    storage._set_endpoint(has_scheme)
    scheme, host = expected.split("://")
    if has_scheme:
      assert os.environ["S3_ENDPOINT"] == expected
    else:
      assert os.environ["S3_ENDPOINT"] == host
      assert os.environ["S3_USE_HTTPS"] == ("0" if scheme == "http" else "1")
