#!/bin/sh
# Gives the readers of files whatever bytes libFuzzer comes upon, under AddressSanitizer, and ends at the first
# trap or bad access, which it leaves in the scratch folder.
#
#   Tools/fuzz-readers.sh [READER] [SECONDS]    all readers one after the other, and 600 s each, unless told
#   Tools/fuzz-readers.sh READER keep           adds to the committed corpus the smallest finds
#
# Readers: word-vectors safetensors npy npz pytorch onnx. What a run finds is kept in the scratch folder for the next.
set -eu

cd "$(dirname "$0")/.."
all='word-vectors safetensors npy npz pytorch onnx'
case ${1-} in
  '' | [0-9]*) readers=$all ;;
  *)
    case " $all " in
      *" $1 "*) readers=$1 ;;
      *)
        echo "fuzz-readers: no reader '$1', there are: $all" >&2
        exit 64
        ;;
    esac
    shift
    ;;
esac
seconds=${1:-600}
scratch=${SCRATCH:-.build}/fuzz

# Of two options --sanitize only one reaches the Swift compiler, and not always the same.
build() {
  swift build --scratch-path "$scratch" -c release -Xswiftc -sanitize=address,fuzzer \
    -Xcc -fsanitize=address,fuzzer-no-link "$@"
}
build --target ModelFiles >&2
build --target OnnxModels >&2
products=$(build --show-bin-path)

includes=
for folder in "$products/Modules" Sources/CBLAS Sources/CZLib Sources/CKernels/include \
  "$scratch"/checkouts/*/Sources/*/include; do
  includes="$includes -I $folder"
done
objects=
for module in CKernels LinAlg Recurrent Autodiff WholeFiles Charts SequenceModels ModelFiles \
  OnnxModels SwiftProtobuf RealModule ComplexModule _NumericsShims; do
  objects="$objects $(find "$products/$module.build" -name '*.o' 2>/dev/null | tr '\n' ' ')"
done
# shellcheck disable=SC2046,SC2086 # lists of options
swiftc -O -parse-as-library -sanitize=fuzzer,address $includes \
  Tests/Fuzz/*.swift $objects \
  $(pkg-config --libs openblas lapacke zlib) -o "$scratch/readers" 2>"$scratch/link.log" || {
  cat "$scratch/link.log" >&2
  exit 1
}

# Without counters in the readers libFuzzer sees only the file that calls them.
for module in SequenceModels ModelFiles OnnxModels; do
  if ! grep -rq __sancov_cntrs "$products/$module.build" ||
    ! grep -rq __asan_report "$products/$module.build"; then
    echo "fuzz: $module was built without coverage or without AddressSanitizer" >&2
    exit 1
  fi
done

# What a reader begins with: goldens and committed finds.
seed() {
  case $1 in
    word-vectors)
      printf '@2 2\n</s> 0.5 -1e-3 \nthe 1 2 \n' >"$2/text"
      printf 'B3 1\n<pad> 1\nb +2.5E+3\nc -0\n' >"$2/text-special"
      printf 'A2 1\na \0\0\300\077b \0\0\300\077' >"$2/binary-gensim"
      printf 'C2 2\na \0\0\300\077\0\0\200\277\nb \0\0\300\077\1\0\0\0\n' >"$2/binary"
      ;;
    onnx) python3 Tools/golden/onnx_models_of.py Tests/Golden/onnx "$2" ;;
    pytorch) cp Tests/Golden/files/*.pt "$2" ;;
    *) cp Tests/Golden/files/*."$1" "$2" ;;
  esac
  if [ -d "Tests/Golden/fuzz/$1" ]; then cp "Tests/Golden/fuzz/$1"/* "$2"; fi
}

for reader in $readers; do
  corpus=$scratch/$reader
  mkdir -p "$corpus"
  export FUZZED_READER="$reader"
  if [ "$seconds" = keep ]; then
    # Of the small finds, which together reach as much as they all do, the sixty smallest.
    kept=Tests/Golden/fuzz/$reader
    rm -rf "$scratch/small-$reader" "$scratch/kept-$reader"
    mkdir -p "$kept" "$scratch/small-$reader" "$scratch/kept-$reader"
    find "$corpus" -type f -size -5 -exec cp {} "$scratch/small-$reader" \;
    "$scratch/readers" -merge=1 -max_len=2048 "$scratch/kept-$reader" "$scratch/small-$reader"
    find "$scratch/kept-$reader" -type f -exec wc -c {} + | grep -v ' total$' | sort -n | head -n 60 |
      while read -r _ file; do cp "$file" "$kept"; done
    continue
  fi
  seed "$reader" "$corpus"
  echo "fuzz-readers: $reader for $seconds s" >&2
  "$scratch/readers" -max_total_time="$seconds" -max_len=16384 -timeout=10 -rss_limit_mb=2048 \
    -artifact_prefix="$scratch/found-$reader-" "$corpus"
done
