#!/usr/bin/env bash
# Runs all tests, after setting up the environment. Arguments are passed to pytest:
#   scripts/test.sh -k golden
#   scripts/test.sh tests/test_modeling.py
# VENV and PYTHON are as in scripts/setup.sh.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
venv=${VENV:-$root/.venv}
[[ $venv == /* ]] || venv=$PWD/$venv

VENV=$venv "$root/scripts/setup.sh"
cd "$root"
export TF_CPP_MIN_LOG_LEVEL=${TF_CPP_MIN_LOG_LEVEL:-2}
# A file's tests share what they trained, so they stay in one process.
exec "$venv/bin/python" -m pytest --numprocesses=auto --maxprocesses=4 \
  --dist=loadfile "$@"
