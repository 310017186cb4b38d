"""A Python that starts with TensorFlow imported, which takes seconds.

python() begins a command line in place of sys.executable. What it starts is a
small client of a fork server, of which each process of pytest has one: a process
that has imported the installed libraries, nothing of the project, and has made no
session. Its copy runs the program with the client's arguments, environment,
folder, files and limit of a file's size; the client passes signals on and ends as
the copy does. If the client is killed, so is the copy.

Not for tests of what happens before TensorFlow is imported, or of a terminal.
"""
import array
import atexit
import contextlib
import gc
import json
import os
import resource
import runpy
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import types

_LENGTH = struct.Struct("!I")
_STATUS = struct.Struct("!i")
_SIGNALS = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)
_LIBRARIES = (
    "tensorflow.compat.v1", "tensorflow.python.lib.io.file_io",
    "tensorflow_estimator.python.estimator.estimator_lib", "google.protobuf",
    "sklearn.metrics", "matplotlib.figure", "tqdm", "absl.flags", "optuna",
    "horovod.tensorflow", "horovod.runner.launch")
_started = []


def python():
  """The first words of a command line -> list of str."""
  if not _started:
    _started.append(_start_server())
  return [sys.executable, "-I", "-S", os.path.abspath(__file__), _started[0]]


def _start_server():
  folder = tempfile.mkdtemp(prefix="fork")
  path = os.path.join(folder, "socket")
  # As the commands set it before they import TensorFlow.
  environment = dict(os.environ, TF_CPP_MIN_LOG_LEVEL="3",
                     TF_ENABLE_ONEDNN_OPTS="1", PYTHONIOENCODING="utf-8")
  environment.pop("PYTHONPATH", None)
  with socket.socket(socket.AF_UNIX) as listener:
    listener.bind(path)
    listener.listen(16)
    server = subprocess.Popen(
        [sys.executable, os.path.abspath(__file__)], stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL, env=environment,
        pass_fds=[listener.fileno()], bufsize=0)
    server.stdin.write(_LENGTH.pack(listener.fileno()))

  def stop():
    server.stdin.close()  # It ends with its input, also if pytest is killed.
    server.wait()
    shutil.rmtree(folder)

  atexit.register(stop)
  return path


# The server.


def _import_libraries():
  for name in _LIBRARIES:
    with contextlib.suppress(ImportError):
      __import__(name)


def _serve(listener):
  """Forks at each request; returns it in the copy that is to run it."""
  while True:
    ready, _, _ = select.select([listener, sys.stdin.buffer], [], [])
    if sys.stdin.buffer in ready:
      os._exit(0)
    connection, _ = listener.accept()
    if not os.fork():
      listener.close()
      return _supervise(connection)
    connection.close()


def _supervise(connection):
  """Forks again; returns the request in the copy, and ends after it."""
  request, files = _receive(connection)
  signal.signal(signal.SIGCHLD, signal.SIG_DFL)
  pid = os.fork()
  if not pid:
    connection.close()
    return request, files
  for number in list(files) + [0, 1, 2]:
    os.close(number)
  threading.Thread(target=_pass_signals_on, args=(connection, pid),
                   daemon=True).start()
  _, status = os.waitpid(pid, 0)
  with contextlib.suppress(OSError):
    connection.sendall(_STATUS.pack(status))
  os._exit(0)


def _pass_signals_on(connection, pid):
  with contextlib.suppress(OSError):
    for number in iter(lambda: connection.recv(1), b""):
      os.kill(pid, number[0])
    os.kill(pid, signal.SIGKILL)


def _receive(connection):
  """A request -> its dict, and the files to be the first three."""
  files = array.array("i")
  head, ancillary, _, _ = connection.recvmsg(
      _LENGTH.size, socket.CMSG_SPACE(3 * files.itemsize))
  files.frombytes(ancillary[0][2])
  stream = connection.makefile("rb", buffering=0)
  (length,), text = _LENGTH.unpack(head), b""
  while len(text) < length:
    text += stream.read(length - len(text))
  return json.loads(text.decode()), files


def _become(request, files):
  """Makes this process the one that the request asks for."""
  for target, number in enumerate(files):
    os.dup2(number, target)
    os.close(number)
  os.chdir(request["folder"])
  os.environ.clear()
  os.environ.update(request["environment"])
  resource.setrlimit(resource.RLIMIT_FSIZE, request["limit"])
  with contextlib.suppress(ImportError):
    # Python draws its own random numbers again in a copy.
    import numpy
    numpy.random.seed()
  sys.path[0:1] = [each for each in os.environ.get(
      "PYTHONPATH", "").split(os.pathsep) if each]


def _run(arguments):
  if arguments[0] == "-c":
    sys.argv = ["-c"] + arguments[2:]
    sys.path.insert(0, "")
    main = sys.modules["__main__"] = types.ModuleType("__main__")
    exec(compile(arguments[1], "<string>", "exec"), vars(main))  # pylint: disable=exec-used
  elif arguments[0] == "-m":
    sys.argv = arguments[1:]
    sys.path.insert(0, os.getcwd())
    runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
  else:
    sys.argv = arguments
    sys.path.insert(0, os.path.dirname(os.path.realpath(arguments[0])))
    runpy.run_path(arguments[0], run_name="__main__")


def _server_main():
  (number,) = _LENGTH.unpack(os.read(0, _LENGTH.size))
  _import_libraries()
  # Else each copy, as it ends, looks for garbage among the libraries' objects,
  # which writes to all their pages: a second of each process.
  gc.freeze()
  signal.signal(signal.SIGCHLD, signal.SIG_IGN)
  request, files = _serve(socket.socket(fileno=number))
  _become(request, files)
  _run(request["arguments"])


# The client.


def _client_main(path, arguments):
  connection = socket.socket(socket.AF_UNIX)
  connection.connect(path)
  text = json.dumps({
      "arguments": arguments, "environment": dict(os.environ),
      "folder": os.getcwd(),
      "limit": resource.getrlimit(resource.RLIMIT_FSIZE)}).encode()
  connection.sendmsg([_LENGTH.pack(len(text))], [
      (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [0, 1, 2]))])
  connection.sendall(text)
  for number in _SIGNALS:
    signal.signal(number, lambda number, _: connection.send(bytes([number])))
  (status,) = _STATUS.unpack(connection.recv(_STATUS.size))
  if os.WIFSIGNALED(status):
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(OSError):  # SIGKILL has no handler.
      signal.signal(os.WTERMSIG(status), signal.SIG_DFL)
    os.kill(os.getpid(), os.WTERMSIG(status))
  sys.exit(os.WEXITSTATUS(status))


if __name__ == "__main__":
  if len(sys.argv) > 1:
    _client_main(sys.argv[1], sys.argv[2:])
  else:
    _server_main()
