"""Tiny exported encoders."""
import commands
import extract_features
import golden


def flags_of(folder, **changes):
  """Flags that export the golden encoder to folder/encoder."""
  return dict({
      "vocab_file": golden.path("vocab.txt"),
      "bert_config_file": golden.path("bert_config.json"),
      "init_checkpoint": golden.checkpoint(), "max_seq_length": 16,
      "pooling": "mean", "do_export": True,
      "output_dir": str(folder / "encoder")}, **changes)


def run(flags):
  """Runs the command, which has to succeed -> the flags."""
  result = commands.run(flags, extract_features)
  assert result.code == 0, result.log
  return flags
