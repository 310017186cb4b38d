"""What a server serves and where, from its flags."""
import json
import os
import re

import pytest

import commands
import run_predictor
from bert.options.serving import PredictorOptions
from bert.options.serving import ServerOptions
from bert.server import settings
from mistakes import message_of

pytestmark = pytest.mark.smoke

SAMPLES = os.path.join(os.path.dirname(os.path.abspath(
    run_predictor.__file__)), "samples", "server")
DEFAULT = settings.ModelSpec("bert", None)


def predicting(**flags):
  return PredictorOptions(**flags)


def serving(**flags):
  return ServerOptions(**flags)


@pytest.mark.parametrize("text, expected", [
    ("8501", ("127.0.0.1", 8501)), ("0.0.0.0:80", ("0.0.0.0", 80)),
    ("[::1]:80", ("::1", 80)), ("host:0", ("host", 0))])
def test_addresses_are_read(text, expected):
  assert settings.endpoints_of(serving(http=text)).http == expected
  assert settings.endpoints_of(serving(grpc=text)).grpc == expected


@pytest.mark.parametrize("flag", ["http", "grpc"])
@pytest.mark.parametrize("text", ["host", "host:", "80:host", "65536", "-1"])
def test_other_addresses_are_refused(flag, text):
  message = message_of(settings.endpoints_of, serving(**{flag: text}))
  assert message == "--%s=%s: needed is HOST:PORT, or PORT" % (flag, text)


def test_clients_of_bert_as_service_are_at_the_host_of_http():
  assert settings.endpoints_of(serving(
      bert_serving="1,2")).bert_clients == ("127.0.0.1", 1, 2)
  assert settings.endpoints_of(serving(
      bert_serving="1,2", http="::1:80")).bert_clients == ("::1", 1, 2)


@pytest.mark.parametrize("text, host", [
    ("0.0.0.0", "0.0.0.0"), ("*", "*"), ("[::1]", "::1"), ("::", "::"),
    ("a-host.example", "a-host.example")])
def test_clients_of_bert_as_service_may_have_another_host(text, host):
  assert settings.endpoints_of(serving(
      bert_serving="1,2", bert_serving_bind=text, http="1.2.3.4:80")
                              ).bert_clients == (host, 1, 2)


@pytest.mark.parametrize("text", ["1.2.3.4:80", "[::1]:80", "tcp://a", "a b",
                                  "a,b", "a\n"])
def test_other_hosts_are_refused(text):
  message = message_of(settings.endpoints_of, serving(
      bert_serving="1,2", bert_serving_bind=text))
  assert message.startswith("--bert_serving_bind=%s: needed is a host" %
                            text.replace("\n", "\\n"))


def test_host_of_bert_as_service_needs_its_ports():
  message = message_of(settings.endpoints_of, serving(
      http="80", bert_serving_bind="a"))
  assert message.startswith("--bert_serving_bind=a is for --bert_serving")


@pytest.mark.parametrize("flags", [
    {"max_queue": 5}, {"config": "x"}, {"warmup": True}, {"access_log": "-"},
    {"model_name": "x"}])
def test_flags_of_a_server_need_one(flags):
  message = message_of(settings.endpoints_of, serving(**flags))
  assert message.startswith("--%s=" % list(flags)[0])
  assert "give --http" in message


def test_without_a_config_there_is_one_model():
  assert settings.models_of(predicting(export_dir="x", batch_size=5), serving(
      model_name="a")) == [
          settings.ModelSpec("a", "x", "tensorflow", "float32", 5)]
  (spec,) = settings.models_of(predicting(export_dir="x"), serving(max_batch=7))
  assert spec.max_batch == 7


@pytest.mark.parametrize("engine, precision, has_it", [
    ("tensorflow", "float32", True), ("tensorflow", "bfloat16", True),
    ("tensorflow", "int8", False), ("onnx", "float32", True),
    ("onnx", "int8", True), ("onnx", "bfloat16", False),
    ("onnx", "float16", False)])
def test_each_engine_has_its_precisions(engine, precision, has_it):
  flags = predicting(export_dir="x", engine=engine, precision=precision)
  if has_it:
    assert settings.models_of(flags, serving())[0].precision == precision
  else:
    message = message_of(settings.models_of, flags, serving())
    assert "--precision=%s" % precision in message
    assert "--engine=%s" % engine in message


def test_models_of_a_config_are_below_its_folder(tmp_path):
  path = commands.write(tmp_path / "models.json", json.dumps({"models": [
      {"name": "a-1", "export_dir": "out/a", "max_batch": 4},
      {"name": "b.2", "export_dir": "/b", "engine": "onnx",
       "precision": "int8"},
      {"name": "c", "export_dir": "gs://bucket/c"}]}))
  found = settings.models_of(predicting(batch_size=9), serving(config=path))
  assert found == [
      settings.ModelSpec("a-1", str(tmp_path / "out/a"), max_batch=4),
      settings.ModelSpec("b.2", "/b", "onnx", "int8", 9),
      settings.ModelSpec("c", "gs://bucket/c", max_batch=9)]


@pytest.mark.parametrize("content, fragment", [
    ("{", "not JSON"), ("[]", "needed is"), ("{}", "needed is"),
    ('{"models": []}', "needed is"), ('{"models": {}}', "needed is"),
    ('{"models": [3]}', "models[0]: needed is an object"),
    ('{"models": [], "models": []}', '"models" is there twice'),
    ('{"models": [{"export_dir": "x"}]}', "models[0]: 'name' is missing"),
    ('{"models": [{"name": "x"}]}', "'export_dir' is missing"),
    ('{"models": [{"name": "x", "export_dir": 3}]}', "must be text, not 3"),
    ('{"models": [{"name": "", "export_dir": "x"}]}', "must be text, not ''"),
    ('{"models": [{"name": "a/b", "export_dir": "x"}]}', "not 'a/b'"),
    ('{"models": [{"name": ".", "export_dir": "x"}]}', "not '.'"),
    ('{"models": [{"name": "..", "export_dir": "x"}]}', "not '..'"),
    ('{"models": [{"name": "a\\n", "export_dir": "x"}]}', "not 'a\\n'"),
    ('{"models": [{"name": "a", "export_dir": "x", "path": "y"}]}',
     "'path' is not known; known: name export_dir"),
    ('{"models": [{"name": "a", "export_dir": "x", "max_batch": true}]}',
     "a whole number from 1"),
    ('{"models": [{"name": "a", "export_dir": "x", "max_batch": -1}]}',
     "must be from 1"),
    ('{"models": [{"name": "a", "export_dir": "x", "engine": "torch"}]}',
     "one of tensorflow onnx"),
    ('{"models": [{"name": "a", "export_dir": "x", "precision": "int8"}]}',
     "--precision=int8"),
    ('{"models": [{"name": "a", "export_dir": "x"}, '
     '{"name": "a", "export_dir": "y"}]}', "two models are called a")])
def test_config_that_is_wrong_is_one_line(content, fragment, tmp_path):
  path = commands.write(tmp_path / "models.json", content)
  result = commands.run({"config": path, "http": "0"}, run_predictor)
  assert result.code == 2
  assert fragment in result.log and "--config=" + path in result.log


def test_config_that_is_not_there_is_told(tmp_path):
  message = message_of(settings.read_models, str(tmp_path / "none"), DEFAULT)
  assert message.startswith("--config=") and "No such file" in message


@pytest.mark.parametrize("flags, fragment", [
    ({}, "--export_dir or --config is required"),
    ({"config": "x", "export_dir": "y"}, "--export_dir=y does not go with")])
def test_either_an_export_or_a_config_is_needed(flags, fragment):
  result = commands.run(dict(flags, http="0"), run_predictor)
  assert result.code == 2 and fragment in result.log


def test_names_are_of_the_config_or_of_the_flag():
  assert "--model_name=x is for --export_dir" in message_of(
      settings.models_of, predicting(), serving(config="y", model_name="x"))
  for name, shown in (("a b", "a b"), ("..", ".."), ("a\n", "a\\n"), ("", "")):
    assert "--model_name=%s: needed" % shown in message_of(
        settings.models_of, predicting(export_dir="x"),
        serving(model_name=name))


def test_sample_for_nginx_compares_the_token_with_regard_to_case():
  with open(os.path.join(SAMPLES, "nginx.conf"), encoding="utf-8") as reader:
    content = reader.read()
  entries = re.search(r"map \$http_authorization \$is_known {(.*?)}", content,
                      re.DOTALL).group(1)
  key, = re.findall(r'"(.*)" 1;', entries)
  assert "default 0;" in entries and "if ($is_known = 0) { return 401; }" in content
  # nginx compares all keys but regular expressions, which begin with ~ (~*:
  # without regard to case), in lower case.
  assert key[0] == "~" and key[1] != "*"
  assert re.search(key[1:], "Bearer REPLACE_THIS_TOKEN")
  for other in ("Bearer replace_this_token", "Bearer REPLACE_THIS_TOKENS",
                "x Bearer REPLACE_THIS_TOKEN", ""):
    assert not re.search(key[1:], other)
