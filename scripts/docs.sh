#!/usr/bin/env bash
# Builds the site of docs/ in SITE, in an environment with MkDocs.
#   SITE    default: output/site
#   VENV    folder of the environment; default: .venv-docs in the project's root
#   PYTHON  Python 3.10 or later; default: python3.11
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
venv=${VENV:-$PWD/.venv-docs}
if [[ ! -x $venv/bin/mkdocs ]]; then
  "${PYTHON:-python3.11}" -m venv "$venv"
  "$venv/bin/python" -m pip install --quiet -r requirements-docs.txt
fi
"$venv/bin/mkdocs" build --strict --site-dir "${SITE:-output/site}"
