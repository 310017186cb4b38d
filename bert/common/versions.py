"""What --version prints."""

import platform
from typing import List

# Of this program.
VERSION = "1.3.0"


def lines() -> List[str]:
  """Returns the versions of this program and of what it runs on, and the
  devices that TensorFlow sees."""
  import numpy
  import tensorflow.compat.v1 as tf
  from tensorflow.python.client import device_lib
  devices = [device.physical_device_desc or device.name
             for device in device_lib.list_local_devices()]
  return ["BERT Estimator %s" % VERSION,
          "TensorFlow %s" % tf.__version__, "NumPy %s" % numpy.__version__,
          "Python %s" % platform.python_version(),
          "Devices: %s" % ", ".join(devices)]
