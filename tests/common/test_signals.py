"""Signals, raised at once or put off."""
import os
import signal
import threading

import pytest

from bert.common import command
from bert.common import signals


def send(signum):
  os.kill(os.getpid(), signum)


def test_sigterm_ends_a_command_with_its_code(capsys):
  assert command.run(lambda argv: send(signal.SIGTERM), ["tool.py"]) == 143
  assert capsys.readouterr().err.startswith("Interrupted; ")


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_first_signal_is_put_off_and_a_second_one_is_not(signum):
  with signals.deferred() as request:
    request.check()
    send(signum)
    assert request.signum == signum
    with pytest.raises(signals.Interrupted):
      send(signum)
  with pytest.raises(signals.Interrupted) as caught:
    request.check(" at step 3")
  assert caught.value.signum == signum and caught.value.state == " at step 3"


class Destroyed:
  """Gets SIGTERM while it is destroyed, where Python ignores what is raised."""

  def __del__(self):
    send(signal.SIGTERM)


def test_signal_amid_a_destructor_is_raised_after_it(capsys):
  def destroy(argv):
    Destroyed()
    threading.Event().wait(10)

  assert command.run(destroy, ["tool.py"]) == 143
  assert capsys.readouterr().err.startswith("Interrupted; ")


def test_handlers_are_those_from_before_afterwards():
  before = [signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT)]
  with signals.raising(), signals.deferred():
    assert signal.getsignal(signal.SIGINT) != before[1]
  assert [signal.getsignal(each)
          for each in (signal.SIGTERM, signal.SIGINT)] == before


def test_other_threads_take_no_signals():
  requests = []

  def use():
    with signals.raising(), signals.deferred() as request:
      requests.append(request.signum)

  thread = threading.Thread(target=use)
  thread.start()
  thread.join()
  assert requests == [None]
