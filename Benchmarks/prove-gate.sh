#!/usr/bin/env bash
# Proves that `Bench check --against` finds a slowdown of 10 % in one kernel, names it, and finds nothing
# where there is none. Exits with 0 if every run said what it should.
#
#   clean     the sources against themselves, built by the gate      must pass
#   busy      the same while another process streams memory          must pass
#   planted   a kernel with 10 % planted, families in turn           must exit with 2 and name that kernel
#   unrelated a copy with one more C function before all others      must pass
#
#   Benchmarks/prove-gate.sh
#   CLEAN=40 BUSY=10 PLANTED=20 UNRELATED=3   how many runs of each
#   KERNELS="lstm_forward …"                  where to plant
#   SCRATCH=.build                            where to build; all else goes to $SCRATCH/prove-gate
#
# What has run is in $SCRATCH/prove-gate/log, by the sources' fingerprint: a run that was stopped goes on
# where it was.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

read -ra kernels <<<"${KERNELS:-packed_product lstm_forward weight_gradient program gru_after_backward column_sums standardize lstm_backward softmax_rows adam}"
scratch=${SCRATCH:-.build}
work=$scratch/prove-gate
mkdir -p "$work/programs"
work=$(cd "$work" && pwd)
log=$work/log
touch "$log"

# Everything that Bench is made of, as it is now.
sources() { git ls-files -z --cached --others --exclude-standard -- Package.swift Sources Tests Examples; }
fingerprint=$(sources | while IFS= read -rd '' file; do if [ -f "$file" ]; then printf '%s\0' "$file"; fi; done |
  xargs -0 sha256sum | sha256sum | cut -c 1-12)

# The kernels' sources that are changed, compiled and linked with the commands of the build as it is.
copy=$work/source

# build NAME [COMMAND]: Bench of the sources, or with kernels that COMMAND has changed; kept.
build() {
  program=$work/programs/$fingerprint-$1
  if [ -x "$program" ]; then return; fi
  echo "building $1" >&2
  if [ $# = 1 ]; then
    cp "$scratch/release/Bench" "$program.partial"
  else
    rm -rf "$copy"
    mkdir -p "$copy/Sources" "$work/objects"
    cp -R Sources/CKernels "$copy/Sources"
    (cd "$copy" && "${@:2}")
    compile "$program.partial"
  fi
  mv "$program.partial" "$program"
}

compile() { # PROGRAM
  local line list=$work/objects/list
  sed "s|^.*/CKernels.build/|$work/objects/|" "$scratch/release/Bench.product/Objects.LinkFileList" >"$list"
  while read -r line; do compile_one "$line"; done < <(grep -E '^ *args: .*"-c","[^"]*/Sources/CKernels/' "$manifest")
  if [ -e "$copy/Sources/CKernels/unrelated.c" ]; then
    line=$(grep -E '^ *args: .*"-c","[^"]*/Sources/CKernels/processor.c"' "$manifest")
    compile_one "${line//processor.c/unrelated.c}"
    # Before the others, so that they move.
    sed -i "1i $work/objects/unrelated.c.o" "$list"
  fi
  line=$(grep -E '^ *args: .*"-o","[^"]*/release/Bench",.*"-emit-executable"' "$manifest")
  command_of "$(sed -E "s|\"-o\",\"[^\"]*\"|\"-o\",\"$1\"|; s|\"@[^\"]*\"|\"@$list\"|" <<<"$line")"
}
compile_one() { # a line of the manifest
  command_of "$(sed -E "s|$PWD/Sources/CKernels|$copy/Sources/CKernels|g; s|\"[^\"]*/CKernels.build/|\"$work/objects/|g" <<<"$1")"
}
command_of() { # a line `args: ["program","argument",…]` of the manifest
  local words
  words=$(sed -E 's/^ *args: \["//; s/"\]$//; s/","/\n/g' <<<"$1")
  mapfile -t words <<<"$words"
  "${words[@]}" >>"$work/build.log" 2>&1 || { tail -20 "$work/build.log" >&2 && exit 1; }
}

plant() { # KERNEL
  local file
  file=$(grep -l "void KERNEL($1)(" Sources/CKernels/*.inc)
  { printf '#define PLANTED_PERCENT 10\n' && cat "$repository/Benchmarks/planted.h"; } \
    >Sources/CKernels/planted.h
  awk -v kernel="$1" '
    NR == 1 { print "#include \"planted.h\"" }
    $0 ~ "void KERNEL\\(" kernel "\\)\\(" { inside = 1 }
    inside && sub(/\) \{/, ") { PLANTED") { inside = 0; planted = 1 }
    { print }
    END { exit !planted }' "$repository/$file" >"$file"
}
unrelated() {
  cat >Sources/CKernels/unrelated.c <<'END'
#include <stddef.h>

int ck_unrelated(const int *x, size_t n);
int ck_unrelated(const int *x, size_t n) {
  int sum = 0;
  for (size_t i = 0; i < n; i++)
    sum = sum * 31 + x[i];
  return sum;
}
END
}
repository=$PWD

# run KIND PRESENT OTHER WANTED: one check, logged.
run() {
  local kind=$1 wanted=$4 status=0 start=$SECONDS verdict=wrong message slower
  "$2" check --against "$3" --quiet >"$work/run.txt" 2>"$work/errors.txt" || status=$?
  message=$(tail -1 "$work/errors.txt")
  if [ "$wanted" = pass ]; then
    if [ "$status" = 0 ]; then verdict=right; fi
  else
    # The right verdict for the wrong reason would prove nothing: some row of this kernel must be slower.
    slower=$(grep -E 'SLOWER$' "$work/run.txt" | grep -cE "^$wanted f32 " || true)
    if [ "$status" = 2 ] && [ "$slower" -gt 0 ]; then verdict=right; fi
  fi
  if [ $verdict = wrong ]; then cp "$work/run.txt" "$work/wrong-$(date +%s)-$kind.txt"; fi
  printf '%s\t%s\t%s\texit %d\t%d s\tload %s\t%s\t%s\n' "$fingerprint" "$kind" $verdict "$status" \
    $((SECONDS - start)) "$(cut -d ' ' -f 1 /proc/loadavg 2>/dev/null || echo '?')" "$wanted" \
    "${message//$work\/programs\//}" | tee -a "$log"
}
count() { # KIND VERDICT
  awk -F '\t' -v f="$fingerprint" -v k="$1" -v v="$2" '$1 == f && $2 == k && $3 == v' "$log" | wc -l
}
done_of() { awk -F '\t' -v f="$fingerprint" -v k="$1" '$1 == f && $2 == k' "$log" | wc -l; }

manifest=$scratch/release.yaml
swift build --scratch-path "$scratch" -c release --product Bench >"$work/build.log" 2>&1 ||
  { tail -20 "$work/build.log" >&2 && exit 1; }
build clean
clean=$program
# The same sources, built by the gate's own way, where they are a commit; else the same program.
again=$clean
if [ -z "$(git status --porcelain -- Package.swift Sources)" ]; then again=HEAD; fi

for ((i = $(done_of planted); i < ${PLANTED:-20}; i++)); do
  kernel=${kernels[i % ${#kernels[@]}]}
  build "$kernel" plant "$kernel"
  run planted "$program" "$clean" "$kernel"
done
for ((i = $(done_of unrelated); i < ${UNRELATED:-3}; i++)); do
  build unrelated unrelated
  run unrelated "$program" "$clean" pass
done
for ((i = $(done_of clean); i < ${CLEAN:-40}; i++)); do
  run clean "$clean" "$again" pass
done

streamer=
trap '[ -z "$streamer" ] || kill "$streamer" 2>/dev/null' EXIT
if [ "$(done_of busy)" -lt "${BUSY:-10}" ]; then
  # Fills 64 MB with zeros again and again, on the second core where that can be asked for.
  pin=()
  if command -v taskset >/dev/null && [ "$(getconf _NPROCESSORS_ONLN)" -gt 1 ]; then pin=(taskset -c 1); fi
  "${pin[@]}" dd if=/dev/zero of=/dev/null bs=64M 2>/dev/null &
  streamer=$!
fi
for ((i = $(done_of busy); i < ${BUSY:-10}; i++)); do
  run busy "$clean" "$again" pass
done

wrong=0
for kind in clean busy planted unrelated; do
  echo "$kind: $(count "$kind" right) of $(done_of "$kind") runs right"
  wrong=$((wrong + $(count "$kind" wrong)))
done
[ "$wrong" = 0 ]
