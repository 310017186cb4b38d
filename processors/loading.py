"""From the command line to the processor of a task."""

import tensorflow.compat.v1 as tf

import processors  # The tasks; pylint: disable=unused-import
from bert.common import plug_ins
from bert.common.errors import UserError
from processors import adapter
from processors import base


def load_processor(data) -> adapter.ProcessorAdapter:
  """Returns the processor that DataOptions name; raises UserError."""
  if data.processor_module:
    known = base.registered()
    plug_ins.load(data.processor_module, "--processor_module")
    if base.registered() == known and data.task_name.lower() not in known:
      raise UserError(
          "--processor_module=%s: it registers no task; write `from "
          "processors.base import register` into it, and @register(\"%s\") "
          "above the class" % (data.processor_module, data.task_name))
  processor = base.create(data.task_name, data.data_dir)
  processor.bad_rows = data.bad_rows
  if not tf.gfile.IsDirectory(data.data_dir):
    raise UserError("--data_dir=%s: no such folder" % data.data_dir)
  return adapter.ProcessorAdapter(processor)
