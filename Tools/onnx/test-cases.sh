#!/bin/sh
# Runs ONNX's own cases of the operators that OnnxModels has, and prints for each operator how many of them
# pass, fail and are refused. Fails if one fails.
#
#   Tools/onnx/test-cases.sh [OPERATOR…]    all operators by default
set -eu

cd "$(dirname "$0")/../.."
scratch=${SCRATCH:-.build}
venv=$scratch/onnx-venv
cases=$scratch/onnx-cases

[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
"$venv/bin/pip" install --quiet --disable-pip-version-check --requirement Tools/onnx/requirements.txt
swift build --scratch-path "$scratch" --product OnnxCases >&2
program=$(swift build --scratch-path "$scratch" --show-bin-path)/OnnxCases

rm -rf "$cases"
# shellcheck disable=SC2046 # a list of names
"$venv/bin/python" Tools/onnx/node_cases.py "$cases" $("$program" --operators)
status=0
"$program" "$cases" "$@" || status=1

# What this package writes, another runtime must run with the same results.
rm -rf "$scratch/onnx-written"
"$program" --write "$scratch/onnx-written"
"$venv/bin/python" Tools/onnx/run_in_onnxruntime.py "$scratch/onnx-written" || status=1
exit $status
