#!/bin/sh
# Builds the libraries and extracts their symbol graphs, without SwiftPM's detour over every
# module of the package: seconds where they are built.
#
#   Tools/symbol-graphs.sh FOLDER    FOLDER receives MODULE.symbols.json and MODULE@OTHER.symbols.json
#   Tools/symbol-graphs.sh --modules    says which, each after those that it imports
#
# DistributedTraining only with TRAITS=Distributed in the environment: it is empty otherwise.
set -eu

cd "$(dirname "$0")/.."
modules='LinAlg Recurrent Autodiff SequenceModels Pictures ModelFiles OnnxModels'
# Above all the others. Targets and not products: SwiftPM builds for a library product all that the package
# depends on, such as swift-protobuf's compiler in C++, for minutes.
highest='Pictures ModelFiles OnnxModels'
flags=${BUILD_FLAGS:-}
mpi=
if [ "${TRAITS:-}" = Distributed ]; then
  modules="$modules DistributedTraining"
  highest="$highest DistributedTraining"
  flags="$flags --traits Distributed"
  mpi="-I Sources/CMPI $(pkg-config --cflags-only-I ompi-c)"
fi
if [ "$1" = --modules ]; then
  echo "$modules"
  exit
fi

out=$1
# Where the debug products are; `.ci/run` shares it with the tests.
scratch=${SCRATCH:-.build}

for module in $highest; do
  # shellcheck disable=SC2086 # $flags is a list of options.
  swift build --scratch-path "$scratch" $flags --target "$module" >&2
done
products=$(swift build --scratch-path "$scratch" --show-bin-path)
target=$(swift -print-target-info | sed -n 's/.*"unversionedTriple": "\(.*\)".*/\1/p')

# The C modules that ours import, and those of the packages that we use.
includes=$mpi
for folder in "$products/Modules" Sources/CBLAS Sources/CPNG Sources/CZLib Sources/CKernels/include \
  "$scratch"/checkouts/*/Sources/*/include; do
  includes="$includes -I $folder"
done
for module in $modules; do
  # shellcheck disable=SC2086 # $includes is a list of options.
  swift symbolgraph-extract -module-name "$module" -target "$target" $includes \
    -minimum-access-level public -skip-synthesized-members -pretty-print -output-dir "$out"
done
