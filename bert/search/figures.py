"""Pictures of a search, by Optuna."""

import os
import warnings

import tensorflow.compat.v1 as tf

from bert.common import libraries
from bert.evaluation import plots


def draw(folder: str, study) -> None:
  """Writes search_history.png, search_importance.png and search_parallel.png,
  where Matplotlib is installed and there are trials enough."""
  if not libraries.is_installed("matplotlib"):
    tf.logging.info("No pictures of the search: pip install -r "
                    "requirements-plots.txt")
    return
  import matplotlib
  matplotlib.use("Agg")
  from matplotlib import pyplot
  from optuna.visualization import matplotlib as drawings
  # Optuna sets a style for all pictures of the process.
  with warnings.catch_warnings(), matplotlib.rc_context():
    warnings.simplefilter("ignore")  # The plots are called experimental.
    _save(pyplot, folder, "search_history.png", lambda: (
        drawings.plot_optimization_history(
            study.optuna, target_name=study.settings.metric)))
    _save(pyplot, folder, "search_parallel.png", lambda: (
        drawings.plot_parallel_coordinate(
            study.optuna, target_name=study.settings.metric)))
    if len({each.value for each in study.ranking()}) > 1:
      _save(pyplot, folder, "search_importance.png", lambda: (
          drawings.plot_param_importances(
              study.optuna, target_name=study.settings.metric)))


def _save(pyplot, folder, name, plot):
  figure = plot().figure
  figure.set_size_inches(9, 5)
  plots.write_png(os.path.join(folder, name), figure)
  pyplot.close(figure)
