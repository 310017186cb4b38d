"""Ablations: what each setting and each optimization alone is worth.

An ablation is a heading, a command and its variants; the others are compared
with the first variant. A variant adds to the command, or sets environment
variables, or both.
"""

import typing
from typing import Dict, List, Tuple

from benchmarks.programs import Comparison
from benchmarks.programs import OURS
from benchmarks.programs import Program
from benchmarks.programs import SIZES
from benchmarks.programs import Settings
from benchmarks.programs import TASK_FLAGS

TRAIN_STEPS = ("$TF2_PYTHON -m benchmarks.steps_ours --mode=train %s "
               "--length=128 --warmup=$WARMUP --steps=$STEPS" % SIZES["small"])
PREDICT_STEPS = TRAIN_STEPS.replace("--mode=train", "--mode=predict")
LENGTHS = TRAIN_STEPS.replace("--length=128 --warmup=$WARMUP --steps=$STEPS",
                              "--lengths=$OUT_DIR/lengths.json")
# One epoch of MRPC, from the start of the process to its end.
EPOCH = "$TF2_PYTHON {program} " + TASK_FLAGS
RECORDS = ("$TF2_PYTHON -m benchmarks.records_ours --task=mrpc "
           "--data_dir=$DATA_DIR/mrpc --vocab_file=$BERT_BASE_DIR/vocab.txt")

Variant = Tuple[str, str, Dict[str, str]]


class Ablation(typing.NamedTuple):
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
UNOPTIMIZED = tuple(
    ("without %s" % name, "--without %s" % flag, {}) for name, flag in (
        ("any of them", "all"),
        ("first token alone in the last layer", "first_token"),
        ("scaled queries and one mask row", "queries"),
        ("GELU written out", "gelu"),
        ("layer normalization written out", "layer_norm"),
        ("dropout of 16 bits", "dropout"),
        ("TensorFlow's Adam kernel", "adam")))
PADDING = (("computed", "--without padding", {}), ("left out", "", {}))
IN_CODE = (("as it is", "", {}),) + UNOPTIMIZED
PREDICTING = IN_CODE[:-2]  # Neither drops nor learns.
PRECISION = (("float32", "--precision=float32", {}),
             ("bfloat16", "--precision=bfloat16", {}))

REPLICAS = tuple(
    ("--cpu_replicas=%d, %s" % (number, precision),
     "--parallel=%d --precision=%s" % (number, precision), {})
    for precision in ("float32", "bfloat16") for number in (1, 2))

ABLATIONS = (
    Ablation("in the code, training steps", TRAIN_STEPS, IN_CODE),
    Ablation("in the code, prediction steps", PREDICT_STEPS, PREDICTING),
    Ablation("in the code, training steps, TensorFlow 1.15",
          TRAIN_STEPS.replace("TF2", "TF1"), IN_CODE),
    Ablation("precision, training steps", TRAIN_STEPS, PRECISION),
    Ablation("precision, prediction steps", PREDICT_STEPS, PRECISION),
    Ablation("precision, an epoch of MRPC", COMMAND, PRECISION),
    Ablation("batches of like lengths, an epoch of MRPC", COMMAND, (
        ("--bucket_by_length=false", "--bucket_by_length=false", {}),
        ("--bucket_by_length", "--bucket_by_length", {}))),
    Ablation("padding left out, training steps on MRPC", LENGTHS, PADDING),
    Ablation("padding left out, prediction steps on MRPC",
          LENGTHS.replace("--mode=train", "--mode=predict --by_length"),
          PADDING),
    Ablation("oneDNN, training steps", TRAIN_STEPS, ONEDNN),
    Ablation("oneDNN, prediction steps", PREDICT_STEPS, ONEDNN),
    Ablation("padding, an epoch of MRPC", EPOCH, (
        ("to 128 tokens", "-m benchmarks.fixed_length", {}),
        ("to a batch's longest text", "run_classifier.py", {}))),
    Ablation("processes, MRPC to records", RECORDS, tuple(
        ("--num_workers=%d" % number, "--processes=%d" % number, {})
        for number in (1, 2))),
    Ablation("accumulation, training steps", TRAIN_STEPS, tuple(
        ("--gradient_accumulation_steps=%d" % number, "--parts=%d" % number,
         {}) for number in (1, 2, 4))),
    Ablation("halves side by side, training steps", TRAIN_STEPS, REPLICAS),
    Ablation("halves side by side, prediction steps", PREDICT_STEPS, REPLICAS),
    Ablation("threads, training steps", TRAIN_STEPS, THREADS),
    Ablation("threads, prediction steps", PREDICT_STEPS, THREADS),
    Ablation("XLA, training steps", TRAIN_STEPS, XLA),
    Ablation("XLA, prediction steps", PREDICT_STEPS, XLA))


def ablations(settings: Settings) -> List[Comparison]:
  """Each ablation on and off."""
  variables = {"TASK": "mrpc", "EPOCHS": "1",
               "WARMUP": str(settings.warmup), "STEPS": str(settings.steps)}
  return [Comparison(ablation.heading, [_program(ablation, each)
                                     for each in ablation.variants],
                     variables=variables) for ablation in ABLATIONS]


def _program(ablation, variant):
  name, flags, environment = variant
  command = ablation.command
  if "{program}" in command:
    command = command.format(program=flags)
  elif flags:
    command += " " + flags
  return Program(name, OURS, "", command, environment)
