"""Modules of the user's own, and what is said of their mistakes."""
import importlib
import os
import sys
import textwrap

import pytest
import tensorflow.compat.v1 as tf

import commands
from bert import modeling
from bert import optimization
from bert import tokenization
from bert.common import command
from bert.common import plug_ins
from bert.common import workers
from mistakes import message_of

FLAG = "--processor_module"
IS_TF2 = not tf.__version__.startswith("1.")


@pytest.fixture(autouse=True)
def forget(monkeypatch, tmp_path):
  monkeypatch.setattr(sys, "path", list(sys.path))
  monkeypatch.setattr(sys, "modules", dict(sys.modules))
  monkeypatch.setattr(plug_ins, "_loaded", [])
  monkeypatch.chdir(tmp_path)


def write(name, content):
  return commands.write(os.path.abspath(name), content)


def load(text, name="my_tasks.py"):
  write(name, textwrap.dedent(text))
  return plug_ins.load(name, FLAG)


def said(capsys, main):
  """What a command prints whose main does this."""
  code = command.run(lambda argv: main(), ["cmd.py"])
  return code, capsys.readouterr().err.rstrip("\n")


def failure(capsys, text, name="my_tasks.py"):
  """What is printed when a module does not load; code 2."""
  write(name, textwrap.dedent(text))
  code, error = said(capsys, lambda: plug_ins.load(name, FLAG))
  assert code == 2, error
  return error


def test_old_names_are_ours():
  module = load("""\
      import modeling
      import optimization
      import tokenization
      from tokenization import FullTokenizer
  """)
  assert module.modeling is modeling
  assert module.optimization is optimization
  assert module.tokenization is tokenization
  assert module.FullTokenizer is tokenization.FullTokenizer


def test_module_may_import_what_lies_beside_it(tmp_path):
  write("there/helper_beside.py", "X = 3\n")
  assert load("from helper_beside import X\n", "there/my_tasks.py").X == 3
  # It hides nothing.
  assert sys.path[-1] == str(tmp_path / "there")


@pytest.mark.parametrize("name", ["json.py", "bert.py", "processors.py",
                                  "run_classifier.py"])
def test_module_may_have_the_name_of_another(name):
  importlib.import_module(name[:-3])
  before = sys.modules[name[:-3]]
  module = load("X = 3\n", name)
  assert module.X == 3
  assert sys.modules[name[:-3]] is before
  assert sys.modules[module.__name__] is module


def test_module_can_be_loaded_again():
  assert load("X = 3\n").X == 3
  assert load("X = 45\n").X == 45
  assert sys.modules["my_tasks"].X == 45


@pytest.mark.parametrize("text", ["1 / 0\n", "import no_such_module_\n",
                                  "import sys\nsys.exit(3)\n", "x = = 3\n",
                                  "raise KeyboardInterrupt\n"])
@pytest.mark.parametrize("name", ["my_tasks.py", "my_tasks"])
def test_nothing_of_a_module_that_fails_stays(text, name):
  write("my_tasks.py", text)
  paths = list(sys.path)
  with pytest.raises(BaseException):
    plug_ins.load(name, FLAG)
  assert "my_tasks" not in sys.modules
  assert sys.path == paths


def test_module_that_worked_stays_when_its_next_version_fails():
  module = load("X = 3\n")
  with pytest.raises(ZeroDivisionError):
    load("1 / 0\n")
  assert sys.modules["my_tasks"] is module


def test_module_that_is_missing_is_named_and_how_to_get_it(capsys, tmp_path):
  error = failure(capsys, "import os\nimport no_such_module_.part\n")
  assert error == (
      "cmd.py: error: --processor_module=my_tasks.py: %s:2: no module is named "
      "no_such_module_: pip install no_such_module_, or, if it is a file of "
      "yours, put its folder into PYTHONPATH" % (tmp_path / "my_tasks.py"))


@pytest.mark.parametrize("module, package", [
    ("sklearn_", "sklearn_"), ("cv2", "opencv-python"), ("yaml", "PyYAML")])
def test_missing_module_is_named_as_pip_does(monkeypatch, capsys, module,
                                             package):
  monkeypatch.delitem(sys.modules, module, raising=False)
  write("my_tasks.py", "raise ModuleNotFoundError(name=%r)" % module)
  code, error = said(capsys, lambda: plug_ins.load("my_tasks.py", FLAG))
  assert code == 2 and "pip install %s," % package in error


def test_name_that_ours_has_not_is_shown_with_its_line(capsys, tmp_path):
  error = failure(capsys, "from modeling import NoSuchThing\n")
  assert "cannot import name 'NoSuchThing'" in error
  assert 'File "%s", line 1' % (tmp_path / "my_tasks.py") in error


@pytest.mark.parametrize("text, fragment", [
    ("x = = 3\n", "my_tasks.py:1: SyntaxError: invalid syntax"),
    ("if True:\nx = 3\n", "my_tasks.py:2: IndentationError: "),
    ("print 'x'\n", "my_tasks.py:1: SyntaxError: Missing parentheses"),
    (b"x = '\xce\xd2'\n", "SyntaxError"), (b"x = 1\0\n", "null bytes")])
def test_module_that_is_no_python_is_one_line(capsys, text, fragment):
  write("my_tasks.py", text)
  code, error = said(capsys, lambda: plug_ins.load("my_tasks.py", FLAG))
  assert code == 2
  assert fragment in error and "--processor_module=my_tasks.py: " in error
  assert len(error.split("\n")) == 1


def test_module_that_ends_the_program_is_told_how_not_to():
  write("my_tasks.py", "import sys\nsys.exit(0)\n")
  message = message_of(plug_ins.load, "my_tasks.py", FLAG)
  assert 'if __name__ == "__main__":' in message


@pytest.mark.parametrize("name", ["none.py", "none", "no.such.module", ""])
def test_module_that_is_not_there_is_the_users_mistake(name):
  assert "%s=%s: " % (FLAG, name) in message_of(plug_ins.load, name, FLAG)


RAISING = """\
    def outer(value):
      return inner(value)


    def inner(value):
      return {"a": 1}[value]
"""


def test_error_shows_the_users_lines_and_whose_code_it_is(capsys, tmp_path):
  module = load(RAISING)
  code, error = said(capsys, lambda: module.outer("x"))
  path = tmp_path / "my_tasks.py"
  assert code == 2
  # Later versions of Python underline what raised.
  lines = [line for line in error.split("\n") if line.strip("^~ ")]
  assert lines == [
      "cmd.py: error: --processor_module=my_tasks.py: your own code, not this "
      "program's, raised KeyError: 'x'",
      '  File "%s", line 2, in outer' % path, "    return inner(value)",
      '  File "%s", line 6, in inner' % path, '    return {"a": 1}[value]']


@pytest.mark.parametrize("name", ["my_tasks.py", "my_tasks"])
def test_error_in_a_neighbour_of_the_module_is_the_users_too(capsys, name):
  write("my_help.py", textwrap.dedent(RAISING))
  write("my_tasks.py", "import my_help\nfind = my_help.outer\n")
  module = plug_ins.load(name, FLAG)
  code, error = said(capsys, lambda: module.find("x"))
  assert code == 2 and "my_help.py" in error and "your own code" in error


def test_error_of_a_library_shows_the_users_lines_alone(capsys):
  module = load("""\
      import json

      def read(text):
        return json.loads(text)
  """)
  code, error = said(capsys, lambda: module.read("{"))
  assert code == 2 and "JSONDecodeError" in error
  assert "line 4, in read" in error and "decoder.py" not in error


def test_error_of_ours_is_a_bug_also_with_a_module_loaded():
  load(RAISING)

  def main(argv):
    del argv
    raise KeyError("ours")

  with pytest.raises(KeyError):
    command.run(main, ["cmd.py"])


def test_error_of_ours_below_the_folder_of_a_module_is_a_bug(monkeypatch):
  """A module in a home folder has this project and Python below it."""
  home = os.path.dirname(os.path.dirname(plug_ins.__file__))
  monkeypatch.setattr(plug_ins, "_loaded", [plug_ins._PlugIn(
      FLAG, os.path.join(os.path.dirname(os.path.dirname(home)), "mine.py"))])
  with pytest.raises(AttributeError):
    command.run(lambda argv: tokenization.load_vocab.nothing, ["cmd.py"])
  assert plug_ins.describe(_raised(lambda: modeling.get_activation("x"))) is None


def _raised(function):
  try:
    function()
  except ValueError as error:
    return error.with_traceback(error.__traceback__.tb_next)
  raise AssertionError()


def test_error_in_another_process_shows_the_users_lines(capsys):
  module = load(RAISING)
  code, error = said(capsys, lambda: list(workers.map_ordered(
      module.outer, ["a"] * 100 + ["x"], 2, min_items=2)))
  assert code == 2
  assert "raised KeyError: 'x'" in error and "line 6, in inner" in error


OF_TENSORFLOW = {
    "tf.gfile": "import tensorflow as tf\ntf.gfile.Exists('x')\n",
    "tf.logging": "import tensorflow as tf\ntf.logging.info('x')\n",
    "tf.placeholder": "import tensorflow as tf\ntf.placeholder(tf.int32)\n",
    "tf.app": "import tensorflow as tf\nFLAGS = tf.app.flags.FLAGS\n",
    "tf.train.Optimizer": "import tensorflow as tf\ntf.train.Optimizer\n",
    "tf.flags": "from tensorflow import flags\n",
}


@pytest.mark.parametrize("name", sorted(OF_TENSORFLOW))
def test_name_of_tensorflow_1_is_told_how_to_get_it(capsys, name, tmp_path):
  if not IS_TF2:
    load(OF_TENSORFLOW[name])  # It is there.
    return
  error = failure(capsys, OF_TENSORFLOW[name])
  line = 1 if name == "tf.flags" else 2
  assert error == (
      "cmd.py: error: --processor_module=my_tasks.py: %s:%d: %s is not in "
      "TensorFlow %s; write \"import tensorflow.compat.v1 as tf\" for \"import "
      "tensorflow as tf\"" % (tmp_path / "my_tasks.py", line, name,
                              tf.__version__))


@pytest.mark.parametrize("text", [
    "import tensorflow as tf\ntf.contrib.layers\n",
    "import tensorflow.contrib.layers\n",
    "from tensorflow import contrib\n"])
def test_contrib_is_told_to_be_gone(capsys, text):
  if not IS_TF2:
    pytest.skip("TensorFlow 1.15 has tf.contrib")
  error = failure(capsys, text)
  assert "tf.contrib is in TensorFlow 1.x alone" in error
  assert len(error.split("\n")) == 1


def test_name_that_no_tensorflow_has_is_shown_as_it_is(capsys):
  error = failure(capsys, "import tensorflow as tf\ntf.no_such_thing\n")
  assert "no_such_thing" in error and "compat.v1" not in error.split("\n")[0]
