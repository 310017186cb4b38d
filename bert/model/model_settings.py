"""The settings that change the model or how texts are read.

An output folder and an export store them: with other settings than in training,
checkpoints would not fit and texts would be read differently.
"""

import dataclasses
import typing
from typing import Any, Dict, Iterable, List, Optional, Tuple

import tensorflow.compat.v1 as tf

from bert.common import command_line
from bert.common import files
from bert.common.errors import UserError
from bert.data.truncation import TruncationSettings
from bert.encoders import registry
from bert.encoders.base import Encoder
from bert.encoders.base import MODEL_TYPE
from bert.options import finetuning


class _Setting(typing.NamedTuple):
  """A flag that belongs to the model.

  Attributes:
    name: of the flag, and in task.json.
    old_name: its key in older task.json files.
    is_always_written: whether every task.json of this program has it, so that a
      missing one means the default.
    matters_with: (name of another setting, value) without which it has no
      effect; None as value: any but the default.
    is_architecture: whether it changes the graph, not only the text.
    is_free: whether a run may have another value than the training.
  """
  name: str
  old_name: Optional[str] = None
  is_always_written: bool = True
  matters_with: Optional[Tuple[str, Any]] = None
  is_architecture: bool = True
  is_free: bool = False


def _of_text(name, **settings):
  """A setting that changes how texts are read; older folders lack it."""
  return _Setting(name, is_always_written=False, is_architecture=False,
                  **settings)


SETTINGS = (
    _Setting("pair_encoding"),
    _Setting("pooling"),
    _Setting("encoder_top", "top"),
    _Setting("crf"),
    _Setting("tokenizer", is_architecture=False),
    _Setting("truncation", is_architecture=False),
    _Setting("head_tokens", is_always_written=False,
             matters_with=("truncation", "head_tail"), is_architecture=False),
    _Setting("num_windows", "num_segments"),
    _Setting("window_stride", "segment_stride", is_always_written=False,
             matters_with=("num_windows", None)),
    _Setting("window_pooling", "segment_pooling"),
    _Setting("context_tokens", is_architecture=False),
    _Setting("mask_outside_context", is_architecture=False),
    _Setting("do_lower_case", is_architecture=False),
    _of_text("version_2_with_negative"),
    _of_text("max_query_length"),
    _of_text("max_seq_length", is_free=True),
    _of_text("doc_stride", is_free=True),
    _of_text("n_best_size", is_free=True),
    _of_text("max_answer_length", is_free=True),
    _of_text("null_score_diff_threshold", is_free=True),
    _of_text("threshold", is_free=True),
)
_GROUPS = ("head", "data", "span")
_DEFAULTS = (finetuning.HeadOptions(), finetuning.DataOptions(),
             finetuning.SpanOptions())


def of_flags(flags: finetuning.FineTuningFlags) -> Dict[str, Any]:
  """Returns name -> value of all settings."""
  groups = [getattr(flags, name) for name in _GROUPS]
  return {each.name: find(groups, each.name) for each in SETTINGS}


def changed_free(old: Dict[str, Any], new: Dict[str, Any]) -> List[str]:
  """Returns the names of settings that differ and may differ."""
  return [each.name for each in SETTINGS if each.is_free and
          each.name in old and each.name in new and
          old[each.name] != new[each.name]]


def adopt(flags: finetuning.FineTuningFlags,
          task: Dict[str, Any]) -> finetuning.FineTuningFlags:
  """Returns the flags, in which settings that are not given are those of a
  folder.

  Args:
    flags: the command line.
    task: content of the folder's task.json, by today's names; {}: none.
  """
  groups = {name: adopt_into(getattr(flags, name), task) for name in _GROUPS}
  if all(groups[name] is getattr(flags, name) for name in _GROUPS):
    return flags
  return flags._replace(**groups)


def adopt_into(group: Any, task: Dict[str, Any]) -> Any:
  """Like adopt, for one group of options, which may have other flags too."""
  adopted = {
      each.name: task[each.name] for each in SETTINGS
      if each.name in task and hasattr(group, each.name) and
      not command_line.is_given(group, each.name) and
      task[each.name] != getattr(group, each.name)}
  if not adopted:
    return group
  tf.logging.info("Not given, and so as the model was trained: %s", " ".join(
      "--%s=%s" % (name, command_line.describe(value))
      for name, value in sorted(adopted.items())))
  _check_types(group, adopted)
  changed = dataclasses.replace(group, **adopted)
  command_line.check(changed)
  return changed


def _check_types(group, values):
  """Raises UserError for values that no command line could have."""
  types = {field.name: field.type for field in dataclasses.fields(group)}
  for name, value in values.items():
    expected = (int, float) if types[name] is float else types[name]
    if value is not None and (not isinstance(value, expected) or
                              isinstance(value, bool) != (types[name] is bool)):
      raise UserError("task.json of the output folder: %s is %r, which --%s can't "
                      "be; mend it, or give another --output_dir" % (
                          name, value, name))


def completed(task: Dict[str, Any], flags: Dict[str, str]) -> Dict[str, Any]:
  """Returns the content of an earlier version's task.json, in which missing
  settings are taken from the folder's flags.

  Args:
    task: content by today's names.
    flags: name -> text, of the flags that differ from their defaults; {}:
      unknown.
  """
  if not flags or "head" not in task:
    return task
  types = {field.name: field.type for group in _DEFAULTS
           for field in dataclasses.fields(group)}
  missing = {each.name: _default(each.name) for each in SETTINGS
             if not each.is_always_written and each.name not in task}
  for name in missing:
    text = flags.get(name, "none")
    if text != "none":
      missing[name] = (text == "true" if types[name] is bool else
                       types[name](text))
  return dict(task, **missing)


def encoder_differences(task: Dict[str, Any], text: Any, vocab_file: str,
                        encoder: Encoder) -> List[str]:
  """Returns the differences from a trained encoder that its weights' shapes do
  not show, each as text for an error.

  Args:
    task: content of the task.json beside its checkpoint; {}: none.
    text: options with do_lower_case and tokenizer; None: no text is read.
    vocab_file: path.
    encoder: of the run.
  """
  current = dict(encoder.unchecked_by_shapes(), **{MODEL_TYPE: encoder.family})
  if task:
    task = dict(task, **{MODEL_TYPE: registry.family_in(task)})
  if "vocab_hash" in task:
    current["vocab_hash"] = files.sha256(vocab_file)
  if text is not None:
    current.update({"--do_lower_case": text.do_lower_case,
                    "--tokenizer": text.tokenizer})
  return ["%s %.12s, here %.12s" % (name, command_line.describe(old),
                                    command_line.describe(value))
          for name, value in current.items()
          for old in [task.get(name.lstrip("-"), value)] if old != value]


def with_new_names(task: Dict[str, Any]) -> Dict[str, Any]:
  """Returns the content of a task.json, with the current names of settings."""
  names = {each.old_name: each.name for each in SETTINGS if each.old_name}
  return {names.get(name, name): value for name, value in task.items()}


def changed(old: Dict[str, Any], new: Dict[str, Any]) -> Optional[str]:
  """Returns the name of a setting whose difference has an effect, or None.

  Args:
    old: content of a task.json, by today's names.
    new: from of_flags.
  """
  for each in SETTINGS:
    if each.is_free or each.name not in old and not each.is_always_written:
      continue
    if value_in(old, each.name) != new[each.name] and (
        _has_effect(each, old) or _has_effect(each, new)):
      return each.name
  return None


def value_in(task: Dict[str, Any], name: str) -> Any:
  """Returns a setting in a task.json, the default if it is missing."""
  return task.get(name, _default(name))


def head_options(task: Dict[str, Any]) -> finetuning.HeadOptions:
  """Returns the settings of the head that an export was made with."""
  names = [each.name for each in SETTINGS
           if hasattr(finetuning.HeadOptions, each.name) and not each.is_free]
  return finetuning.HeadOptions(threshold=task["threshold"], **{
      name: value_in(task, name) for name in names})


def span_options(task: Dict[str, Any]) -> finetuning.SpanOptions:
  """Returns the settings of question answering that an export was made with."""
  names = [each.name for each in dataclasses.fields(finetuning.SpanOptions)]
  return finetuning.SpanOptions(**{
      name: task[name] for name in names if name in task})


def truncation_settings(task: Dict[str, Any]) -> TruncationSettings:
  """Returns the truncation settings that an export was made with."""
  return TruncationSettings(*[value_in(task, name)
                              for name in TruncationSettings._fields])


def changed_architecture(task: Dict[str, Any]) -> List[str]:
  """Returns --name=value of what differs from a plain BERT with a head."""
  return ["--%s=%s" % (each.name, value_in(task, each.name))
          for each in SETTINGS if each.is_architecture and
          _has_effect(each, task) and is_changed(task, each.name)]


def is_changed(task: Dict[str, Any], name: str) -> bool:
  """Whether a setting in a task.json is not the default."""
  return value_in(task, name) != _default(name)


def _has_effect(setting, values):
  if setting.matters_with is None:
    return True
  name, needed = setting.matters_with
  value = value_in(values, name)
  return value == needed if needed is not None else value != _default(name)


def _default(name):
  return find(_DEFAULTS, name)


def find(groups: Iterable, name: str) -> Any:
  """Returns the value of a flag in the group that has it."""
  return next(getattr(each, name) for each in groups if hasattr(each, name))
