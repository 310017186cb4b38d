"""How each command begins once its flags are parsed."""

from bert.model import checkpoint_choice
from bert.model import distribution
from bert.model import estimator


def start(flags):
  """Connects to the other workers; checks what the machine supports.

  The entry function of each command calls this first, so that no command lacks
  a check.

  Args:
    flags: the groups of a command: a NamedTuple with speed, and with
      --init_checkpoint in model or data.

  Returns:
    The flags, with this worker's --output_dir and with the checkpoint that
    --init_checkpoint means.

  Raises:
    UserError: Horovod, the precision or the checkpoint is not available.
  """
  flags = distribution.join(flags)
  estimator.check_precision(flags.speed.precision)
  group = "model" if hasattr(flags, "model") else "data"
  return flags._replace(**{
      group: checkpoint_choice.resolve_init(getattr(flags, group))})
