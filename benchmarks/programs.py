"""The programs of every section, and their commands.

In a command, the driver replaces $NAME: by an interpreter, a folder, the round's
seed, or the size that a table of the section `growth` varies.
"""

import shlex
import typing
from typing import Dict, List, Optional, Tuple

OURS = "ours"
PEER = "peer"


class Program(typing.NamedTuple):
  """A command that is measured; precision pairs ours with the peer's."""
  name: str
  side: str
  precision: str
  command: str
  environment: Dict[str, str] = {}


class Comparison(typing.NamedTuple):
  """Programs that take turns.

  Attributes:
    table: heading of their table.
    programs: in the order of the table.
    row: the table's row where it has several.
    variables: values of $NAMEs in the commands.
  """
  table: str
  programs: List[Program]
  row: Optional[int] = None
  variables: Dict[str, str] = {}


class Settings(typing.NamedTuple):
  """How much is measured."""
  warmup: int = 3
  steps: int = 10
  epochs: float = 3
  tasks: Tuple[str, ...] = ()
  num_points: int = 5
  attention: Tuple[str, ...] = ("eager",)


TASKS = ("cola", "mrpc")
ONE_REPLICA = ", one replica"
# Every program of the section `steps`; the shape follows.
STEPS = tuple(
    Program("ours, %s, %s%s" % (name, precision, suffix), OURS, precision,
            "%s -m benchmarks.steps_ours --precision=%s%s" % (
                python, precision, flag))
    for name, python, precision in (
        ("TF 1.15", "$TF1_PYTHON", "float32"),
        ("TF 2", "$TF2_PYTHON", "float32"),
        ("TF 2", "$TF2_PYTHON", "bfloat16"))
    for suffix, flag in (("", ""), (ONE_REPLICA, " --parallel=1"))) + tuple(
    Program("transformers, %s, %s" % (precision, attention), PEER, precision,
            "$PEER_PYTHON -m benchmarks.steps_transformers --precision=%s "
            "--attention=%s" % (precision, attention))
    for precision in ("float32", "bfloat16") for attention in ("sdpa", "eager"))

SIZES = {"small": "--layers=6 --hidden=384 --heads=12 --batch=32",
         "base": "--layers=12 --hidden=768 --heads=12 --batch=8"}

# What grows -> its sizes, and the shape around it.
GROWTH = {
    "length": ((32, 64, 128, 256, 512), "--batch=8 --layers=6"),
    "batch": ((8, 16, 32, 64, 128), "--length=64 --layers=6"),
    "layers": ((2, 4, 6, 8, 12), "--batch=8 --length=64")}

ROWS = (250000, 1000000, 4000000)

TASK_FLAGS = (
    "--task_name=$TASK --data_dir=$DATA_DIR/$TASK "
    "--vocab_file=$BERT_BASE_DIR/vocab.txt "
    "--bert_config_file=$BERT_BASE_DIR/bert_config.json "
    "--init_checkpoint=$BERT_BASE_DIR/bert_model.ckpt --output_dir=$RUN_DIR "
    "--max_seq_length=128 --train_batch_size=32 --eval_batch_size=32 "
    "--learning_rate=5e-5 --warmup_proportion=0.1 --num_train_epochs=$EPOCHS "
    "--random_seed=$SEED --do_train")
# The peer's AdamW corrects its averages, and cannot do without.
FINETUNE_OURS = ("run_classifier.py %s --adam_bias_correction --do_eval" %
                TASK_FLAGS)
FINETUNE_TRANSFORMERS = (
    "$PEER_PYTHON -m benchmarks.finetune_transformers --task=$TASK "
    "--data_dir=$DATA_DIR/$TASK --vocab_file=$BERT_BASE_DIR/vocab.txt "
    "--bert_config_file=$BERT_BASE_DIR/bert_config.json "
    "--weights=$OUT_DIR/weights.npz --output_dir=$RUN_DIR --length=128 "
    "--batch=32 --learning_rate=5e-5 --warmup=0.1 --epochs=$EPOCHS "
    "--seed=$SEED")
# What makes a file of $OUT_DIR before the programs that name it run.
PREPARATIONS = {
    "$OUT_DIR/weights.npz": (
        "$TF2_PYTHON -m benchmarks.make_weights --output=$OUT_DIR/weights.npz "
        "--checkpoint=$BERT_BASE_DIR/bert_model.ckpt"),
    "$OUT_DIR/lengths.json": (
        "$TF2_PYTHON -m benchmarks.make_lengths --output=$OUT_DIR/lengths.json "
        "--task=$TASK --data_dir=$DATA_DIR/$TASK "
        "--vocab_file=$BERT_BASE_DIR/vocab.txt")}

# Our programs of the section `finetune`; the peer's are made below.
FINETUNE = (
    Program("ours, TF 1.15, float32", OURS, "float32",
            "$TF1_PYTHON " + FINETUNE_OURS),
    Program("ours, TF 2, float32", OURS, "float32",
            "$TF2_PYTHON " + FINETUNE_OURS),
    Program("ours, TF 2, bfloat16", OURS, "bfloat16",
            "$TF2_PYTHON %s --precision=bfloat16" % FINETUNE_OURS),
) + tuple(
    Program("ours, %s, %s, by length" % (name, precision), OURS, precision,
            "%s %s --precision=%s --bucket_by_length" % (
                python, FINETUNE_OURS, precision))
    for name, python, precision in (
        ("TF 1.15", "$TF1_PYTHON", "float32"),
        ("TF 2", "$TF2_PYTHON", "float32"),
        ("TF 2", "$TF2_PYTHON", "bfloat16")))

RECORDS = tuple(
    Program("ours, %s, text to %s" % (name, result), OURS, "",
            "%s -m benchmarks.records_ours %s" % (python, flag))
    for name, python in (("TF 1.15", "$TF1_PYTHON"), ("TF 2", "$TF2_PYTHON"))
    for flag, result in (
        ("--what=records", "records"), ("--what=encode", "ids"),
        ("--what=records --processes=2", "records, 2 processes"))
) + (Program("tokenizers, text to ids, 2 threads", PEER, "",
             "$PEER_PYTHON -m benchmarks.records_tokenizers",
             {"TOKENIZERS_PARALLELISM": "true", "RAYON_NUM_THREADS": "2"}),)

# Compared with the simple way, in the place of a peer.
INSTANCES = tuple(
    Program(name, side, "", "$TF2_PYTHON -m benchmarks.instances_ours "
            "--input_file=$CORPUS_FILE --vocab_file=$BERT_BASE_DIR/vocab.txt"
            + flags)
    for name, side, flags in (
        ("plain", PEER, " --what=plain"), ("ours, at once", OURS, ""),
        ("ours, 20 shards", OURS, " --shards=20"),
        ("ours, 20 shards, 2 processes", OURS, " --shards=20 --processes=2")))


def instances(settings: Settings) -> List[Comparison]:
  """Text to instances of pre-training."""
  del settings
  return [Comparison("instances of 128 tokens", list(INSTANCES))]


def records(settings: Settings) -> List[Comparison]:
  """Text to records."""
  flags = (" --task=$TASK --data_dir=$DATA_DIR/$TASK "
           "--vocab_file=$BERT_BASE_DIR/vocab.txt --length=128")
  return [Comparison("%s, training set" % task, _adding(RECORDS, flags),
                     variables={"TASK": task})
          for task in settings.tasks or TASKS]


def steps(settings: Settings) -> List[Comparison]:
  """Steps at equal shapes."""
  return [
      Comparison("%s, %s" % (size, mode), _adding(
          STEPS, " --mode=%s %s --length=128%s" % (
              mode, shape, _counts(settings))))
      for size, shape in SIZES.items() for mode in ("train", "predict")]


def lengths(settings: Settings) -> List[Comparison]:
  """Steps on batches of real lengths."""
  programs = [each for each in STEPS if each.precision == "float32"]
  comparisons = []
  for task in settings.tasks or TASKS + ("tnews",):
    for mode in ("train", "predict"):
      flags = " --mode=%s %s --lengths=$OUT_DIR/lengths.json --warmup=%d" % (
          mode, SIZES["small"], settings.warmup)
      by_length = _adding(programs, flags + " --by_length")
      # Prediction always sorts.
      usual = [
          other if mode == "predict" and each.side == OURS else each
          for each, other in zip(_adding(programs, flags), by_length)]
      for suffix, each in (("", usual), (", by length", by_length)):
        comparisons.append(Comparison("%s, %s%s" % (task, mode, suffix), each,
                                      variables={"TASK": task}))
  return comparisons


def memory(settings: Settings) -> List[Comparison]:
  """The few training steps that memory is at its peak in."""
  return [each for each in steps(settings._replace(warmup=1, steps=3))
          if each.table.endswith("train")]


def finetune(settings: Settings) -> List[Comparison]:
  """Command line to results."""
  comparisons = []
  for suffix, sampling in (("", "random"), (", by length", "group_by_length")):
    peers = [
        Program("transformers, %s, %s%s" % (precision, attention, suffix), PEER,
                precision, "%s --precision=%s --attention=%s --sampling=%s" % (
                    FINETUNE_TRANSFORMERS, precision, attention, sampling))
        for precision in ("float32", "bfloat16")
        for attention in settings.attention]
    own = [each for each in FINETUNE if ("by length" in each.name) ==
           bool(suffix)]
    comparisons += [Comparison(task + suffix, own + peers, variables={
        "TASK": task, "EPOCHS": "%g" % settings.epochs})
                    for task in settings.tasks or TASKS]
  return comparisons


def growth(settings: Settings) -> List[Comparison]:
  """Steps at sizes that grow."""
  programs = [each for each in STEPS if "TF 2" in each.name and
              ONE_REPLICA not in each.name or
              each.name.endswith(settings.attention)]
  comparisons = []
  for what, (sizes, shape) in GROWTH.items():
    for mode in ("train", "predict"):
      flags = " --mode=%s --hidden=384 --heads=12 %s --%s=$%s%s" % (
          mode, shape, what, what.upper(), _counts(settings))
      comparisons += [
          Comparison("%s, %s" % (what, mode), _adding(programs, flags), size,
                     {what.upper(): str(size)})
          for size in sizes[:settings.num_points]]
  return comparisons


def rows(settings: Settings) -> List[Comparison]:
  """The whole command on sets that grow."""
  programs = [Program(name, OURS, "",
                      "%s -m benchmarks.large_datasets --rows=$ROWS" %
                      python) for name, python in (
                          ("ours, TF 1.15", "$TF1_PYTHON"),
                          ("ours, TF 2", "$TF2_PYTHON"))]
  return [Comparison("rows", programs, size, {"ROWS": str(size)})
          for size in ROWS[:settings.num_points]]


WORKER_SHAPE = "--layers=6 --hidden=256 --heads=4 --batch=32 --length=128"


def workers(settings: Settings) -> List[Comparison]:
  """Steps shared by workers, and their message alone."""
  variants = (
      ("1 process, 1 core", "--workers=1 --cores=1"),
      ("1 process, 2 cores", "--workers=1 --cores=2"),
      ("2 workers, 1 core each", "--workers=2 --cores=1"),
      ("4 workers on 2 cores", "--workers=4 --cores=1"))
  comparisons = []
  for what, chosen in (("steps", variants), ("message", variants[2:])):
    comparisons += [Comparison("%s, TF %s" % (what, name), [
        Program(variant, OURS, "", "%s -m benchmarks.workers --what=%s %s %s"
                "%s" % (python, what, flags, WORKER_SHAPE, _counts(settings)))
        for variant, flags in chosen]) for name, python in (
            ("1.15", "$TF1_PYTHON"), ("2", "$TF2_PYTHON"))]
  return comparisons


def _counts(settings):
  return " --warmup=%d --steps=%d" % (settings.warmup, settings.steps)


def _adding(programs, flags):
  return [each._replace(command=each.command + flags) for each in programs]


def shown(program: Program, variables: Dict[str, str]) -> str:
  """Returns a Program's command as the report gives it.

  What differs from row to row or round to round, or by machine, stays $NAME.
  """
  command = program.command
  for name in ("TASK", "EPOCHS", "WARMUP", "STEPS"):
    if name in variables:
      command = command.replace("$" + name, variables[name])
  words = ["%s=%s" % (name, shlex.quote(value))
           for name, value in sorted(program.environment.items())]
  return " ".join(words + [command])
