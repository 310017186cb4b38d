"""The rules of the house, as functions of {path: source}; each returns offences.

docs/architecture.md has the floors in words.
"""
import ast
import re

# From the ground up; a module may import from its own floor and those below.
FLOORS = ("ground", "common", "options", "data", "evaluation", "encoders",
          "heads", "model", "interchange", "serving", "server", "training",
          "cross_validation", "search", "pretraining", "thin", "commands")
GROUND = ("bert.modeling", "bert.optimization", "bert.tokenization")
# The reference release's names: modules that replace them, and drop-ins.
OLD_NAMES = ("run_classifier", "run_squad", "run_pretraining",
             "create_pretraining_data", "extract_features", "modeling",
             "optimization", "tokenization")
MAX_DIRECT_FILES = 10
MAX_PACKAGE_FILES = 18
# Packages with a file a kind, however many.
KIND_PACKAGES = ("bert/heads", "bert/encoders")
# Names of BERT's variables, as text begins with them or holds them.
VARIABLES = re.compile(
    r"\(?(bert/(?!\S*\.py)|(\S*/)?encoder/layer_|(\S*/)?pooler/)")
SPECIAL_TOKENS = ("[CLS]", "[SEP]")
MAX_FUNCTION_LINES = 45
MAX_P90_LINES = 25

# Variables whose attributes may be set from outside, by module: messages and
# objects of libraries, and a copy that nobody else has yet.
SETTABLE = {
    "bert.common.command": ("logger",),
    "bert.evaluation.plots": ("values",),
    "bert.model.estimator": ("config", "rewrite"),
    "bert.model.onnx_files": ("value",),
    "bert.modeling": ("config", "_draws"),
    "bert.optimization": ("optimizer",),
    "bert.search.study": ("self.optuna",),
    "bert.server.grpc_server": ("response", "spec"),
    "bert.server.http.server": ("channel", "each")}


def module_of(path):
  """bert/data/records.py -> bert.data.records."""
  name = path[:-len(".py")].replace("/", ".")
  return name[:-len(".__init__")] if name.endswith(".__init__") else name


def floor_of(module):
  """The floor of a module of bert/; None for other modules."""
  parts = module.split(".")
  if parts[0] != "bert":
    return None
  if module in GROUND:
    return "ground"
  if len(parts) > 1 and parts[1] in FLOORS:
    return parts[1]
  return "thin"


def imports_of(path, source, modules):
  """Yields (line, module) of the project's modules that a file imports."""
  for node in ast.walk(ast.parse(source)):
    if isinstance(node, ast.Import):
      for alias in node.names:
        if alias.name in modules:
          yield node.lineno, alias.name
    elif isinstance(node, ast.ImportFrom) and node.module:
      for alias in node.names:
        inner = "%s.%s" % (node.module, alias.name)
        if inner in modules:
          yield node.lineno, inner
        elif node.module in modules:
          yield node.lineno, node.module


def upward_imports(sources):
  """Imports that go up a floor, and those of processors beside its own.

  What is thin stands over all floors, and over processors.
  """
  modules = {module_of(path) for path in sources}
  for path, source in sorted(sources.items()):
    floor = floor_of(module_of(path))
    for line, imported in imports_of(path, source, modules):
      other = floor_of(imported)
      where = "%s:%d imports %s" % (path, line, imported)
      if floor == "ground":
        yield where
      elif floor and other is None:
        if floor != "thin" or not imported.startswith("processors"):
          yield where
      elif floor and FLOORS.index(other) > FLOORS.index(floor):
        yield where
      elif path.startswith("processors/") and other and other not in (
          "common", "data"):
        yield where


def import_cycles(sources):
  """Modules of bert/ and processors/ that import themselves in the end."""
  modules = {module_of(path): path for path in sources
             if path.startswith(("bert/", "processors/"))}
  graph = {name: {imported for _, imported in imports_of(
      path, sources[path], modules)} - {name} for name, path in modules.items()}
  for name in sorted(graph):
    reached, todo = set(), list(graph[name])
    while todo:
      other = todo.pop()
      if other not in reached:
        reached.add(other)
        todo += graph[other]
    if name in reached:
      yield "%s is in an import cycle" % name


def crowded_packages(sources):
  """Packages of bert/ with too many modules, __init__ not counted; directly in
  bert/, the reference release's names are not either."""
  counts = {}
  for path in sources:
    folder, _, name = path.rpartition("/")
    if folder in KIND_PACKAGES or not folder.startswith("bert") or (
        name == "__init__.py") or (
            folder == "bert" and name[:-len(".py")] in OLD_NAMES):
      continue
    counts[folder] = counts.get(folder, 0) + 1
  for folder, count in sorted(counts.items()):
    most = MAX_DIRECT_FILES if folder == "bert" else MAX_PACKAGE_FILES
    if count > most:
      yield "%s has %d modules, at most %d are allowed" % (folder, count, most)


def busy_inits(sources):
  """Packages whose __init__ is more than a sentence."""
  for path, source in sorted(sources.items()):
    if path.startswith("bert/") and path.endswith("/__init__.py"):
      body = ast.parse(source).body
      is_sentence = len(body) == 1 and isinstance(body[0], ast.Expr)
      if path != "bert/__init__.py" and not is_sentence:
        yield "%s is more than one docstring" % path


def function_lengths(sources):
  """Yields (lines, file:line name) of functions, docstrings not counted."""
  for path, source in sorted(sources.items()):
    for node in ast.walk(ast.parse(source)):
      if isinstance(node, ast.FunctionDef):
        lines = _last_line(node) - node.lineno + 1
        if ast.get_docstring(node) is not None:
          body = node.body
          after = body[1].lineno if len(body) > 1 else _last_line(node) + 1
          lines -= after - _first_line(node, source)
        yield lines, "%s:%d %s" % (path, node.lineno, node.name)


def _last_line(node):
  return max(getattr(each, "lineno", 0) for each in ast.walk(node))


def _first_line(node, source):
  """The line on which a function's docstring begins."""
  lines = source.split("\n")
  number = node.lineno
  while '"""' not in lines[number - 1]:
    number += 1
  return number


def declared(sources, package, attribute):
  """The names that classes of a package declare by an attribute."""
  found = set()
  for path, source in sources.items():
    if path.startswith(package):
      found.update(re.findall(r'^  %s = "(\w+)"' % attribute, source, re.M))
  return found


def kind_questions(sources):
  """Comparisons with a kind's name outside bert/heads, and the like."""
  kinds = declared(sources, "bert/heads/", "kind")
  for path, source in sorted(sources.items()):
    if path.startswith(("bert/heads/", "benchmarks/")):
      continue
    if path.endswith(".html"):
      for match in re.finditer(r"\.head\s*[=!]==?", source):
        yield "%s asks %s" % (path, match.group())
      continue
    yield from questions_of(path, source, kinds)
    for node in ast.walk(ast.parse(source)):
      if isinstance(node, ast.Attribute) and re.match(
          r"is_(per_word|pooled|tagging|regression|classification)$",
          node.attr):
        yield "%s:%d asks .%s" % (path, node.lineno, node.attr)


def questions_of(path, source, names):
  """Comparisons with one of some names, and tables by them."""
  for node in ast.walk(ast.parse(source)):
    if isinstance(node, ast.Compare):
      held = {each.s for side in [node.left] + node.comparators
              for each in ast.walk(side) if isinstance(each, ast.Str)}
      verb = "compares with"
    elif isinstance(node, ast.Dict):
      held = {key.s for key in node.keys if isinstance(key, ast.Str)}
      verb = "has a table by"
    else:
      continue
    if held & names:
      yield "%s:%d %s %s" % (path, node.lineno, verb, sorted(held & names))


def family_questions(sources):
  """What asks for a family of encoders by name outside bert/encoders, or names
  a family's variables or special tokens itself."""
  families = declared(sources, "bert/encoders/", "family")
  for path, source in sorted(sources.items()):
    if not path.endswith(".py") or path.startswith("bert/encoders/"):
      continue
    yield from questions_of(path, source, families)
    if path in ["bert/%s.py" % name for name in OLD_NAMES]:
      continue
    for line, text in texts_of(source):
      # Scripts that make a vocabulary of BERT's may name its tokens.
      is_token = text in SPECIAL_TOKENS and not path.startswith(
          ("bert/data/layouts", "scripts/"))
      if is_token or VARIABLES.match(text):
        yield "%s:%d names %r" % (path, line, text)


def texts_of(source):
  """Yields (line, text) of literals that are no docstrings."""
  tree = ast.parse(source)
  prose = {id(node.value) for node in ast.walk(tree)
           if isinstance(node, ast.Expr)}
  for node in ast.walk(tree):
    if isinstance(node, ast.Str) and id(node) not in prose:
      yield node.lineno, node.s


def stray_options(sources):
  """Flags that are declared elsewhere than in the modules of options."""
  for path, source in sorted(sources.items()):
    if path.startswith("bert/options/") or (
        path == "bert/common/command_line.py"):
      continue
    for node in ast.walk(ast.parse(source)):
      if isinstance(node, ast.Call):
        function = node.func
        name = getattr(function, "id", getattr(function, "attr", ""))
        if name == "option":
          yield "%s:%d declares a flag" % (path, node.lineno)


def outside_assignments(sources):
  """Attributes that bert/ sets of another object than its own."""
  for path, source in sorted(sources.items()):
    if not path.startswith("bert/"):
      continue
    settable = SETTABLE.get(module_of(path), ())
    for node in ast.walk(ast.parse(source)):
      if isinstance(node, ast.Attribute) and not isinstance(
          node.ctx, ast.Load):
        owner = _name_of(node.value)
        if owner not in ("self", "cls") and not any(
            (owner + ".").startswith(name + ".") for name in settable):
          yield "%s:%d sets %s.%s" % (path, node.lineno, owner, node.attr)


def _name_of(node):
  """The expression of an attribute's owner, without calls and indices."""
  if isinstance(node, ast.Attribute):
    return "%s.%s" % (_name_of(node.value), node.attr)
  if isinstance(node, (ast.Subscript, ast.Call)):
    return _name_of(getattr(node, "value", None) or node.func)
  return getattr(node, "id", "")


def commands_of_other_shapes(sources):
  """Commands that do more than parse, check and call one function."""
  for path, source in sorted(sources.items()):
    if "/" in path:
      continue
    for node in ast.parse(source).body:
      if isinstance(node, ast.FunctionDef) and node.name == "main":
        if not _calls_one_function(node.body):
          yield "%s: main does not end in the call of one function" % path


def _calls_one_function(body):
  """Whether imports and one call follow where TensorFlow is imported."""
  starts = [index for index, each in enumerate(body)
            if isinstance(each, ast.Expr) and isinstance(each.value, ast.Call)
            and getattr(each.value.func, "attr", "") == "start_tensorflow"]
  if len(starts) != 1:
    return False
  *imports, last = body[starts[0] + 1:] or [None]
  return (all(isinstance(each, ast.ImportFrom) for each in imports) and
          isinstance(last, ast.Expr) and isinstance(last.value, ast.Call))
