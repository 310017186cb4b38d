"""What makes this project fast, each lever alone.

A lever is a heading, how it is measured and its variants; the first variant
is what the others are compared with. A variant adds to the command, or sets
environment variables, or both.
"""

import typing
from typing import Dict, List, Tuple

from benchmarks.programs import Comparison
from benchmarks.programs import OURS
from benchmarks.programs import OWN_TASK
from benchmarks.programs import Program
from benchmarks.programs import SIZES
from benchmarks.programs import Settings

TRAIN_STEPS = ("$TF2_PYTHON -m benchmarks.own_steps --mode=train %s "
               "--length=128 --warmup=$WARMUP --steps=$STEPS" % SIZES["small"])
PREDICT_STEPS = TRAIN_STEPS.replace("--mode=train", "--mode=predict")
LENGTHS = TRAIN_STEPS.replace("--length=128 --warmup=$WARMUP --steps=$STEPS",
                              "--lengths=$OUT_DIR/lengths.json")
# One epoch of MRPC, from the start of the process to its end.
EPOCH = "$TF2_PYTHON {program} " + OWN_TASK
RECORDS = ("$TF2_PYTHON -m benchmarks.own_records --task=mrpc "
           "--data_dir=$DATA_DIR/mrpc --vocab_file=$BERT_BASE_DIR/vocab.txt")

Variant = Tuple[str, str, Dict[str, str]]


class Lever(typing.NamedTuple):
  """Heading, command of all variants, variants: (name, flags, environment)."""
  heading: str
  command: str
  variants: Tuple[Variant, ...]


COMMAND = EPOCH.format(program="run_classifier.py")
THREADS = (("TensorFlow's choice", "", {}),) + tuple(
    ("inter %d, intra %d" % pair, "--inter=%d --intra=%d" % pair, {})
    for pair in ((1, 2), (2, 2), (2, 1)))
XLA = (("without XLA", "", {}),
       ("with XLA", "", {"TF_XLA_FLAGS": "--tf_xla_auto_jit=2 "
                                         "--tf_xla_cpu_global_jit"}))
ONEDNN = tuple((name, "", {"TF_ENABLE_ONEDNN_OPTS": value})
               for name, value in (("without oneDNN", "0"),
                                   ("with oneDNN", "1")))
PLAIN = tuple(("without %s" % name, "--without %s" % flag, {})
              for name, flag in (
                  ("any of them", "all"),
                  ("first token alone in the last layer", "first_token"),
                  ("scaled queries and one mask row", "queries"),
                  ("GELU written out", "gelu"),
                  ("layer normalization written out", "layer_norm"),
                  ("dropout of 16 bits", "dropout"),
                  ("TensorFlow's Adam kernel", "adam")))
PACKED = (("computed", "--without padding", {}), ("left out", "", {}))
IN_CODE = (("as it is", "", {}),) + PLAIN
PREDICTING = IN_CODE[:-2]  # Neither drops nor learns.
PRECISION = (("float32", "--precision=float32", {}),
             ("bfloat16", "--precision=bfloat16", {}))

HALVES = tuple(
    ("--cpu_replicas=%d, %s" % (number, precision),
     "--parallel=%d --precision=%s" % (number, precision), {})
    for precision in ("float32", "bfloat16") for number in (1, 2))

LEVERS = (
    Lever("in the code, training steps", TRAIN_STEPS, IN_CODE),
    Lever("in the code, prediction steps", PREDICT_STEPS, PREDICTING),
    Lever("in the code, training steps, TensorFlow 1.15",
          TRAIN_STEPS.replace("TF2", "TF1"), IN_CODE),
    Lever("precision, training steps", TRAIN_STEPS, PRECISION),
    Lever("precision, prediction steps", PREDICT_STEPS, PRECISION),
    Lever("precision, an epoch of MRPC", COMMAND, PRECISION),
    Lever("batches of like lengths, an epoch of MRPC", COMMAND, (
        ("--bucket_by_length=false", "--bucket_by_length=false", {}),
        ("--bucket_by_length", "--bucket_by_length", {}))),
    Lever("padding left out, training steps on MRPC", LENGTHS, PACKED),
    Lever("padding left out, prediction steps on MRPC",
          LENGTHS.replace("--mode=train", "--mode=predict --by_length"),
          PACKED),
    Lever("oneDNN, training steps", TRAIN_STEPS, ONEDNN),
    Lever("oneDNN, prediction steps", PREDICT_STEPS, ONEDNN),
    Lever("padding, an epoch of MRPC", EPOCH, (
        ("to 128 tokens", "-m benchmarks.own_static", {}),
        ("to a batch's longest text", "run_classifier.py", {}))),
    Lever("processes, MRPC to records", RECORDS, tuple(
        ("--num_workers=%d" % number, "--processes=%d" % number, {})
        for number in (1, 2))),
    Lever("accumulation, training steps", TRAIN_STEPS, tuple(
        ("--gradient_accumulation_steps=%d" % number, "--parts=%d" % number,
         {}) for number in (1, 2, 4))),
    Lever("halves side by side, training steps", TRAIN_STEPS, HALVES),
    Lever("halves side by side, prediction steps", PREDICT_STEPS, HALVES),
    Lever("threads, training steps", TRAIN_STEPS, THREADS),
    Lever("threads, prediction steps", PREDICT_STEPS, THREADS),
    Lever("XLA, training steps", TRAIN_STEPS, XLA),
    Lever("XLA, prediction steps", PREDICT_STEPS, XLA))


def levers(settings: Settings) -> List[Comparison]:
  """Each lever on and off."""
  variables = {"TASK": "mrpc", "EPOCHS": "1",
               "WARMUP": str(settings.warmup), "STEPS": str(settings.steps)}
  return [Comparison(lever.heading, [_program(lever, each)
                                     for each in lever.variants],
                     variables=variables) for lever in LEVERS]


def _program(lever, variant):
  name, flags, environment = variant
  command = lever.command
  if "{program}" in command:
    command = command.format(program=flags)
  elif flags:
    command += " " + flags
  return Program(name, OURS, "", command, environment)
