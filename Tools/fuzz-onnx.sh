#!/bin/sh
# Gives the reader of ONNX files whatever bytes libFuzzer comes upon, runs what loads, under AddressSanitizer,
# and ends at the first trap or bad access, which it leaves in the scratch folder. Begins with the models of
# Tests/Golden/onnx.
#
#   Tools/fuzz-onnx.sh [SECONDS]    600 by default; what it found new is kept for the next run
set -eu

cd "$(dirname "$0")/.."
seconds=${1:-600}
scratch=${SCRATCH:-.build}/fuzz

# Of two options --sanitize only one reaches the Swift compiler, and not always the same.
build() {
  swift build --scratch-path "$scratch" -c release -Xswiftc -sanitize=address,fuzzer \
    -Xcc -fsanitize=address,fuzzer-no-link "$@"
}
build --target OnnxModels >&2
products=$(build --show-bin-path)

includes=
for folder in "$products/Modules" Sources/CBLAS Sources/CKernels/include \
  "$scratch"/checkouts/*/Sources/*/include; do
  includes="$includes -I $folder"
done
objects=
for module in CKernels LinAlg Recurrent Autodiff WholeFiles OnnxModels SwiftProtobuf \
  RealModule ComplexModule _NumericsShims; do
  objects="$objects $(find "$products/$module.build" -name '*.o' 2>/dev/null | tr '\n' ' ')"
done
# shellcheck disable=SC2046,SC2086 # lists of options
swiftc -O -parse-as-library -sanitize=fuzzer,address $includes Tests/Fuzz/OnnxReader.swift \
  $objects $(pkg-config --libs openblas lapacke) -o "$scratch/onnx-reader" 2>"$scratch/link.log" || {
  cat "$scratch/link.log" >&2
  exit 1
}

# Without counters in the reader libFuzzer sees only the file that calls it.
if ! grep -rq __sancov_cntrs "$products/OnnxModels.build" ||
  ! grep -rq __asan_report "$products/OnnxModels.build"; then
  echo "fuzz: OnnxModels was built without coverage or without AddressSanitizer" >&2
  exit 1
fi

corpus=$scratch/onnx
mkdir -p "$corpus"
python3 Tools/golden/onnx_models_of.py Tests/Golden/onnx "$corpus"
"$scratch/onnx-reader" -max_total_time="$seconds" -max_len=8192 -timeout=20 -rss_limit_mb=3000 \
  -artifact_prefix="$scratch/found-onnx-" "$corpus"
