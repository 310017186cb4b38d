"""Hooks of MkDocs for the site of docs/ (mkdocs.yml): a first page, and no links
to files that are not pages.
"""

import os
import re

_ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
# [text](../path), to a file of the repository.
_LINK = re.compile(r"\[([^\]]+)\]\((?:\.\./)+([^)]*)\)")
_IMAGE = re.compile(r"(!\[[^\]]*\]\()docs/")
_DOC_LINK = re.compile(r"\]\(docs/([^)]+)\)")
_FILE_LINK = re.compile(r"(?<!!)\[([^\]]+)\]\((?!https?:|#)(?!docs/)[^)]+\)")
_PAGES = {"index.md": "README.md", "zh/quickstart.md": "README.zh-CN.md"}


def on_files(files, config):
  """Adds the READMEs as pages; called by MkDocs."""
  from mkdocs.structure.files import File
  for page, source in _PAGES.items():
    with open(os.path.join(_ROOT, source), encoding="utf-8") as reader:
      files.append(File.generated(config, page, content=of_readme(
          reader.read(), "../" * page.count("/"))))
  return files


def on_page_markdown(markdown, page, config, files):
  """Shows the names of files that are no pages; called by MkDocs."""
  del config, files
  # Those of docs/zh/ have links to the pages above them.
  if page.file.src_uri in _PAGES or page.file.src_uri.startswith("zh/"):
    return markdown
  return _LINK.sub(_to_name, markdown)


def of_readme(text, up):
  """Returns a README as a page of docs/, so many folders below it."""
  text = _FILE_LINK.sub(r"\1", text)
  text = _IMAGE.sub(r"\1" + up, text)
  return _DOC_LINK.sub(r"](" + up + r"\1)", text)


def _to_name(match):
  text, path = match.groups()
  return text if text == path else "%s (`%s`)" % (text, path)
