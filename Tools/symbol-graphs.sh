#!/bin/sh
# Builds the libraries and extracts their symbol graphs, without SwiftPM's detour over every
# module of the package: seconds where they are built.
#
#   Tools/symbol-graphs.sh FOLDER    FOLDER receives MODULE.symbols.json and MODULE@OTHER.symbols.json
set -eu

cd "$(dirname "$0")/.."
out=$1
# Where the debug products are; `.ci/run` shares it with the tests.
scratch=${SCRATCH:-.build}

# Above all the others.
for product in Pictures ModelFiles OnnxModels; do
  swift build --scratch-path "$scratch" --product "$product" >&2
done
products=$(swift build --scratch-path "$scratch" --show-bin-path)
target=$(swift -print-target-info | sed -n 's/.*"unversionedTriple": "\(.*\)".*/\1/p')

# The C modules that ours import, and those of the packages that we use.
includes=
for folder in "$products/Modules" Sources/CBLAS Sources/CPNG Sources/CZLib Sources/CKernels/include \
  "$scratch"/checkouts/*/Sources/*/include; do
  includes="$includes -I $folder"
done
for module in LinAlg Recurrent Autodiff SequenceModels Pictures ModelFiles OnnxModels; do
  # shellcheck disable=SC2086 # $includes is a list of options.
  swift symbolgraph-extract -module-name "$module" -target "$target" $includes \
    -minimum-access-level public -skip-synthesized-members -pretty-print -output-dir "$out"
done
