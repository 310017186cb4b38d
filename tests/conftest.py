"""What every test needs: graph mode, a fresh session, modules on their own."""
import ast
import importlib.util
import inspect
import io
import os
import subprocess
import sys

import numpy as np
import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
# pylint: disable=wrong-import-position
import tensorflow.compat.v1 as tf

import graph_rewriter
# pylint: enable=wrong-import-position

PROJECT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CORE = os.path.join(PROJECT, "bert")
sys.path.insert(0, PROJECT)
tf.disable_v2_behavior()
graph_rewriter.leave_out()
# Else a failed assert in these would not show what it compared.
pytest.register_assert_rewrite(
    "bad_input", "commands", "golden_runs", "mistakes")

# Runs in a new interpreter; prints what the import did besides importing.
_IMPORT_ALONE = """
import importlib, logging, os, sys, warnings
import tensorflow.compat.v1 as tf
from absl import flags

def state():
  graph = tf.Graph() if tf.executing_eagerly() else tf.get_default_graph()
  return {
      "eager execution": tf.executing_eagerly(),
      "operations": len(graph.get_operations()),
      "resource variables": tf.resource_variables_enabled(),
      "control flow": tf.control_flow_v2_enabled(),
      "log level": tf.logging.get_verbosity(),
      "root logger": (logging.getLogger().level,
                      list(logging.getLogger().handlers)),
      "flags": sorted(flags.FLAGS),
      "environment": dict(os.environ),
      "import path": list(sys.path),
      "warning filters": list(warnings.filters),
  }

before = state()
module = importlib.import_module(sys.argv[1])
after = state()
if os.path.dirname(os.path.abspath(module.__file__)) != sys.argv[2]:
  print("imported", module.__file__)
if "bert" in sys.modules and sys.argv[3]:
  print("imported the package around it")
for key in before:
  if before[key] != after[key]:
    print("changed", key, "from", before[key], "to", after[key])
"""


@pytest.fixture
def session():
  """A session on a fresh graph, which is the default one during the test."""
  with tf.Graph().as_default() as graph:
    with tf.Session(graph=graph) as fresh_session:
      yield fresh_session


def _use_resource_variables(is_resource):
  if is_resource:
    tf.enable_resource_variables()
  else:
    tf.disable_resource_variables()


@pytest.fixture(params=["reference", "resource"])
def variable_kind(request):
  """Makes variables of one kind the default during the test; tells which."""
  was_resource = tf.resource_variables_enabled()
  _use_resource_variables(request.param == "resource")
  yield request.param
  _use_resource_variables(was_resource)


def _lines_of(monkeypatch, level):
  lines = []
  monkeypatch.setattr(tf.logging, level,
                      lambda text, *args: lines.append(text % args))
  return lines


@pytest.fixture
def log(monkeypatch):
  """The lines logged during the test."""
  return _lines_of(monkeypatch, "info")


@pytest.fixture
def console_log(log, monkeypatch):
  """The lines logged during the test, where standard error is a file."""
  monkeypatch.setattr(sys, "stderr", io.StringIO())
  return log


@pytest.fixture
def warnings(monkeypatch):
  """The warnings of the test."""
  return _lines_of(monkeypatch, "warning")


@pytest.fixture(scope="module")
def plain_graphs():
  """Commands of the file run in this process without the graph rewriter."""
  with graph_rewriter.left_out_of_commands():
    yield


@pytest.fixture
def saved(tmp_path):
  """Name -> shape, written as a checkpoint -> its path without suffix."""
  def save(shapes, name="model.ckpt-7"):
    with tf.Graph().as_default(), tf.Session() as session:
      for variable, shape in shapes.items():
        tf.get_variable(variable, initializer=np.ones(shape, np.float32))
      session.run(tf.global_variables_initializer())
      return tf.train.Saver().save(session, str(tmp_path / name),
                                   write_meta_graph=False)
  return save


@pytest.fixture
def job(tmp_path):
  """A run that would succeed, for a test to break."""
  # Not above: tests of other things need none of the command.
  import bad_input  # pylint: disable=import-outside-toplevel
  return bad_input.Job(tmp_path)


@pytest.fixture
def side_effects_of_import():
  """Returns a function that tells what an import changes, or ''.

  Its arguments: the module's name, the folder on the path, that of the module,
  and whether the package around it may not be imported.
  """
  # Not above: it is a helper that the asserts of others are rewritten without.
  import forked  # pylint: disable=import-outside-toplevel
  def side_effects(module_name, path=CORE, folder=CORE, is_alone=True):
    process = subprocess.run(
        forked.python() + ["-c", _IMPORT_ALONE, module_name, folder,
                           "alone" * is_alone], cwd=os.sep,
        env=dict(os.environ, PYTHONPATH=path), stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, universal_newlines=True)
    assert process.returncode == 0, process.stderr
    return process.stdout
  return side_effects


def _is_in_standard_library(package):
  origin = importlib.util.find_spec(package).origin or ""
  if origin in ("built-in", "frozen"):
    return True
  library = os.path.dirname(os.path.abspath(os.__file__))
  return origin.startswith(library + os.sep) and "-packages" not in origin


@pytest.fixture
def packages_imported():
  """Module name -> packages from outside the standard library it imports."""
  def packages(module_name):
    with open(os.path.join(CORE, module_name + ".py"), "rb") as stream:
      tree = ast.parse(stream.read())
    names = set()
    for node in ast.walk(tree):
      if isinstance(node, ast.Import):
        names.update(alias.name.split(".")[0] for alias in node.names)
      elif isinstance(node, ast.ImportFrom):
        names.add("." if node.level else node.module.split(".")[0])
    return {name for name in names
            if name == "." or not _is_in_standard_library(name)}
  return packages


@pytest.fixture
def assert_called_like():
  """Checks that a function takes what a given lambda takes, in its order."""
  def assert_called_like(function, expected):
    actual = list(inspect.signature(function).parameters.values())
    wanted = list(inspect.signature(expected).parameters.values())
    assert ([(each.name, each.default) for each in actual[:len(wanted)]] ==
            [(each.name, each.default) for each in wanted])
    for each in actual[len(wanted):]:
      assert each.default is not each.empty, each.name
  return assert_called_like


@pytest.fixture
def own_flags():
  """Returns a function that defines flags with absl, as a program does."""
  from absl import flags  # pylint: disable=import-outside-toplevel
  names = []

  def define(**values):
    for name, value in values.items():
      kind = flags.DEFINE_bool if isinstance(value, bool) else (
          flags.DEFINE_float)
      kind(name, value, "")
      names.append(name)

  yield define
  for name in names:
    delattr(flags.FLAGS, name)
