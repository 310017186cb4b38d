"""The benchmark's arithmetic, order and own programs; no time is judged."""
import json
import os
import re

import pytest
import tensorflow.compat.v1 as tf

import golden
from benchmarks import ablations
from benchmarks import make_lengths
from benchmarks import matrix_products
from benchmarks import measure
from benchmarks import process
from benchmarks import programs
from benchmarks import report
from benchmarks import run
from benchmarks import seeded_dropout
from benchmarks import steps_ours
from benchmarks import summary
from benchmarks import transformers_data


@pytest.fixture(autouse=True)
def verbosity():
  """Measured programs silence TensorFlow; what comes after must hear it."""
  before = tf.logging.get_verbosity()
  yield
  tf.logging.set_verbosity(before)


def line(program, number, **changes):
  """A line as the driver writes it."""
  side = "ours" if program.startswith("ours") else "peer"
  return dict({
      "section": "steps", "table": "small, train", "row": None,
      "program": program, "side": side, "precision": "float32",
      "round": number, "date": "2024-05-0%d 10:00:00" % number,
      "machine": "a machine", "code": "abc", "versions": "torch 1",
      "is_trial": False, "command": "$PYTHON " + program}, **changes)


def speeds(program, values, **changes):
  return [line(program, number, examples_per_second=value, **changes)
          for number, value in enumerate(values, 1)]


def seconds(program, values, **changes):
  return [line(program, number, process_seconds=value, **changes)
          for number, value in enumerate(values, 1)]


def cells(text, name):
  """The cells of a table's row in a report."""
  (row,) = [row for row in text.split("\n") if row.startswith("| %s |" % name)]
  return row.strip("| ").split(" | ")


STEPS = (speeds("ours", [30.0, 10.0, 24.0]) +
         speeds("peer sdpa", [8.0, 12.0, 9.0]) +
         speeds("peer eager", [16.0, 20.0, 15.0]) +
         speeds("peer half", [50.0], precision="bfloat16"))


def test_summary_is_the_median_with_its_spread():
  assert summary.summarize([30.0, 10.0, 24.0]) == (24.0, 10.0, 30.0, 3)
  assert summary.summarize([4.0, 1.0, 2.0, 10.0]) == (3.0, 1.0, 10.0, 4)


def test_speed_is_against_the_best_peer_of_the_same_precision():
  # Medians: ours 24; of float32 peers 9 and 16.
  assert summary.against_peer(STEPS, summary.RATE) == {"ours": 1.5}
  halves = speeds("ours half", [25.0], precision="bfloat16")
  assert summary.against_peer(STEPS + halves, summary.RATE) == {
      "ours": 1.5, "ours half": 0.5}


def test_no_ratio_without_a_peer():
  assert summary.against_peer(speeds("ours", [1.0]), summary.RATE) == {}


def test_fewer_seconds_are_a_higher_speed():
  lines = (seconds("ours", [50.0, 40.0, 60.0]) +
           seconds("peer slow", [200.0]) + seconds("peer", [90.0, 100.0, 110]))
  assert summary.against_peer(lines, summary.SECONDS) == {"ours": 2.0}


def test_memory_is_ours_over_the_smallest_peer():
  lines = [line("ours", 1, peak_memory_mib=600.0),
           line("peer", 1, peak_memory_mib=800.0),
           line("peer large", 1, peak_memory_mib=900.0)]
  assert summary.against_peer(lines, summary.MEMORY) == {"ours": 0.75}


def test_report_tables_medians_spread_and_ratio():
  text = report.render(STEPS)
  assert "### small, train" in text
  assert cells(text, "ours") == ["ours", "24.0", "10.0 to 30.0", "3", "1.50"]
  assert cells(text, "peer sdpa")[:4] == ["peer sdpa", "9.00", "8.00 to 12.0",
                                          "3"]


def test_report_says_what_was_run_when_on_what():
  text = report.render(STEPS)
  for piece in ("- ours: `$PYTHON ours`", "- Machine: a machine",
                "- Measured: 2024-05-01 10:00 to 2024-05-03 10:00",
                "- Versions: torch 1", "- Code: abc"):
    assert piece in text
  assert "trial" not in text and "Others" not in text
  assert "trial" in report.render(speeds("ours", [1.0], is_trial=True))
  busy = [line("ours", number, examples_per_second=1.0, other_cores=cores)
          for number, cores in enumerate((0.0, 0.5, 1.5), 1)]
  assert "0.5 cores at the median, up to 1.5" in report.render(busy)


def test_report_has_mean_scores_over_the_seeds():
  lines = []
  for number, score in enumerate((0.5, 0.75, 0.4), 1):
    lines.append(line("ours", number, section="finetune", table="cola",
                      process_seconds=100.0 * number,
                      results={"accuracy": 0.5, "mcc": score}))
  row = cells(report.render(lines), "ours")
  assert row[1:4] == ["200", "100 to 300", "3"]
  assert row[-2:] == ["0.500 (0.500 to 0.500)", "0.550 (0.400 to 0.750)"]


def test_report_compares_a_setting_with_its_first_variant():
  changes = dict(section="ablations", table="a setting")
  text = report.render(seconds("off", [30.0], **changes) +
                       seconds("on", [20.0], **changes))
  assert cells(text, "off")[-1] == "1.00"
  assert cells(text, "on")[-1] == "1.50"


def test_report_has_a_row_a_size():
  lines = []
  for row, own, peer in ((32, 200.0, 100.0), (64, 90.0, 60.0)):
    changes = dict(section="growth", table="length, train", row=row)
    lines += speeds("ours", [own], **changes)
    lines += speeds("peer", [peer], **changes)
  text = report.render(lines)
  assert cells(text, "length") == ["length", "ours", "peer", "ours : peer"]
  assert cells(text, "32") == ["32", "200", "100", "2.00"]
  assert cells(text, "64") == ["64", "90.0", "60.0", "1.50"]


def test_memory_is_told_of_training_steps():
  lines = (speeds("ours", [1.0], peak_memory_mib=600.0) +
           speeds("ours", [2.0], peak_memory_mib=300.0, table="small, predict"))
  text = report.render(lines).split("## Peak memory")[1]
  assert cells(text, "ours")[1] == "600"
  assert "predict" not in text.split("###", 1)[1]


def test_report_names_what_failed():
  text = report.render(speeds("ours", [4.0]) + [line("peer", 1, error="Oh")])
  assert "- FAILED, peer: Oh" in text
  assert cells(text, "ours")[1] == "4.00"


def test_report_reads_all_raw_measurements(tmp_path, monkeypatch):
  monkeypatch.setenv("BENCHMARK_OUT", str(tmp_path))
  monkeypatch.delenv("BENCHMARK_RESULTS", raising=False)
  (tmp_path / "steps.jsonl").write_text(
      "".join(json.dumps(each) + "\n" for each in STEPS))
  (tmp_path / "steps.jsonl.previous").write_text("not read")
  text = report.write(report.out_folder())
  assert cells(text, "ours")[-1] == "1.50"
  assert (tmp_path / "results.md").read_text() == text


def test_programs_take_turns_and_each_round_begins_with_another():
  assert list(run.alternate("abc", 4)) == [
      (1, "a"), (1, "b"), (1, "c"), (2, "b"), (2, "c"), (2, "a"),
      (3, "c"), (3, "a"), (3, "b"), (4, "a"), (4, "b"), (4, "c")]


def test_measuring_again_replaces_the_same_programs_alone(tmp_path):
  path = tmp_path / "steps.jsonl"
  lines = [json.dumps(dict(table=table, row=None, program=program)) + "\n"
           for table, program in (("small", "a"), ("small", "b"),
                                  ("base", "a"))]
  path.write_text("".join(lines))
  again = programs.Comparison(
      "small", [programs.Program("a", programs.OURS, "", "$TF2_PYTHON")])
  assert run.keep_others(str(path), [again]) == lines[1:]
  assert run.keep_others(str(tmp_path / "none"), [again]) == []


def test_every_section_has_a_heading_and_named_interpreters():
  assert set(run.SECTIONS) == set(report.SECTIONS)
  settings = programs.Settings()
  for plan, _ in run.SECTIONS.values():
    for comparison in plan(settings):
      names = [program.name for program in comparison.programs]
      assert len(set(names)) == len(names)
      for program in comparison.programs:
        found = set(re.findall(r"\$([A-Z0-9_]+)", program.command))
        assert found <= (set(run.NEEDED) | {"SEED", "RUN_DIR", "OUT_DIR"} |
                         set(comparison.variables)), program.command
        assert program.command.split()[0] in (
            "$TF1_PYTHON", "$TF2_PYTHON", "$PEER_PYTHON")


def test_every_ablation_has_something_to_compare():
  for comparison in ablations.ablations(programs.Settings()):
    shown = [programs.shown(program, comparison.variables)
             for program in comparison.programs]
    assert len(set(shown)) == len(shown) >= 2, comparison.table


def test_older_name_of_a_section_is_known():
  assert run.parse(["steps", "levers"]).sections == ["steps", "ablations"]


def test_committed_report_is_that_of_the_committed_measurements(monkeypatch):
  monkeypatch.delenv("BENCHMARK_OUT", raising=False)
  with open(os.path.join(report.HERE, "results.md"), encoding="utf-8") as file:
    assert file.read() == report.render(report.load(report.out_folder()))


@pytest.mark.parametrize("path", [
    "benchmarks/results.md", "benchmarks/programs.py",
    "benchmarks/ablations.py", "docs/results.md", "docs/training.md"])
def test_programs_that_commands_name_exist(path):
  root = os.path.dirname(report.HERE)
  with open(os.path.join(root, path), encoding="utf-8") as file:
    names = set(re.findall(r"-m benchmarks\.(\w+)", file.read()))
  assert names
  for name in names:
    assert os.path.exists(os.path.join(report.HERE, name + ".py")), name


def test_missing_folder_is_named(monkeypatch, capsys):
  monkeypatch.delenv("DATA_DIR", raising=False)
  program = programs.Program("ours", "ours", "", "python $DATA_DIR/cola")
  with pytest.raises(SystemExit, match="2"):
    run.check_variables({"records": [programs.Comparison("a", [program])]})
  assert "DATA_DIR: set it to" in capsys.readouterr().err


def test_process_is_read_timed_and_its_failure_told(tmp_path):
  log = str(tmp_path / "log")
  found = process.run_command("printf '{\"a\": 1}\\n$B\\n'", {"B": "{x}"},
                              str(tmp_path), log)
  assert found["a"] == 1
  assert set(found) == {"a", "process_seconds", "process_memory_mib",
                        "other_cores"}
  assert process.run_command("ls $B", {"B": "no such file"}, str(tmp_path),
                             log)["error"].endswith("No such file or directory")


def test_results_of_both_programs_are_read_alike(tmp_path):
  (tmp_path / "own").mkdir()
  (tmp_path / "peer").mkdir()
  (tmp_path / "own" / "eval_results.txt").write_text(
      "eval_accuracy = 0.75\neval_loss = 2.0\nf1 = 0.5\nglobal_step = 3\n")
  (tmp_path / "peer" / "results.json").write_text(
      '{"accuracy": 0.75, "f1": 0.5, "runtime": 3.0}')
  wanted = {"results": {"accuracy": 0.75, "f1": 0.5}}
  assert process.read_results(str(tmp_path / "own")) == wanted
  assert process.read_results(str(tmp_path / "peer")) == wanted
  assert process.read_results(str(tmp_path)) == {}


@pytest.mark.parametrize("name, wanted", [
    ("bert/embeddings/word_embeddings",
     ("bert.embeddings.word_embeddings.weight", False)),
    ("bert/embeddings/LayerNorm/gamma",
     ("bert.embeddings.LayerNorm.weight", False)),
    ("bert/encoder/layer_11/attention/output/LayerNorm/beta",
     ("bert.encoder.layer.11.attention.output.LayerNorm.bias", False)),
    ("bert/encoder/layer_0/attention/self/query/kernel",
     ("bert.encoder.layer.0.attention.self.query.weight", True)),
    ("bert/pooler/dense/bias", ("bert.pooler.dense.bias", False))])
def test_variable_has_its_name_in_transformers(name, wanted):
  assert transformers_data.torch_name(name) == wanted


def test_peer_reads_the_tasks_columns(tmp_path):
  (tmp_path / "train.tsv").write_bytes(
      '\ufeffQuality\t1\t2\tA\tB\n1\t0\t0\t"x\ty\n'.encode("utf-8"))
  assert transformers_data.read_rows("mrpc", str(tmp_path), "train") == (
      ['"x'], ["y"], [1])
  (tmp_path / "dev.tsv").write_text("id\t0\t*\tA text\n")
  assert transformers_data.read_rows("cola", str(tmp_path), "dev") == (
      ["A text"], None, [0])


@pytest.mark.parametrize("mode", ["train", "predict"])
def test_own_steps_print_a_line_of_json(mode, capsys):
  with tf.Graph().as_default():
    steps_ours.main(["--mode=" + mode, "--layers=1", "--hidden=8", "--heads=2",
                    "--vocab=50", "--batch=2", "--length=6", "--warmup=1",
                    "--steps=2"])
  (text,) = capsys.readouterr().out.splitlines()
  found = json.loads(text)
  assert set(found) == {"examples_per_second", "seconds", "peak_memory_mib",
                        "product_seconds"}
  assert 0 < found["product_seconds"]
  assert len(found["seconds"]) == 2
  assert found["examples_per_second"] > 0 and found["peak_memory_mib"] > 1


def test_steps_of_real_lengths_are_made_of_all_batches(tmp_path, capsys):
  path = tmp_path / "lengths.json"
  path.write_text("[6, 2, 5, 3, 4]")
  shape = ["--layers=1", "--hidden=8", "--heads=2", "--vocab=50", "--batch=2",
           "--length=6", "--warmup=1", "--lengths=%s" % path]
  assert measure.read_batches(steps_ours.parse(shape)) == [[6, 2], [5, 3], [4]]
  args = steps_ours.parse(shape + ["--by_length"])
  assert measure.read_batches(args) == [[2, 3], [4, 5], [6]]
  with tf.Graph().as_default():
    steps_ours.main(shape)
  found = json.loads(capsys.readouterr().out)
  assert len(found["seconds"]) == 3
  assert found["examples_per_second"] == pytest.approx(
      5 / sum(found["seconds"]), rel=1e-3)


def test_lengths_are_those_of_a_training_set(tmp_path):
  text = "the quick " * 4
  (tmp_path / "train.tsv").write_text("".join(
      "a\t1\t\t%s\n" % text[:length] for length in (3, 9, 13, 39)))
  make_lengths.main(["--task=cola", "--data_dir=%s" % tmp_path, "--length=8",
                "--vocab_file=" + golden.path("vocab.txt"),
                "--output=%s" % (tmp_path / "lengths.json")])
  found = json.loads((tmp_path / "lengths.json").read_text())
  assert sorted(found) == [3, 4, 5, 8]


def test_products_are_those_that_a_step_makes():
  """By the arithmetic of an encoder of 2 layers, of which the last one
  computes the first tokens alone, counted by hand."""
  args = steps_ours.parse(["--layers=2", "--hidden=4", "--heads=2", "--batch=2",
                          "--length=6", "--mode=predict"])
  with tf.Graph().as_default() as graph, tf.Session() as session:
    products, feed_of = matrix_products.build(args)
    made = [each for each in graph.get_operations()
            if each.type.startswith(("MatMul", "BatchMatMul"))]
    session.run(tf.global_variables_initializer())
    shapes = [value.shape for value in session.run(
        [each.outputs[0] for each in made], feed_of([6, 3]))]
    assert set(products.control_inputs) == set(made)
  assert shapes == [
      (9, 4), (9, 4), (9, 4), (9, 4), (9, 16), (9, 4),
      (2, 2, 6, 6), (2, 2, 6, 2),
      (2, 4), (2, 4), (2, 4), (2, 4), (2, 16), (2, 4),
      (2, 1, 2, 6), (2, 1, 2, 4)]


def test_report_tells_what_share_the_products_have():
  lines = [line("ours", number, examples_per_second=1.0, seconds=[1.0, 3.0],
                product_seconds=product)
           for number, product in enumerate((1.0, 3.0, 2.0), 1)]
  text = report.render(lines + speeds("peer", [2.0]))
  assert cells(text, "program")[-1] == "products"
  assert cells(text, "ours")[-1] == "50 %"


def test_own_steps_of_bfloat16_ask_tensorflow_for_it(monkeypatch):
  config = steps_ours.session_config(steps_ours.parse(["--inter=1",
                                                     "--intra=2"]))
  assert (config.inter_op_parallelism_threads,
          config.intra_op_parallelism_threads) == (1, 2)
  if tf.__version__.startswith("1."):
    pytest.skip("TensorFlow 1.15 has no bfloat16 on a CPU")
  monkeypatch.setattr(steps_ours.estimator, "check_precision", lambda _: None)
  config = steps_ours.session_config(
      steps_ours.parse(["--precision=bfloat16"]))
  assert "bfloat16: ON" in str(config)


def test_requirements_are_pinned():
  path = os.path.join(os.path.dirname(report.__file__), "requirements.txt")
  with open(path) as stream:
    names = [each for each in stream if not each.startswith("#")]
  assert names and all(re.match(r"[a-z-]+==[\d.]+$", each) for each in names)


def test_steps_of_both_kinds_of_dropout_are_compared(capsys):
  seeded_dropout.main(["--layers=1", "--hidden=8", "--heads=2", "--vocab=50",
                    "--batch=2", "--length=6", "--warmup=1", "--rounds=3",
                    "--parallel=1"])
  found = json.loads(capsys.readouterr().out)
  assert set(found) == {
      "%s_%s_%s" % (name, clock, what)
      for name in ("seeded", "other", "other_again")
      for clock in ("wall", "cpu") for what in ("seconds", "ratio")}
  assert found["other_wall_ratio"] == 1
  assert min(found.values()) > 0
