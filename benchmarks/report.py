"""Makes results.md from all raw measurements.

Usage: python -m benchmarks.report

Reads *.jsonl of $BENCHMARK_OUT or benchmarks/out. Writes $BENCHMARK_RESULTS,
else results.md in $BENCHMARK_OUT, else benchmarks/results.md.
"""

import glob
import json
import os
import statistics
import sys
from typing import Dict, Iterator, List

from benchmarks import summary
from benchmarks.summary import MEMORY
from benchmarks.summary import RATE
from benchmarks.summary import SECONDS

HERE = os.path.dirname(os.path.abspath(__file__))
METRICS = ("accuracy", "mcc", "f1")
# Cores that others may use before a measurement is worth a warning.
MAX_OTHER_CORES = 0.1

HEAD = """\
# Benchmarks

`scripts/benchmark.sh` measures all of this again; its `--help` lists the
sections. Programs take turns: a round runs each of them once, in a process of
its own. A number is the median over the rounds, followed by the lowest and the
highest round. A speed over 1 means that ours is faster than the peer's fastest
program of the same precision.

The commands run in the project's folder. In them, `$TF1_PYTHON`, `$TF2_PYTHON`
and `$PEER_PYTHON` are the interpreters, `$BERT_BASE_DIR` is a released BERT,
`$DATA_DIR` the folder of the tasks' folders, `$SEED` the number of the round,
`$RUN_DIR` an empty folder and `$OUT_DIR` the one of the raw measurements.
"""
SECTIONS = {
    "records": ("Text to records", """\
Converts a training set to features of 128 tokens, in one process unless a
number says otherwise. Ours also writes them to a record file, except in the rows
"to ids"; `tokenizers` only encodes."""),
    "instances": ("Text to instances of pre-training", """\
Instances a second with ten maskings (dupe_factor), from reading the text to
record files. Plain: texts stay text until the end, each is tokenized again for
each masking, and each instance is a tf.train.Example."""),
    "steps": ("Steps at equal shapes", """\
Examples a second of training steps (forward, backward, clipping, AdamW) and
prediction steps. All tokens are real, the length is 128. Small: 6 layers,
hidden 384, batch 32. Base: 12 layers, hidden 768, batch 8. Each process reports
its median step. The peer's GELU is its default, the erf form, its fastest in
bfloat16; ours is the tanh form. Its AdamW is the fused one, the fastest there,
and its bfloat16 is autocast. Products: the share of our float32 step that its
matrix products take when they are computed alone, in the same process."""),
    "lengths": ("Steps on batches of real lengths", """\
The same for texts of real lengths: those of 512 texts sampled from a training
set, up to 128 tokens, in batches of 32 that are padded to their longest text.
Small model, float32. The order is random; "by length", texts are sorted. Our
prediction always sorts them."""),
    "finetune": ("Fine-tuning from the command line to the results", """\
Seconds of the whole process: start, reading, training, evaluation, results on
disk. Both start from the same checkpoint and have the same optimizer, schedule,
batch, epochs and maximum length; both pad a batch to its longest text only.
"By length": batches of similar lengths, in both. Ours saves its checkpoints,
the peer's script saves no weights. Scores are means over the seeds (lowest to
highest)."""),
    "memory": ("Peak memory", """\
Peak memory of a process after its training steps; shapes as in the steps
above."""),
    "growth": ("Growth", """\
Examples a second while one size grows. The model has hidden 384 and, where they
do not grow, 6 layers; the batch is 8, the length 64."""),
    "rows": ("Peak memory of the command on large sets", """\
MiB. A tiny model trains for ten steps on that many rows of some 118 bytes,
evaluates on a thousand and predicts as many rows as it trained on."""),
    "workers": ("Steps that workers share", """\
Examples a second of training steps of a batch of 32 examples of 128 tokens, by
one process or by several workers of Horovod (Gloo), each with an equal share; 6
layers, hidden 256. Message: how many times a second the workers can average as
many numbers as the model has weights. The speed is relative to the first row."""),
    "ablations": ("Ablations: each setting alone", """\
What each of our own settings is worth: the speed is relative to the first row.""")}


def table(header: List[str], rows: List[List[str]]) -> List[str]:
  """Returns the lines of a Markdown table."""
  rule = ["---"] + ["---:"] * (len(header) - 1)
  return ["| %s |" % " | ".join(row) for row in [header, rule] + rows]


def digits(value: float) -> str:
  """Returns a number with three digits, or more before the point."""
  return "%.*f" % (0 if value >= 100 else 1 if value >= 10 else 2, value)


def compare(lines: List[dict], number: summary.Number) -> List[str]:
  """Returns a table of programs, ours against the peer's."""
  ratios = summary.against_peer(lines, number)
  names = [name for name in METRICS
           if any(name in line.get("results", {}) for line in lines)]
  heading = ["program", number.unit, "min to max", "runs", number.ratio]
  shares = summary.product_shares(lines)
  heading += ["products"] * bool(shares)
  rows = []
  for name, values in summary.by_program(lines, number).items():
    rounds = [line for line in lines if line["program"] == name]
    ratio = "%.2f" % ratios[name] if name in ratios else ""
    share = ["%.0f %%" % (100 * shares[name]) if name in shares else ""]
    rows.append([name] + spread(values) + [ratio] + share * bool(shares) +
                [scores(rounds, metric) for metric in names])
  return table(heading + names, rows)


def spread(values: summary.Summary) -> List[str]:
  """Returns the cells of a Summary."""
  return [digits(values.median),
          "%s to %s" % (digits(values.low), digits(values.high)),
          str(values.count)]


def scores(rounds: List[dict], metric: str) -> str:
  """Returns a metric's mean over the seeds, with lowest and highest."""
  values = [line["results"][metric] for line in rounds
            if metric in line.get("results", {})]
  if not values:
    return ""
  return "%.3f (%.3f to %.3f)" % (statistics.mean(values), min(values),
                                  max(values))


def against_first(lines: List[dict]) -> List[str]:
  """Returns a table of an ablation's variants."""
  number = RATE if RATE.key in lines[0] else SECONDS
  variants = summary.by_program(lines, number)
  first = next(iter(variants.values())).median
  return table(
      ["variant", number.unit, "min to max", "runs", "speed"],
      [[name] + spread(values) +
       ["%.2f" % summary.relate(values.median, first, number)]
       for name, values in variants.items()])


def grow(lines: List[dict], number: summary.Number) -> List[str]:
  """Returns a table with a row a size and a column a program."""
  programs = list(summary.group(lines, lambda line: line["program"]))
  own = [name for name in programs
         if any(line["program"] == name and line["side"] == "ours"
                for line in lines)]
  rows = []
  for size, measured in summary.group(lines, lambda line: line["row"]).items():
    medians = summary.by_program(measured, number)
    ratios = summary.against_peer(measured, number)
    rows.append([str(size)] +
                [digits(medians[name].median) if name in medians else ""
                 for name in programs] +
                ["%.2f" % ratios[name] if name in ratios else ""
                 for name in own])
  return table([lines[0]["table"].split(",")[0]] + programs +
               ["%s : peer" % name for name in own], rows)


def commands(lines: List[dict]) -> Iterator[str]:
  """Yields what was run, a line each."""
  groups = summary.group(lines, lambda line: (line["program"],
                                              line["command"]))
  yield ""
  for name, command in groups:
    yield "- %s: `%s`" % (name, command)


def provenance(lines: List[dict]) -> Iterator[str]:
  """Yields when and on what a section was measured."""
  dates = sorted(line["date"][:16] for line in lines)
  yield ""
  yield "- Measured: %s to %s" % (dates[0], dates[-1])
  for heading, key in (("Machine", "machine"), ("Code", "code"),
                       ("Versions", "versions")):
    for value in sorted({line[key] for line in lines if line[key]}):
      yield "- %s: %s" % (heading, value)
  others = [line.get("other_cores", 0.0) for line in lines]
  if max(others) > MAX_OTHER_CORES:
    yield ("- **Others used the machine meanwhile: %.1f cores at the median, "
           "up to %.1f.**" % (statistics.median(others), max(others)))
  if any(line["is_trial"] for line in lines):
    yield "- **A trial with few steps or examples: its numbers say nothing.**"


def render(lines: List[dict]) -> str:
  """Returns the report."""
  parts = [HEAD]
  for section, (title, about) in SECTIONS.items():
    chosen = choose(lines, section)
    if not chosen:
      continue
    parts += ["\n## %s\n" % title, about]
    parts += provenance(chosen)
    for name, group in summary.group(chosen,
                                     lambda line: line["table"]).items():
      measured = [line for line in group if "error" not in line]
      parts.append("\n### %s\n" % name)
      if measured:
        parts += render_table(section, measured)
      parts += commands(group)
      parts += ["- FAILED, %s: %s" % (line["program"], line["error"])
                for line in group if "error" in line]
  return "\n".join(parts) + "\n"


def choose(lines: List[dict], section: str) -> List[dict]:
  """Returns a section's lines; memory is in those of training steps."""
  if section == "memory":
    return [line for line in lines if line["section"] == "memory"] or [
        line for line in lines if line["section"] == "steps" and
        MEMORY.key in line and line["table"].endswith("train")]
  return [line for line in lines if line["section"] == section]


def render_table(section: str, lines: List[dict]) -> List[str]:
  """Returns the table of a section's measurements."""
  if section == "growth":
    return grow(lines, RATE)
  if section == "rows":
    return grow(lines, MEMORY)
  if section in ("ablations", "workers"):
    return against_first(lines)
  number = {"finetune": SECONDS, "memory": MEMORY}.get(section, RATE)
  return compare(lines, number)


def load(folder: str) -> List[dict]:
  """Returns all lines of a folder's *.jsonl."""
  lines = []
  for path in sorted(glob.glob(os.path.join(folder, "*.jsonl"))):
    with open(path, encoding="utf-8") as stream:
      lines += [json.loads(line) for line in stream]
  return lines


def progress(line: Dict) -> str:
  """Returns a measurement in a line, for whoever waits."""
  row = "" if line["row"] is None else " %s" % line["row"]
  number = RATE if RATE.key in line else SECONDS
  what = ("FAILED: " + line["error"] if "error" in line else
          "%s %s" % (digits(line[number.key]), number.unit))
  return "%s: %s%s, round %d: %s: %s" % (
      line["section"], line["table"], row, line["round"], line["program"],
      what)


def out_folder() -> str:
  """Returns where the raw measurements are."""
  return os.path.abspath(os.environ.get("BENCHMARK_OUT") or
                         os.path.join(HERE, "out"))


def results_path() -> str:
  """Returns where the report goes."""
  folder = os.environ.get("BENCHMARK_OUT") or HERE
  return os.environ.get("BENCHMARK_RESULTS") or os.path.join(folder,
                                                             "results.md")


def write(folder: str) -> str:
  """Writes the report of a folder's measurements; returns its text."""
  text = render(load(folder))
  with open(results_path(), "w", encoding="utf-8") as stream:
    stream.write(text)
  return text


if __name__ == "__main__":
  sys.stdout.write(write(out_folder()))
