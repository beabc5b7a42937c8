#!/usr/bin/env bash
# Proves that `Bench check` finds a slowdown of 15 % in one kernel, and nothing where there is none: counts
# runs of the shipped sources and, between them, of copies with the slowdown planted (Benchmarks/planted).
# Exits with 0 if every run said what it should.
#
#   Benchmarks/prove-gate.sh [RUNS]     default 20 of each
#   KERNELS="lstm_forward_f32 …"        where to plant, in turns
#   BASELINE=file                       compare with this one instead of recording one first
#   SCRATCH=.build                      where to build; the copies go to $SCRATCH/prove-gate
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

runs=${1:-20}
read -ra kernels <<<"${KERNELS:-packed_product_f32 weight_gradient_f32 lstm_forward_f32 lstm_backward_f32}"
scratch=${SCRATCH:-.build}
work=$scratch/prove-gate
copy=$work/source
mkdir -p "$work"
work=$(cd "$work" && pwd)

build() { # FOLDER, SCRATCH
  swift build --package-path "$1" --scratch-path "$2" -c release --product Bench >"$work/build.log" 2>&1 ||
    { tail -20 "$work/build.log" && exit 1; }
}

echo "building the shipped sources" >&2
build . "$scratch"
cp "$scratch/release/Bench" "$work/Bench-clean"

mkdir -p "$copy"
git ls-files -z --cached --others --exclude-standard -- Package.swift Sources Tests Examples |
  while IFS= read -rd "" file; do if [ -f "$file" ]; then printf '%s\0' "$file"; fi; done |
  tar --null -T - -cf - | tar -xf - -C "$copy"

for kernel in "${kernels[@]}"; do
  echo "building a copy with 15 % planted in $kernel" >&2
  {
    echo "#define PLANT_$kernel"
    cat Benchmarks/planted/planted.inc
  } >"$copy/Sources/CKernels/planted.inc"
  table=$copy/Sources/CKernels/kernels_all.inc
  awk '/^const ck_kernels CK_TABLE = /{ print "#include \"planted.inc\"" }
       /^};$/ { print "PLANTED" } { print }' Sources/CKernels/kernels_all.inc >"$table"
  build "$copy" "$work/build"
  cp "$work/build/release/Bench" "$work/Bench-$kernel"
done

baseline=${BASELINE:-}
if [ -z "$baseline" ]; then
  baseline=$work/baseline.json
  rm -f "$baseline"
  echo "recording a baseline" >&2
  "$work/Bench-clean" check --record --baseline "$baseline" --quiet
fi

caught=0
passed=0
for ((i = 0; i < runs; i++)); do
  status=0
  "$work/Bench-clean" check --baseline "$baseline" --quiet >"$work/run.txt" 2>"$work/errors.txt" || status=$?
  if [ "$status" = 0 ]; then
    passed=$((passed + 1))
  else
    cat "$work/run.txt"
  fi
  printf 'run %d: clean: exit %d %s\n' $((i + 1)) "$status" "$(tail -1 "$work/errors.txt")"

  kernel=${kernels[i % ${#kernels[@]}]}
  status=0
  "$work/Bench-$kernel" check --baseline "$baseline" --quiet >"$work/run.txt" 2>"$work/errors.txt" ||
    status=$?
  # The right verdict for the wrong reason would prove nothing.
  if [ "$status" = 2 ] && grep -q "got slower: .*$kernel" "$work/errors.txt"; then
    caught=$((caught + 1))
  else
    cat "$work/run.txt"
  fi
  printf 'run %d: 15 %% in %s: exit %d %s\n' $((i + 1)) "$kernel" "$status" "$(tail -1 "$work/errors.txt")"
done

echo "clean runs that passed: $passed of $runs; planted slowdowns that were caught: $caught of $runs"
[ "$passed" = "$runs" ] && [ "$caught" = "$runs" ]
