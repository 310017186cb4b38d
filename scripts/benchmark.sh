#!/usr/bin/env bash
# Compares this project with transformers; writes benchmarks/results.md.
#   scripts/benchmark.sh                 all sections, some hours
#   scripts/benchmark.sh steps records   only these
#   scripts/benchmark.sh --quick         only checks that everything runs
#   scripts/benchmark.sh --help          sections and options
# The first call makes the environments that it needs.
# PyTorch's build without CUDA is much smaller than the usual one and enough for
# this: set PIP_EXTRA_INDEX_URL to its index to get it.
#   BERT_BASE_DIR      folder of a released BERT; records, finetune and ablations
#   DATA_DIR           folder with the folders cola and mrpc; the same sections
#   The section workers also needs scripts/setup_distributed.sh, run once with
#   VENV set to each of the environments tf1 and tf2.
#   CORPUS_FILE        text of scripts/prepare_corpus.py; instances
#   BENCHMARK_VENVS    folder of the environments; default: .venv-benchmark
#   BENCHMARK_OUT      folder of raw measurements; default: benchmarks/out
#   BENCHMARK_RESULTS  file of the report; default: benchmarks/results.md, or
#                      results.md in BENCHMARK_OUT where that is set
#   TF1_PYTHON, TF2_PYTHON, PEER_PYTHON  interpreters to use as they are
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
venvs=${BENCHMARK_VENVS:-$root/.venv-benchmark}
[[ $venvs == /* ]] || venvs=$PWD/$venvs

make_ours() {  # name, version of Python
  VENV=$venvs/$1 PYTHON=$2 "$root/scripts/setup.sh" >&2
  echo "$venvs/$1/bin/python"
}

make_peer() {
  local requirements=$root/benchmarks/requirements.txt peer=$venvs/peer
  if ! cmp -s "$requirements" "$peer/requirements.txt"; then
    echo "Making $peer: some GB, some minutes" >&2
    "$TF2_PYTHON" -m venv --clear "$peer" >&2
    "$peer/bin/python" -m pip install --quiet -r "$requirements" >&2
    cp "$requirements" "$peer/requirements.txt"  # Last: marks it as complete.
  fi
  echo "$peer/bin/python"
}

TF2_PYTHON=${TF2_PYTHON:-$(make_ours tf2 3.11)}
export TF2_PYTHON
if [[ " $* " != *" --help "* && " $* " != *" -h "* ]]; then
  TF1_PYTHON=${TF1_PYTHON:-$(make_ours tf1 3.7)}
  PEER_PYTHON=${PEER_PYTHON:-$(make_peer)}
  export TF1_PYTHON PEER_PYTHON
fi
cd "$root"
exec "$TF2_PYTHON" -m benchmarks.run "$@"
