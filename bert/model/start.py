"""How each command begins once its flags are parsed."""

from bert.model import checkpoint_choice
from bert.model import distribution
from bert.model import estimator


def start(flags):
  """Joins the other workers; checks what the machine has to have.

  The one function that a command runs calls this first, so that none of them
  goes without a check that the others make.

  Args:
    flags: the groups of a command: a NamedTuple with speed, and with
      --init_checkpoint in model or data.

  Returns:
    The flags, with this worker's --output_dir and with the checkpoint that
    --init_checkpoint means.

  Raises:
    UserError: Horovod, the precision or the checkpoint can't be had.
  """
  flags = distribution.join(flags)
  estimator.check_precision(flags.speed.precision)
  group = "model" if hasattr(flags, "model") else "data"
  return flags._replace(**{
      group: checkpoint_choice.resolve_init(getattr(flags, group))})
