#!/bin/sh
# Makes the golden files of Tests/Golden, or with --check compares them with fresh ones.
# PyTorch and Keras go into .venv at the repository's root, which git ignores.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
venv="$here/../../.venv"
python="$venv/bin/python"
version=$(sed -n 's/^torch==//p' "$here/requirements.txt")

if [ ! -x "$python" ]; then
  echo "generate.sh: making a virtual environment in .venv" >&2
  python3 -m venv "$venv" || {
    rm -rf "$venv"
    echo "generate.sh: needs Python 3 with venv (Debian: python3-venv)" >&2
    exit 1
  }
fi

# Only the version before a "+" counts: 2.0 and 2.0+cpu compute the same.
query='from importlib.metadata import version; print(version("torch").split("+")[0])'
installed=$("$python" -c "$query" 2>/dev/null || true)
if [ "$installed" != "$version" ]; then
  echo "generate.sh: installing PyTorch $version (the CPU build where the package index has it)" >&2
  "$python" -m pip install --quiet --disable-pip-version-check "torch==$version+cpu" 2>/dev/null ||
    "$python" -m pip install --quiet --disable-pip-version-check -r "$here/requirements.txt"
fi

version=$(sed -n 's/^keras==//p' "$here/requirements.txt")
query='from importlib.metadata import version; print(version("keras"))'
if [ "$("$python" -c "$query" 2>/dev/null || true)" != "$version" ]; then
  echo "generate.sh: installing Keras $version" >&2
  "$python" -m pip install --quiet --disable-pip-version-check -r "$here/requirements.txt"
fi

# Keras keeps its settings in a file of the user's unless it is told of another place.
export KERAS_BACKEND=torch KERAS_HOME="$venv/keras"

# PyTorch and MKL choose kernels by the CPU's instruction set, which changes last digits; these
# settings ask both for the kernels that every x86-64 CPU has.
export ATEN_CPU_CAPABILITY=default MKL_CBWR=COMPATIBLE
PYTHONDONTWRITEBYTECODE=1 exec "$python" "$here/generate.py" "$@"
