"""Learning curves of several runs in one picture."""

from typing import Dict, List, Sequence, Tuple

import tensorflow.compat.v1 as tf

from bert.common import libraries
from bert.evaluation import plots

Curve = List[Tuple[float, float]]


def draw(path: str, panels: Dict[str, Sequence[Curve]],
         names: Sequence[str], x_label: str = "step") -> bool:
  """Writes a PNG; returns whether Matplotlib is installed, which it needs.

  Args:
    path: of the file.
    panels: title -> a curve for each run, points (x, y).
    names: of the runs.
    x_label: what x is.
  """
  if not libraries.is_installed("matplotlib"):
    tf.logging.info("No picture: pip install -r requirements-plots.txt")
    return False
  from matplotlib import figure
  made = figure.Figure(figsize=(6 * len(panels), 4.5))
  axes = made.subplots(1, len(panels), squeeze=False)[0]
  for axis, (title, curves) in zip(axes, panels.items()):
    for name, curve in zip(names, curves):
      if curve:
        axis.plot(*zip(*curve), marker="." if len(curve) < 50 else None,
                  label=name)
    axis.set_title(title)
    axis.set_xlabel(x_label)
    axis.grid(alpha=0.3)
    if any(curves):
      axis.legend()
  made.tight_layout()
  plots.write_png(path, made)
  return True
