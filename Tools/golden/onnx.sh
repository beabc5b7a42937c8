#!/bin/sh
# Makes the files of Tests/Golden/onnx: ONNX's own cases, what ONNX Runtime computes for recurrent nodes drawn
# at random, and what PyTorch computes with models that it exports. Needs Python and a build of OnnxCases.
set -eu

cd "$(dirname "$0")/../.."
scratch=${SCRATCH:-.build}
venv=$scratch/onnx-golden-venv

[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
"$venv/bin/pip" install --quiet --disable-pip-version-check \
  --requirement Tools/golden/onnx-requirements.txt
swift build --scratch-path "$scratch" --product OnnxCases >&2
program=$(swift build --scratch-path "$scratch" --show-bin-path)/OnnxCases
# shellcheck disable=SC2046 # a list of names
PYTHONDONTWRITEBYTECODE=1 exec "$venv/bin/python" Tools/golden/onnx_golden.py Tests/Golden/onnx \
  $("$program" --operators)
