#!/usr/bin/env bash
# Builds Horovod for --use_horovod, in the environment of scripts/setup.sh, which it
# makes first. If Horovod is installed already, does nothing else.
#
#   VENV, PYTHON   as in scripts/setup.sh
#   HOROVOD_...    settings of Horovod's own build, such as
#                  HOROVOD_GPU_OPERATIONS=NCCL; default: for CPUs, with Gloo
#   WHEELS         folder that keeps the built wheel, for other environments;
#                  default: bert-horovod in the user's cache
#
# Needs cmake and g++, some minutes, and 2 GB of memory. Exits with 2 for a mistake,
# reported in one line, and with 1 if the build fails.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
venv=${VENV:-$root/.venv}
[[ $venv == /* ]] || venv=$PWD/$venv
python=$venv/bin/python
log=$venv/setup_distributed.log
wheels=${WHEELS:-${XDG_CACHE_HOME:-$HOME/.cache}/bert-horovod}
requirements=$root/requirements-distributed.txt

die() {
  echo "setup_distributed.sh: $*" >&2
  exit 2
}

# Runs a command whose output matters only when it fails.
quietly() {
  "$@" >>"$log" 2>&1 && return
  tail -n 20 "$log" >&2
  echo "setup_distributed.sh: failed: $*; the whole output is in $log" >&2
  exit 1
}

works() {
  "$python" -c "import horovod.tensorflow" >/dev/null 2>&1
}

# Prints a name that differs for different builds.
build_name() {
  local versions
  versions=$("$python" -c "import sys, tensorflow as tf
print(sys.version_info[:2], tf.__version__)" 2>/dev/null)
  { echo "$versions" && cat "$requirements" && env | grep ^HOROVOD_ | sort; } |
    cksum | tr -d ' '
}

VENV=$venv "$root/scripts/setup.sh"
if works; then
  echo "Nothing to build: $venv has Horovod"
  exit 0
fi
export HOROVOD_WITH_TENSORFLOW=1
if [[ -z ${HOROVOD_WITH_MPI:-} ]]; then
  export HOROVOD_WITHOUT_MPI=1 HOROVOD_WITH_GLOO=1
fi
folder=$wheels/$(build_name)
if ! compgen -G "$folder/horovod-*.whl" >/dev/null; then
  for program in cmake g++; do
    command -v "$program" >/dev/null ||
      die "needs $program to build Horovod; on Debian and Ubuntu run:" \
        "apt install cmake g++"
  done
  echo "Building Horovod: some minutes"
fi
# Requirements of the build, which is not isolated, as it needs TensorFlow.
quietly "$python" -m pip install wheel "setuptools<70" packaging \
  -r <(grep -v ^horovod "$requirements")
if ! compgen -G "$folder/horovod-*.whl" >/dev/null; then
  quietly "$python" -m pip wheel --no-cache-dir --no-build-isolation --no-deps \
    --wheel-dir "$folder.partial" "$(grep ^horovod "$requirements")"
  rm -rf "$folder"
  mv "$folder.partial" "$folder"
fi
quietly "$python" -m pip install --no-deps --force-reinstall "$folder"/*.whl
works || die "Horovod was installed, but can't be imported; see: $python -c" \
  "'import horovod.tensorflow'"
echo "Set up Horovod in $venv"
