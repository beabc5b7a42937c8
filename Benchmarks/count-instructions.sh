#!/usr/bin/env bash
# Counts the instructions that each pointwise kernel of the AVX2 table takes for eight elements, with
# callgrind, here and at another revision: what a kernel costs on a host whose core somebody else uses,
# too, and the same on every machine. AVX-512 cannot be counted: valgrind does not know it.
#
#   Benchmarks/count-instructions.sh [REVISION]      e.g. main
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
for tool in valgrind clang; do
  command -v $tool >/dev/null || { echo "count-instructions: needs $tool" >&2 && exit 1; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

count() { # FOLDER OF CKernels: lines "kernel instructions"
  clang -w -O3 -fno-omit-frame-pointer -falign-functions=64 -falign-loops=64 -I"$1/include" \
    Benchmarks/instructions.c "$1"/*.c -lm -o "$work/program"
  valgrind --quiet --tool=callgrind --callgrind-out-file="$work/profile" "$work/program" >"$work/elements"
  callgrind_annotate --inclusive=yes --threshold=100 "$work/profile" |
    sed -nE "s/^ *([0-9,]+) .*:count_([A-Za-z_]+).*/\2 \1/p" | tr -d , | sort -u |
    awk 'NR == FNR { elements[$1] = $2; next } $1 in elements { print $1, 8 * $2 / elements[$1] }' \
      "$work/elements" - | sort
}

count Sources/CKernels >"$work/here"
if [ $# = 0 ]; then
  awk '{ printf "%-32s %8.2f\n", $1, $2 }' "$work/here"
  exit
fi
mkdir "$work/other"
git archive "$1" Sources/CKernels | tar -x -C "$work/other"
count "$work/other/Sources/CKernels" >"$work/there"
printf '%-32s %8s %8s\n' "instructions for 8 elements" "$1" here
join "$work/there" "$work/here" | awk '
  { printf "%-32s %8.2f %8.2f  %.3f\n", $1, $2, $3, $3 / $2
    before += $2; after += $3; logs += log($3 / $2); rows++ }
  END { printf "all together %.3f, mean %.3f (geometric), %d kernels\n", after / before,
    exp(logs / rows), rows }'
