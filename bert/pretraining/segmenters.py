"""Segmenters: find the words of text that does not separate them (Chinese)."""

from typing import Callable, List, Optional

from bert.common import libraries
from bert.common import plug_ins
from bert.common.errors import UserError

Segmenter = Callable[[str], List[str]]


def load(name: Optional[str]) -> Optional[Segmenter]:
  """Returns text -> its words; None for no name.

  Args:
    name: jieba; whitespace, for text with spaces between its words; or
      module:function, which takes a text and returns a list of str.

  Raises:
    UserError: it can't be had.
  """
  if not name:
    return None
  if name == "whitespace":
    return str.split
  if name == "jieba":
    return _load_jieba()
  module_name, _, function_name = name.partition(":")
  if not function_name:
    raise UserError("--segmenter=%s: needed is jieba, whitespace or "
                    "module:function" % name)
  module = plug_ins.load(module_name, "--segmenter")
  if not callable(getattr(module, function_name, None)):
    raise UserError("--segmenter=%s: the module has no function %s" % (
        name, function_name))
  return getattr(module, function_name)


def _load_jieba():
  libraries.check_library("jieba", "--segmenter=jieba",
                        "-r requirements-pretraining.txt")
  import jieba
  jieba.setLogLevel("WARNING")
  jieba.initialize()
  return jieba.lcut
