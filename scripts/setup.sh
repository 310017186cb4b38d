#!/usr/bin/env bash
# Makes a virtual environment with everything the project and its tests need.
# Where that is there already, it says so and does nothing else, so that other
# scripts can run it first and then use "$VENV/bin/python".
#
#   VENV    folder of the environment; default: .venv in the project's root
#   PYTHON  a version (3.7), name (python3.7) or path; default: the first found
#           of the versions below
#
# Exits with 2 for a mistake, reported in one line, and with 1 if an installation
# fails.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
venv=${VENV:-$root/.venv}
[[ $venv == /* ]] || venv=$PWD/$venv
stamp=$venv/.setup-stamp  # "<unfinished|ready> <Python> <checksum>"
log=$venv/setup.log
versions="3.7 3.11 3.10 3.9 3.8"

die() {
  echo "setup.sh: $*" >&2
  exit 2
}

# Prints 3.7 for 3.7.16.
minor() {
  echo "$1" | cut -d. -f1-2
}

# Prints the version of the Python $1; fails where it does not run.
version_of() {
  "$1" -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])' \
    </dev/null 2>/dev/null | grep -xE '[0-9.]+'
}

can_make_venv() {
  "$1" -c 'import ensurepip, venv' </dev/null >/dev/null 2>&1
}

require_supported() {  # version, where it was requested
  case " $versions " in
    *" $(minor "$1") "*) ;;
    *) die "$2: needed is Python 3.7 to 3.11, as no other has a TensorFlow" \
      "with the Estimator; leave PYTHON out or try PYTHON=3.11" ;;
  esac
}

# Lists the files that may be a Python $1, best first; some may not even run.
candidates() {
  local pyenv=${PYENV_ROOT:-${HOME:-}/.pyenv}
  type -aP "python$(minor "$1")" python3 python || true
  printf '%s\n' "$pyenv"/versions/"$1"{,[.-]*}/bin/python | sort -Vr
}

# Sets $python to a Python $1 that runs and can make environments.
find_python() {
  local file found
  while read -r file; do
    # An activated, half-made environment must not be the base of itself.
    [[ $file != "$venv"/* ]] || continue
    found=$(version_of "$file") || continue
    [[ $found. == "$1".* ]] || continue
    python=$file
    can_make_venv "$file" && return
    without_venv=$file
  done < <(candidates "$1")
  return 1
}

# Sets $wanted to the version that PYTHON names, or to nothing.
read_wanted() {
  wanted=${PYTHON:-}
  wanted=${wanted#python}
  if [[ -z ${PYTHON:-} ]]; then
    return
  elif [[ $wanted =~ ^[0-9]+\.[0-9]+(\.[0-9]+)?$ ]]; then
    require_supported "$wanted" "PYTHON=$PYTHON is not supported"
  else
    wanted=$(version_of "$PYTHON") ||
      die "PYTHON=$PYTHON does not run; give a version, a name or a path," \
        "such as PYTHON=3.11"
    require_supported "$wanted" "PYTHON=$PYTHON is Python $wanted"
    wanted=$(minor "$wanted")
    python=$PYTHON
  fi
}

# Sets $python to the requested one, else to the first one found.
choose_python() {
  local version without_venv=""
  if [[ -n $python ]]; then
    can_make_venv "$python" && return
    without_venv=$python
  else
    for version in ${wanted:-$made_with $(default_versions)}; do
      find_python "$version" && return
    done
  fi
  [[ -z $without_venv ]] ||
    die "$without_venv cannot make virtual environments; on Debian and Ubuntu" \
      "run: apt install python$(minor "$(version_of "$without_venv")")-venv"
  die "found no Python ${wanted:-3.7 to 3.11}; install it, for instance with" \
    "pyenv: pyenv install ${wanted:-3.11}"
}

# TensorFlow 1.15 exists for one platform only.
default_versions() {
  if [[ $(uname -sm) == "Linux x86_64" ]]; then
    echo "$versions"
  else
    echo "${versions#3.7 }"
  fi
}

requirements_sum() {
  cat "$root"/requirements*.txt | cksum | tr -d ' '
}

write_stamp() {  # unfinished or ready
  local version
  version=$(version_of "$python")
  echo "$1 $(minor "$version") $(requirements_sum)" >"$stamp"
}

# Sets $state to ready (to use), stale (requirements changed), or unfinished.
read_state() {
  local sum="" version
  state=unfinished made_with=
  [[ ! -s $stamp ]] || read -r state made_with sum <"$stamp" || true
  [[ $state == ready ]] || return 0
  if ! version=$(version_of "$venv/bin/python"); then
    state=unfinished
  elif [[ -n $wanted && $version. != "$wanted".* ]]; then
    die "$venv was made with Python $version, but PYTHON=$PYTHON asks for" \
      "another; remove that folder or set VENV to a new one"
  elif [[ $sum != "$(requirements_sum)" ]]; then
    state=stale
  fi
}

exit_if_ready() {
  read_state
  if [[ $state == ready ]]; then
    echo "Nothing to set up: $venv is ready (Python $made_with)"
    exit 0
  fi
}

# Claims the folder, unless it is not ours, and makes other runs wait.
claim_folder() {
  if [[ ! -f $stamp && -n $(ls -A "$venv" 2>/dev/null) ]]; then
    die "$venv is not an environment made by this script; set VENV to another" \
      "folder"
  fi
  if ! { mkdir -p "$venv" && : >>"$stamp"; } 2>/dev/null; then
    die "cannot write to the folder $venv; set VENV to another one"
  fi
  if command -v flock >/dev/null; then
    exec 9>>"$stamp"
    flock -n 9 || { echo "Waiting for another setup.sh"; flock 9; }
  fi
}

# Runs a command whose output matters only when it fails.
quietly() {
  "$@" >>"$log" 2>&1 && return
  tail -n 20 "$log" >&2
  echo "setup.sh: failed: $*; the whole output is in $log" >&2
  exit 1
}

make_venv() {
  echo "Making $venv with Python $(version_of "$python") ($python)"
  write_stamp unfinished
  # The stamp stays, as it marks the folder as ours.
  find "$venv/" -mindepth 1 -maxdepth 1 ! -name "${stamp##*/}" \
    -exec rm -rf {} +
  quietly "$python" -m venv "$venv"
  python=$venv/bin/python
  # Older ones build seqeval in a way that fails today; 24.0 is the last for
  # Python 3.7.
  quietly "$python" -m pip install "pip>=23.1,<24.1"
  echo "Installing the requirements: about 2 GB, some minutes"
}

install() {
  write_stamp unfinished
  quietly "$python" -m pip install -r "$root/requirements-dev.txt"
  quietly "$python" -c "import tensorflow"
  write_stamp ready
}

main() {
  python=
  read_wanted
  exit_if_ready
  [[ $state == stale ]] || choose_python
  claim_folder
  # Another run may have ended while this one waited.
  exit_if_ready
  if [[ $state == stale ]]; then
    echo "Updating $venv: the requirements have changed"
    python=$venv/bin/python
  else
    [[ -n $python ]] || choose_python
    make_venv
  fi
  install
  echo "Set up $venv"
}

main
