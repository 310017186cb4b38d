"""The golden values of span extraction, and what reads them."""
import golden
from bert import tokenization
from bert.data.span_reader import SpanReader, SpanSettings


def path(*parts):
  return golden.path("squad", *parts)


def tokenizer(do_lower_case=True):
  return tokenization.FullTokenizer(path("vocab.txt"), do_lower_case)


def reader(flags, **changes):
  """A SpanReader by the flags of a golden run."""
  return SpanReader(
      tokenizer(flags["do_lower_case"]), SpanSettings(**dict(
          {name: flags[name] for name in SpanSettings._fields
           if name in flags}, **changes)))


def questions(name):
  """Id -> (question, context) of a golden file, in its order."""
  return {question["id"]: (question["question"], paragraph["context"])
          for article in golden.document("squad", name)["data"]
          for paragraph in article["paragraphs"]
          for question in paragraph["qas"]}


def flags_of(run, name):
  """The flags of a golden run, with paths that are there."""
  flags = dict(golden.document("squad", run)[name],
               vocab_file=path("vocab.txt"))
  flags = dict(flags.pop("flags", {}), **{
      key: value for key, value in flags.items()
      if key not in ("files", "said", "last_step")})
  for key in ("bert_config_file", "init_checkpoint"):
    flags[key] = path(flags.get(key, "bert_config.json"))
  return flags
