"""Keeps a command's console free of what TensorFlow says when it is imported.

Commands import this before anything that imports TensorFlow.
"""

import os
import warnings

# Its C++ log, and what it makes NumPy say.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
warnings.simplefilter("ignore", FutureWarning)
warnings.simplefilter("ignore", DeprecationWarning)
