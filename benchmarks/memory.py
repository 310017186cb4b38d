"""Measures whether memory grows in a process that trains or evaluates often:
30 evaluations during one training, 20 trials of a search.

    python -m benchmarks.memory

Prints the resident memory after the third and the last one; 6 layers of width
64, so that a graph that is not freed shows (20 MiB each).
"""

import contextlib
import io
import json
import os
import tempfile
from typing import Dict, List

import run_classifier
import run_search
from bert.common import command

_SAMPLES = os.path.join(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))), "samples")
_SIZES = {"hidden_size": 64, "intermediate_size": 256,
          "max_position_embeddings": 64, "num_attention_heads": 2,
          "num_hidden_layers": 6}
_SKIPPED = 3  # The first ones load libraries and fill caches.


class _Recorder(io.StringIO):
  """In place of stderr: the resident memory whenever a text is written."""

  def __init__(self, marker: str):
    super().__init__()
    self.marker = marker
    self.mebibytes = []  # type: List[float]

  def write(self, text):
    if self.marker in text:
      with open("/proc/self/statm", encoding="ascii") as stream:
        pages = int(stream.read().split()[1])
      self.mebibytes.append(pages * os.sysconf("SC_PAGE_SIZE") / 2**20)
    return super().write(text)


def _flags(folder: str) -> Dict[str, object]:
  """Returns flags of a tiny model; writes its config into the folder."""
  with open(os.path.join(_SAMPLES, "bert_config.json"),
            encoding="utf-8") as stream:
    config = dict(json.load(stream), **_SIZES)
  path = os.path.join(folder, "config.json")
  with open(path, "w", encoding="utf-8") as stream:
    json.dump(config, stream)
  return {"task_name": "domainc", "data_dir": os.path.join(_SAMPLES, "domainc"),
          "vocab_file": os.path.join(_SAMPLES, "vocab.txt"),
          "bert_config_file": path, "max_seq_length": 32,
          "output_dir": os.path.join(folder, "out"), "train_batch_size": 8,
          "random_seed": 1}


def _measure(module, marker: str, **flags) -> None:
  recorder = _Recorder(marker)
  with tempfile.TemporaryDirectory() as folder:
    arguments = ["--%s=%s" % item for item in
                 dict(_flags(folder), **flags).items()]
    with contextlib.redirect_stderr(recorder):
      code = command.run(module.main, [module.__name__] + arguments)
  figures = recorder.mebibytes[_SKIPPED - 1:]
  if code or len(figures) < 2:
    raise SystemExit("%s ended with %s" % (module.__name__, code))
  print("%s: %d times, %.0f MiB after %d, %.0f MiB at the end: %+.0f" % (
      module.__name__, len(recorder.mebibytes), figures[0], _SKIPPED,
      figures[-1], figures[-1] - figures[0]))


def main() -> None:
  """Measures both."""
  _measure(run_classifier, "Evaluated at step", do_train=True, do_eval=True,
           eval_every=2, num_train_epochs=1)
  _measure(run_search, "***** Trial", search="learning_rate=log:1e-5:1e-3",
           num_search_trials=20, num_train_epochs=0.5)


if __name__ == "__main__":
  main()
