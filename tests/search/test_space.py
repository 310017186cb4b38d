"""The settings of a search, as flags and files give them."""
import json

import pytest

import commands
import run_search
from bert.common.errors import UserError
from bert.search import space
from mistakes import message_of
from renamed import Renamed

pytestmark = pytest.mark.smoke


def read(*texts):
  return space.read(texts, None)


def test_ranges_and_choices_are_read():
  assert read("learning_rate=log:1e-5:5e-5", "warmup_proportion=float:0:0.2",
              "num_train_epochs=int:2:4", "train_batch_size=int:8:32:8",
              "pooling=choice:cls,mean") == [
                  space.Dimension("learning_rate", "log", 1e-5, 5e-5),
                  space.Dimension("warmup_proportion", "float", 0.0, 0.2),
                  space.Dimension("num_train_epochs", "int", 2, 4),
                  space.Dimension("train_batch_size", "int", 8, 32, 8),
                  space.Dimension("pooling", "choice",
                                  choices=("cls", "mean"))]


def test_file_has_more_of_them(tmp_path):
  path = commands.write(tmp_path / "space.json", json.dumps({
      "learning_rate": "log:1e-5:5e-5", "class_weights": ["1,2", "1,3"],
      "crf": [True, False], "train_batch_size": [16, 32]}))
  found = space.read(("num_train_epochs=int:2:4",), path)
  assert [each.flag for each in found] == [
      "num_train_epochs", "learning_rate", "class_weights", "crf",
      "train_batch_size"]
  assert [each.choices for each in found[2:]] == [
      ("1,2", "1,3"), ("true", "false"), ("16", "32")]


@pytest.mark.parametrize("text, fragment", [
    ("learning_rate", "needed is FLAG="), ("=choice:1", "'' is no flag"),
    ("lerning_rate=log:1:2", "did you mean learning_rate?"),
    ("output_dir=choice:a,b", "'output_dir' is no flag that can be searched"),
    ("do_train=choice:true", "is no flag that can be searched"),
    ("learning_rate=1e-5,5e-5", "needed is log:LOW:HIGH"),
    ("learning_rate=log:1e-5", "needed is log:LOW:HIGH"),
    ("learning_rate=log:1e-5:1e-4:2", "needed is log:LOW:HIGH"),
    ("learning_rate=log:5e-5:1e-5", "the range is empty"),
    ("learning_rate=log:1:1", "the range is empty"),
    ("learning_rate=log:0:1", "LOW of log must be over 0"),
    ("learning_rate=log:nan:1", "the range is empty"),
    ("learning_rate=float:0:inf", "the range is empty"),
    ("learning_rate=log:a:b", "must be numbers"),
    ("num_train_epochs=int:1.5:3", "of int whole ones"),
    ("num_train_epochs=int:1:3:0", "the range is empty"),
    ("pooling=choice:", "a choice is empty"),
    ("pooling=choice:cls,,mean", "a choice is empty"),
    ("pooling=choice:cls,cls", "a choice is there twice")])
def test_space_that_is_wrong_is_told(text, fragment):
  message = message_of(read, text)
  assert message.startswith("--search=") and fragment in message


@pytest.mark.parametrize("content, fragment", [
    ("{", "not JSON"), ("[]", "needed is {"), ("{}", "needed is {"),
    ('{"learning_rate": 3}', "needed is a list, or text"),
    ('{"learning_rate": []}', "a choice is empty"),
    ('{"rate": ["1"]}', "'rate' is no flag")])
def test_file_that_is_wrong_is_told(content, fragment, tmp_path):
  path = commands.write(tmp_path / "space.json", content)
  message = message_of(space.read, (), path)
  assert message.startswith("--search_file=" + path) and fragment in message


def test_file_that_is_not_there_is_told(tmp_path):
  assert "No such file" in message_of(space.read, (), str(tmp_path / "none"))


def test_flag_is_searched_once():
  assert "there twice" in message_of(read, "pooling=choice:cls",
                                     "pooling=choice:mean")


def test_space_is_required():
  assert "--search or --search_file is required" in message_of(read)


def test_earlier_name_of_a_flag_is_searched_as_todays(tmp_path, monkeypatch):
  monkeypatch.setattr(space, "_GROUPS", (Renamed,))
  expected = [space.Dimension("speed", "float", 1.0, 2.0)]
  path = commands.write(tmp_path / "space.json", '{"pace": "float:1:2"}')
  assert read("pace=float:1:2") == expected
  assert space.read((), path) == expected
  assert "the flag is there twice" in message_of(
      read, "pace=float:1:2", "speed=float:1:2")


def test_space_keeps_the_names_that_are_stored(monkeypatch):
  monkeypatch.setattr(space, "_GROUPS", (Renamed,))
  now = read("speed=float:1:2")
  earlier = [now[0]._replace(flag="pace")]
  assert space.named_as(now, space.to_json(earlier)) == earlier
  assert space.named_as(now, space.to_json(now)) == now
  assert space.named_as(now, None) == now


def test_grid_has_all_combinations():
  assert list(space.combinations(read(
      "num_train_epochs=int:2:6:2", "pooling=choice:cls,mean"))) == [
          {"num_train_epochs": epochs, "pooling": pooling}
          for epochs in (2, 4, 6) for pooling in ("cls", "mean")]


@pytest.mark.parametrize("kind", ["log", "float"])
def test_grid_needs_values_that_can_be_counted(kind):
  with pytest.raises(UserError) as caught:
    list(space.combinations(read("learning_rate=%s:1:2" % kind)))
  assert "--sampler=grid tries all values" in str(caught.value)


def test_same_space_in_another_order_is_the_same():
  texts = ["pooling=choice:cls,mean", "num_train_epochs=int:2:4"]
  assert space.to_json(read(*texts)) == space.to_json(read(*texts[::-1]))
  assert space.to_json(read(*texts)) != space.to_json(read(*texts[:1]))


@pytest.mark.parametrize("search, fragment", [
    ("train_batch_size=choice:16,many", "--search=train_batch_size=many: "),
    ("train_batch_size=int:0:8", "must be at least 1"),
    ("learning_rate=float:-1:1", "must be over 0"),
    ("warmup_proportion=float:0.5:2", "must be at most 1"),
    ("pooling=choice:cls,middle", "must be one of"),
    ("crf=choice:true,perhaps", "--search=crf=perhaps"),
    ("class_weights=choice:balanced,x", "--class_weights=x")])
def test_values_that_the_flag_refuses_are_told_first(search, fragment, tmp_path):
  flags = commands.tiny_flags(tmp_path, "domainc", search=search)
  result = commands.run(flags, run_search)
  assert result.code == 2 and fragment in result.log
  assert len(result.log.strip().split("\n")) == 1
  assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("flags, fragment", [
    ({"pruner": "median"}, "--pruner=median needs --eval_every"),
    ({"use_horovod": True}, "leave out --use_horovod"),
    ({"output_dir": "s3://bucket/out"}, "needs --search_storage"),
    ({"sampler": "grid", "search": "learning_rate=log:1:2"},
     "--sampler=grid tries all values")])
def test_flags_that_do_not_fit_are_told(flags, fragment, tmp_path):
  result = commands.run(commands.tiny_flags(tmp_path, "domainc", **dict(
      {"search": "pooling=choice:cls,mean"}, **flags)), run_search)
  assert result.code == 2 and fragment in result.log
