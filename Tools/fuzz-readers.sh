#!/bin/sh
# Gives the readers of word vectors' files whatever bytes libFuzzer comes upon, under AddressSanitizer, and
# ends at the first trap or bad access, which it leaves in the scratch folder.
#
#   Tools/fuzz-readers.sh [SECONDS]    600 by default; what it found new is kept for the next run
set -eu

cd "$(dirname "$0")/.."
seconds=${1:-600}
scratch=${SCRATCH:-.build}/fuzz

# Of two options --sanitize only one reaches the Swift compiler, and not always the same.
build() {
  swift build --scratch-path "$scratch" -c release -Xswiftc -sanitize=address,fuzzer \
    -Xcc -fsanitize=address,fuzzer-no-link "$@"
}
build --target SequenceModels >&2
products=$(build --show-bin-path)

includes=
for folder in "$products/Modules" Sources/CBLAS Sources/CKernels/include \
  "$scratch"/checkouts/*/Sources/*/include; do
  includes="$includes -I $folder"
done
objects=
for module in CKernels LinAlg Recurrent Autodiff WholeFiles Charts SequenceModels \
  RealModule ComplexModule _NumericsShims; do
  objects="$objects $(find "$products/$module.build" -name '*.o' 2>/dev/null | tr '\n' ' ')"
done
# shellcheck disable=SC2046,SC2086 # lists of options
swiftc -O -parse-as-library -sanitize=fuzzer,address $includes Tests/Fuzz/WordVectorReaders.swift \
  $objects $(pkg-config --libs openblas lapacke) -o "$scratch/readers" 2>"$scratch/link.log" || {
  cat "$scratch/link.log" >&2
  exit 1
}

# Without counters in the readers libFuzzer sees only the file that calls them.
if ! grep -rq __sancov_cntrs "$products/SequenceModels.build" ||
  ! grep -rq __asan_report "$products/SequenceModels.build"; then
  echo "fuzz: SequenceModels was built without coverage or without AddressSanitizer" >&2
  exit 1
fi

corpus=$scratch/word-vectors
mkdir -p "$corpus"
printf '@2 2\n</s> 0.5 -1e-3 \nthe 1 2 \n' >"$corpus/text"
printf 'B3 1\n<pad> 1\nb +2.5E+3\nc -0\n' >"$corpus/text-special"
printf 'A2 1\na \0\0\300\077b \0\0\300\077' >"$corpus/binary-gensim"
printf 'C2 2\na \0\0\300\077\0\0\200\277\nb \0\0\300\077\1\0\0\0\n' >"$corpus/binary"
"$scratch/readers" -max_total_time="$seconds" -max_len=4096 -timeout=10 -rss_limit_mb=2048 \
  -artifact_prefix="$scratch/found-" "$corpus"
