"""The house keeps its rules: floors, sizes, one place for each thing."""
import glob
import os

import pytest

import architecture

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def read(*patterns):
  """Path below the root -> source."""
  sources = {}
  for pattern in patterns:
    for path in glob.glob(os.path.join(ROOT, pattern)):
      with open(path, encoding="utf-8") as reader:
        name = os.path.relpath(path, ROOT).replace(os.sep, "/")
        sources[name] = reader.read()
  assert sources
  return sources


@pytest.fixture(scope="module")
def program():
  return read("bert/*.py", "bert/*/*.py", "processors/*.py", "scripts/*.py",
              "*.py")


RULES = (architecture.upward_imports, architecture.import_cycles,
         architecture.crowded_packages, architecture.busy_inits,
         architecture.kind_questions, architecture.family_questions,
         architecture.stray_options, architecture.outside_assignments,
         architecture.commands_of_other_shapes)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_rule_is_kept(rule, program):
  assert not list(rule(program))


def test_page_asks_for_no_kind_of_head(program):
  sources = dict(read("bert/server/http/*.html"), **{
      path: source for path, source in program.items()
      if path.startswith("bert/heads/")})
  assert not list(architecture.kind_questions(sources))


def test_functions_are_short(program):
  lengths = sorted(architecture.function_lengths(
      dict(program, **read("benchmarks/*.py"))))
  most = architecture.MAX_FUNCTION_LINES
  assert not [each for each in lengths if each[0] > most]
  assert lengths[len(lengths) * 9 // 10][0] <= architecture.MAX_P90_LINES


ENCODER = {"bert/encoders/a.py": 'class A:\n  family = "bert"\n'
                                 '  scope = "bert/encoder/layer_0"\n',
           "bert/run_squad.py": 'X = "bert/pooler/dense", "[CLS]"\n',
           "bert/data/b.py": 'def f():\n  "bert/pooler/ is of [CLS]"\n'
                             '  return "bert/options.py", "[UNK]", "bert"\n'}
HEAD = {"bert/heads/a.py": 'class A:\n  kind = "a_kind"\n'}


@pytest.mark.parametrize("rule, sources", [
    (architecture.upward_imports, {
        "bert/data/a.py": "from bert.heads import b\n",
        "bert/heads/b.py": ""}),
    (architecture.upward_imports, {
        "bert/data/a.py": "def f():\n  from bert.heads.b import c\n",
        "bert/heads/b.py": ""}),
    (architecture.upward_imports, {
        "bert/modeling.py": "from bert.common import a\n",
        "bert/common/a.py": ""}),
    (architecture.upward_imports, {
        "processors/a.py": "from bert.heads import b\n", "bert/heads/b.py": ""}),
    (architecture.upward_imports, {
        "bert/data/a.py": "import processors.b\n", "processors/b.py": ""}),
    (architecture.upward_imports, {
        "bert/a.py": "import run_x\n", "run_x.py": ""}),
    (architecture.import_cycles, {
        "bert/data/a.py": "from bert.data import b\n",
        "bert/data/b.py": "from bert.data.a import c\n"}),
    (architecture.crowded_packages, {
        "bert/data/m%d.py" % number: "" for number in range(19)}),
    (architecture.crowded_packages, {
        "bert/m%d.py" % number: "" for number in range(11)}),
    (architecture.busy_inits, {
        "bert/data/__init__.py": '"""Data."""\nimport os\n'}),
    (architecture.kind_questions, dict(HEAD, **{
        "bert/data/b.py": 'def f(head):\n  return head.kind == "a_kind"\n'})),
    (architecture.kind_questions, dict(HEAD, **{
        "scripts/b.py": 'def f(kind):\n  return kind in ("x", "a_kind")\n'})),
    (architecture.kind_questions, dict(HEAD, **{
        "bert/data/b.py": 'TABLE = {"a_kind": 1}\n'})),
    (architecture.kind_questions, {
        "bert/data/b.py": "def f(head):\n  return head.is_per_word\n"}),
    (architecture.kind_questions, {"bert/serving/b.html": "if (about.head === 'x')"}),
    (architecture.commands_of_other_shapes, {
        "run_x.py": "def main(argv):\n  command.start_tensorflow()\n"
                    "  from bert import a\n  b = a.load()\n  a.run(b)\n"}),
    (architecture.commands_of_other_shapes, {
        "run_x.py": "def main(argv):\n  run(argv)\n"}),
    (architecture.outside_assignments, {
        "bert/data/b.py": "def f(tuning):\n  tuning.flags = 1\n"}),
    (architecture.outside_assignments, {
        "bert/data/b.py": "class A:\n  def f(self):\n"
                          "    self.owner.count += 1\n"}),
    (architecture.family_questions, dict(ENCODER, **{
        "bert/model/b.py": 'def f(name):\n  return name == "bert"\n'})),
    (architecture.family_questions, dict(ENCODER, **{
        "scripts/b.py": 'def f(name):\n  return name in ("x", "bert")\n'})),
    (architecture.family_questions, dict(ENCODER, **{
        "bert/model/b.py": 'TABLE = {"bert": 1}\n'})),
    (architecture.family_questions, {
        "bert/model/b.py": 'def f(x):\n  return x.startswith("bert/")\n'}),
    (architecture.family_questions, {
        "bert/model/b.py": 'PATTERN = r"(bert/embeddings|y)"\n'}),
    (architecture.family_questions, {
        "processors/b.py": 'X = "encoder/layer_%d/output"\n'}),
    (architecture.family_questions, {
        "bert/model/b.py": 'X = "y/pooler/dense"\n'}),
    (architecture.family_questions, {
        "bert/heads/b.py": 'X = ("[CLS]", "x")\n'}),
    (architecture.stray_options, {
        "scripts/b.py": "class A:\n  x: str = command_line.option(1, 'x')\n"})],
    ids=lambda value: getattr(value, "__name__", ""))
def test_rule_finds_an_offence(rule, sources):
  assert len(list(rule(sources))) == 1 or rule is architecture.import_cycles
  assert list(rule(sources))


def test_bert_may_be_named_where_it_is_not_asked_for():
  assert not list(architecture.family_questions(ENCODER))


def test_length_is_that_of_code_without_docstring():
  source = 'def f(x):\n  """One.\n\n  Two.\n  """\n  y = 1\n  return y\n'
  assert [lines for lines, _ in architecture.function_lengths(
      {"a.py": source})] == [3]


def test_kinds_and_old_names_are_not_counted():
  sources = {"bert/heads/m%d.py" % number: "" for number in range(30)}
  sources.update({"bert/%s.py" % name: "" for name in architecture.OLD_NAMES})
  sources.update({"bert/m%d.py" % number: "" for number in range(10)})
  assert not list(architecture.crowded_packages(
      dict(sources, **{"bert/__init__.py": ""})))
