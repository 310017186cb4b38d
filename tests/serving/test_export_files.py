"""The list of an export's files: half copies are refused, changes are seen."""
import hashlib
import json
import os
import shutil

import pytest

import broken
import commands
import exported
import golden
import tiny_encoder
from bert.common.errors import UserError
from bert.predictor import Encoder
from bert.predictor import Predictor
from bert.serving import engines
from bert.serving import export_files
from mistakes import message_of

OLD = os.path.join(golden.FIXTURES, "exports", "tf_2.15")
FILES = {"assets/labels.txt", "assets/task.json", "assets/vocab.txt",
         "saved_model.pb", "variables/variables.index",
         "variables/variables.data-00000-of-00001"}


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
  return exported.folder_of(tiny_encoder.run(tiny_encoder.flags_of(
      tmp_path_factory.mktemp("encoder"))))


@pytest.fixture
def folder(encoder, tmp_path):
  """A copy of an encoder's export."""
  return copied(encoder, tmp_path)


def copied(source, tmp_path):
  shutil.copytree(source, str(tmp_path / "export"))
  return tmp_path / "export"


def test_every_file_is_listed_with_size_and_digest(encoder):
  listed = json.loads(commands.content(encoder, "files.json"))["files"]
  assert set(listed) == FILES
  for name, entry in listed.items():
    with open(os.path.join(encoder, name), "rb") as reader:
      content = reader.read()
    assert entry == {"size": len(content),
                     "sha256": hashlib.sha256(content).hexdigest()}


@pytest.mark.parametrize("name", sorted(FILES))
def test_file_that_is_cut_off_is_refused_with_both_sizes(name, folder):
  path = folder / name
  content = path.read_bytes()
  path.write_bytes(content[:len(content) // 2])
  message = message_of(Predictor, str(folder))
  assert message.startswith("%s: %d bytes, where files.json has %d;" % (
      path, len(content) // 2, len(content)))
  assert "still be copied" in message
  path.unlink()
  message = message_of(Encoder, str(folder))
  assert message.startswith("%s: no such file, where files.json has one of %d "
                            "bytes;" % (path, len(content)))


def test_vocabulary_cut_at_a_lines_end_is_refused(folder):
  broken.cut(folder / "assets" / "vocab.txt", 400)
  assert "vocab.txt: " in message_of(Encoder, str(folder))


def test_small_file_with_other_bytes_is_refused(folder):
  path = folder / "assets" / "vocab.txt"
  content = path.read_bytes()
  path.write_bytes(bytes(reversed(content)))
  message = message_of(Predictor, str(folder))
  assert message.startswith("%s: the %d bytes" % (path, len(content)))
  assert hashlib.sha256(content).hexdigest()[:40] in message


def test_folder_in_the_place_of_a_file_is_refused(folder):
  path = folder / "variables" / "variables.index"
  path.unlink()
  path.mkdir()
  assert "%s: a folder" % path in message_of(Predictor, str(folder))


def test_list_that_is_cut_off_anywhere_is_refused(folder):
  path = folder / "files.json"
  content = path.read_bytes()
  for size in (0, 1, 30, len(content) // 2, len(content) - 3):
    path.write_bytes(content[:size])
    message = message_of(export_files.check, str(folder))
    assert message.startswith(str(path)) and "still be copied" in message


ENTRY = {"size": 1, "sha256": "a"}


@pytest.mark.parametrize("content", [
    [], {}, {"files": []}, {"files": {}}, {"files": {"a": 1}},
    {"files": {"a": {"size": "1", "sha256": "a"}}},
    {"files": {"a": {"size": True, "sha256": "a"}}},
    {"files": {"a": {"size": -1, "sha256": "a"}}}, {"files": {"a": {"size": 1}}},
    {"files": {"../a": ENTRY}}, {"files": {"/etc/passwd": ENTRY}},
    {"files": {"": ENTRY}}, {"files": {"a\nb": ENTRY}},
    {"files": {"a//b": ENTRY}}, {"files": {"..\\a": ENTRY}}])
def test_list_of_another_form_is_refused(content, folder):
  commands.write(folder / "files.json", json.dumps(content))
  assert message_of(export_files.check, str(folder)).startswith(
      str(folder / "files.json"))


def test_model_card_changes_nothing(folder):
  snapshot = export_files.Snapshot(str(folder))
  commands.write(folder / "README.md", "# A model\n")
  commands.write(folder / "assets" / "notes.txt", "none\n")
  assert export_files.check(str(folder))
  assert not snapshot.has_changed()


def test_export_of_before_is_loaded_with_a_line(caplog):
  caplog.set_level("INFO", logger="tensorflow")
  assert Predictor(OLD).predict(["two votes"])[0].labels == ["0"]
  (line,) = [each for each in caplog.messages if "files.json" in each]
  assert "not checked" in line and OLD in line


def test_vocabulary_cut_at_a_lines_end_is_refused_without_a_list(tmp_path):
  folder = copied(OLD, tmp_path)
  broken.cut(folder / "assets" / "vocab.txt", 755)
  message = message_of(Predictor, str(folder))
  assert "755 entries" in message and "has 756" in message
  assert "still be copied" in message


@pytest.mark.parametrize("num_lines, num_rows, is_warned", [
    (755, 756, True), (400, 756, True), (756, 756, False),
    # Tables may have rows without a token, so that there are 8 n of them.
    (756, 760, False), (700, 800, False), (600, 800, True)])
def test_encoder_without_a_list_is_warned_of_entries_that_its_table_lacks(
    num_lines, num_rows, is_warned, folder, warnings):
  exported.without_list(folder)
  broken.cut(folder / "assets" / "vocab.txt", num_lines)
  task = folder / "assets" / "task.json"
  content = json.loads(task.read_text(encoding="utf-8"))
  task.write_text(json.dumps(dict(content, vocab_size=num_rows)),
                  encoding="utf-8")
  Predictor(str(folder)).close()
  assert is_warned == any("%d entries, but the model has %d" % (
      num_lines, num_rows) in line for line in warnings)


def test_task_without_a_setting_is_one_line(folder):
  exported.without_list(folder)
  commands.write(folder / "assets" / "task.json", "{}")
  assert "task.json: 'do_lower_case' is missing" in message_of(
      Predictor, str(folder))


def test_file_that_is_only_touched_has_not_changed(folder):
  snapshot = export_files.Snapshot(str(folder))
  assert not snapshot.has_changed()
  os.utime(str(folder / "assets" / "vocab.txt"), (1, 1))
  assert not snapshot.has_changed() and not snapshot.has_changed()


@pytest.mark.parametrize("has_list", [True, False])
@pytest.mark.parametrize("name", sorted(FILES))
def test_changes_of_files_are_seen(name, has_list, folder):
  if not has_list:
    exported.without_list(folder)
  path = folder / name
  content = path.read_bytes()
  changed = export_files.Snapshot(str(folder))
  path.write_bytes(bytes(reversed(content)))
  assert changed.has_changed()
  path.unlink()
  assert changed.has_changed()
  missing = export_files.Snapshot(str(folder))
  assert not missing.has_changed()
  path.write_bytes(content)
  assert missing.has_changed() and not changed.has_changed()


def test_list_that_appears_is_a_change(folder):
  content = (folder / "files.json").read_bytes()
  snapshot = export_files.Snapshot(str(exported.without_list(folder)))
  assert not snapshot.has_changed()
  (folder / "files.json").write_bytes(content)
  assert snapshot.has_changed()
  half = export_files.Snapshot(str(folder))
  (folder / "files.json").write_bytes(content[:9])
  assert half.has_changed()


def test_large_files_are_compared_by_size_alone(folder, monkeypatch):
  monkeypatch.setattr(export_files, "_MAX_DIGESTED", 10)
  snapshot = export_files.Snapshot(str(folder))
  path = folder / "variables" / "variables.data-00000-of-00001"
  content = path.read_bytes()
  path.write_bytes(bytes(len(content)))
  assert export_files.check(str(folder))
  assert snapshot.has_changed()
  path.write_bytes(content[:-1])
  assert "variables.data" in message_of(export_files.check, str(folder))


@pytest.fixture
def closed(monkeypatch):
  """The engines that were closed."""
  engine, found = engines.TensorFlowEngine, []
  close = engine.close
  monkeypatch.setattr(engine, "close", lambda self: found.append(self) or close(
      self))
  return found


def test_export_that_changes_while_it_is_loaded_is_refused(
    folder, monkeypatch, closed):
  load = engines.TensorFlowEngine.__init__

  def change(self, *args):
    load(self, *args)
    broken.cut(folder / "assets" / "vocab.txt", 755)

  monkeypatch.setattr(engines.TensorFlowEngine, "__init__", change)
  assert "changed while they were loaded" in message_of(
      Predictor, str(folder))
  assert len(closed) == 1


def test_export_that_can_not_be_loaded_leaves_no_session(folder, closed):
  exported.without_list(folder)
  broken.cut(folder / "assets" / "vocab.txt", 2)
  message_of(Predictor, str(folder))
  assert len(closed) == 1 and not closed[0].runs


@pytest.mark.parametrize("content", [b"", b"\n", b"none"])
@pytest.mark.parametrize("engine", ["tensorflow", "onnx"])
def test_graph_that_is_cut_off_is_one_line(engine, content, folder):
  exported.without_list(folder)
  (folder / "saved_model.pb").write_bytes(content)
  with pytest.raises(UserError, match="can't be loaded"):
    Predictor(str(folder), engine=engine)
