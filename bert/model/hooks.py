"""Hooks that an Estimator calls at each training step."""

import os
import signal
import time
from typing import Callable, Optional

import tensorflow.compat.v1 as tf

from bert.common import files
from bert.common import signals
from bert.common.console import Meter
from bert.model import distribution
from bert.model import model_function


class StopHook(tf.estimator.SessionRunHook):
  """Ends training after the step in which a signal arrived, on all workers
  after the same step.

  The Estimator then saves a checkpoint, as always.
  """

  def __init__(self, request: signals.StopRequest,
               workers: distribution.Workers):
    self._request = request
    self._is_alone = workers.size == 1

  def begin(self):
    if not self._is_alone:
      self._is_stopping, self._share_stopping = [
          tf.get_default_graph().get_tensor_by_name(name + ":0")
          for name in (model_function.IS_STOPPING,
                       model_function.SHARE_STOPPING)]

  def before_run(self, run_context):
    if self._is_alone:
      return None
    return tf.estimator.SessionRunArgs(
        self._share_stopping, {self._is_stopping: float(self._is_asked())})

  def after_run(self, run_context, run_values):
    if self._is_asked() if self._is_alone else run_values.results > 0:
      if not self._is_asked():  # Another worker stops.
        self._request.put(signal.SIGTERM)
      run_context.request_stop()

  def _is_asked(self):
    return self._request.signum is not None


class SaverHook(tf.train.CheckpointSaverHook):
  """Saves checkpoints, the first before the first step, as an Estimator does.

  protobuf writes graph.pbtxt: TensorFlow does that in Python, which takes
  seconds for a large graph. TensorBoard gets the graph once, when the writer of
  events is created.
  """

  def __init__(self, folder: str, saving_steps: int,
               before_progress: Optional[Callable[[], None]] = None):
    """Sets the folder, the steps and what to call.

    Args:
      folder: the output folder.
      saving_steps: steps between two checkpoints.
      before_progress: called before the first checkpoint of a later step than
        the one that training resumes from.
    """
    super().__init__(folder, save_steps=saving_steps)
    self._folder = folder
    self._before_progress = before_progress

  def after_create_session(self, session, coord):
    graph = tf.get_default_graph()
    files.write_text(os.path.join(self._folder, "graph.pbtxt"),
                     [str(graph.as_graph_def(add_shapes=True))])
    step = session.run(tf.train.get_global_step(graph))
    self._first = step
    self._save(session, step)
    self._timer.update_last_triggered_step(step)

  def _save(self, session, step):
    if step > self._first and self._before_progress:
      self._before_progress()
      self._before_progress = None
    return super()._save(session, step)

  def _get_saver(self):
    return _GraphFirstSaver(super()._get_saver())


class _GraphFirstSaver:
  """Writes the graph of a checkpoint, .meta, before its weights, where
  TensorFlow does it after them: no run that is killed leaves a checkpoint
  without."""

  def __init__(self, saver: tf.train.Saver):
    self._saver = saver

  def save(self, session, path, global_step, **_):
    """Saves a checkpoint, as tf.train.Saver does."""
    with session.graph.as_default():
      self._saver.export_meta_graph("%s-%d.meta" % (path, global_step))
    return self._saver.save(session, path, global_step, write_meta_graph=False)


class FollowerHook(tf.train.CheckpointSaverHook):
  """Calls checkpoint listeners on workers that do not save, at the steps where
  worker 0 saves."""

  def __init__(self, folder: str, saving_steps: int):
    """Takes the worker's temporary folder, and the steps between
    checkpoints."""
    super().__init__(folder, save_steps=saving_steps)

  def after_create_session(self, session, coord):
    self._timer.update_last_triggered_step(
        session.run(tf.train.get_global_step(session.graph)))

  def _save(self, session, step):
    return any([each.after_save(session, step) for each in self._listeners])


class SummaryHook(tf.estimator.SessionRunHook):
  """Writes summaries at the first step and then at regular intervals.

  Like an Estimator's, but all steps compute them: otherwise TensorFlow would
  compile two kinds of steps, with and without summaries.
  """

  def __init__(self, folder: str, every: int):
    """Takes the output folder and the steps between two summaries."""
    self._folder = folder
    self._every = every

  def begin(self):
    self._summaries = tf.summary.merge_all()
    self._writer = tf.summary.FileWriterCache.get(self._folder)

  def after_create_session(self, session, coord):
    self._step = int(session.run(tf.train.get_global_step(session.graph)))
    self._next = self._step + 1
    # TensorBoard then ignores what a killed run wrote after its last
    # checkpoint.
    self._writer.add_session_log(
        tf.SessionLog(status=tf.SessionLog.START), self._next)

  def before_run(self, run_context):
    return tf.estimator.SessionRunArgs(self._summaries)

  def after_run(self, run_context, run_values):
    self._step += 1
    if self._step == self._next:
      self._writer.add_summary(run_values.results, self._step)
      self._next += self._every

  def end(self, session):
    self._writer.flush()


class ProgressHook(tf.estimator.SessionRunHook):
  """Shows training's steps, loss, rate, examples/s and time left.

  The loss is the mean since the last line. On a TPU, where neither tensor can
  be fetched, only steps and speed are shown.
  """

  def __init__(self, total: int, batch_size: int, every: int,
               use_tpu: bool = False):
    """Takes the last step, examples per step, steps per line."""
    self._total = total
    self._batch_size = batch_size
    self._every = every
    self._use_tpu = use_tpu
    self._fetches = {}

  def begin(self):
    graph = tf.get_default_graph()
    self._global_step = tf.train.get_global_step(graph)
    if not self._use_tpu:
      self._fetches = {"loss": graph.get_tensor_by_name("mean_loss:0"),
                       "rate": graph.get_tensor_by_name("rate:0")}

  def after_create_session(self, session, coord):
    self._step = int(session.run(self._global_step))
    self._meter = Meter(self._total, "Training", self._step, self._every)
    self._reset()

  def before_run(self, run_context):
    return tf.estimator.SessionRunArgs(self._fetches)

  def after_run(self, run_context, run_values):
    if self._use_tpu:
      self._step = int(run_context.session.run(self._global_step))
    else:
      self._step += 1
      self._losses.append(run_values.results["loss"])
    speed = ((self._step - self._first) * self._batch_size /
             max(time.time() - self._since, 1e-9))
    text = "%.1f examples/s" % speed
    if self._losses:
      text = "loss %.4f, rate %.3g, %s" % (
          sum(self._losses) / len(self._losses), run_values.results["rate"],
          text)
    if self._meter.show(self._step, text):
      self._reset()

  def end(self, session):
    self._meter.close()

  def _reset(self):
    self._losses = []
    self._first = self._step
    self._since = time.time()
