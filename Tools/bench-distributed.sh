#!/usr/bin/env bash
# How much faster two ranks are than one, each bound to a core: for a character model and two LSTMs of 512 units,
# a batch of 32 sequences of 50 steps; what two jobs gain that know nothing of each other; and what a model of the
# cost says, from what was measured on one rank and of the sums alone. Then what the exchange of gradients costs
# over a slow cable, with and without overlap.
#
#   Tools/bench-distributed.sh [ROUNDS]              5 launches of each in turn, unless given; on a calm machine
#   Tools/bench-distributed.sh --plot LOG FILE.svg   draws what it has printed, which was kept as LOG
set -euo pipefail
cd "$(dirname "$0")/.."

Tools/setup.sh --mpi --quiet
scratch=${SCRATCH:-.build}/distributed
swift build --scratch-path "$scratch" --traits Distributed -c release --product DistributedChecks >&2
checks=$(swift build --scratch-path "$scratch" -c release --show-bin-path)/DistributedChecks
unset OPENBLAS_CORETYPE
if [ "${1-}" = --plot ]; then
  exec "$checks" plot "${2:?a log}" "${3:?a file}"
fi

work=$(mktemp -d)
trap 'remove_network; rm -rf "$work"' EXIT
# shellcheck source=Tools/mpi-ranks.sh
. Tools/mpi-ranks.sh
rounds=${1:-5}
# Of a launch: long enough for the launcher's own work to be over.
declare -A updates=([character]=60 [lstm]=8)
export OMPI_MCA_hwloc_base_binding_policy=core

median() { sort -g "$work/times-$1" | awk '{ x[NR] = $1 } END { print x[int((NR + 1) / 2)] }'; }
update() { mpirun -n "$1" "$checks" speed updates="${updates[$model]}" "${@:2}" | awk '$1 == "update" { print $4 }'; }
slow_update() { over_tcp speed updates="${updates[$model]}" "$@" | awk '$1 == "update" { print $4 }'; }
# What this machine gives two processes at the same time, each on a core of its own, of what one does alone.
gain() { # SECONDS-OF-ONE ARGUMENT…
  local core
  for core in 0 1; do
    OMPI_MCA_hwloc_base_binding_policy=none taskset -c $core \
      mpirun -n 1 "$checks" speed updates="${updates[$model]}" "${@:2}" >"$work/beside-$core" &
  done
  wait
  awk -v one="$1" '$1 == "update" { gain += one / $4 } END { print gain }' "$work"/beside-[01]
}
ms() { awk -v s="$1" 'BEGIN { printf "%.2f ms", 1e3 * s }'; }

mpirun -n 2 "$checks" sums >"$work/sums"
read -r latency bandwidth < <(awk '
  $1 == "sum" && !first { first = $3 }
  $1 == "sum" { bytes = $2; seconds = $3 }
  END { print first, bytes / (seconds - first) }' "$work/sums")
awk -v a="$latency" -v b="$bandwidth" \
  'BEGIN { printf "sums of two ranks: %.1f us and %.2f GB/s\n", 1e6 * a, b / 1e9 }'

for model in character lstm; do
  numbers=$(mpirun -n 1 "$checks" speed updates=1 model=$model | awk '$1 == "update" { print $3 }')
  rm -f "$work"/times-*
  for ((round = 0; round < rounds; round++)); do
    update 1 model=$model >>"$work/times-one"
    update 2 model=$model >>"$work/times-two"
    update 1 model=$model sequences=16 >>"$work/times-half"
    update 2 model=$model overlap=no >>"$work/times-without"
    update 2 model=$model shared=no >>"$work/times-messages"
    gain "$(tail -1 "$work/times-one")" model=$model >>"$work/times-gain"
  done
  one=$(median one) two=$(median two) half=$(median half) without=$(median without)
  messages=$(median messages) gain=$(median gain)
  printf '%s: one rank %s, with half the batch %s, two %s, without overlap %s, by messages %s\n' \
    $model "$(ms "$one")" "$(ms "$half")" "$(ms "$two")" "$(ms "$without")" "$(ms "$messages")"
  # One rank with half the batch computes what each of two does; then the sums, of four blocks or three.
  awk -v one="$one" -v half="$half" -v two="$two" -v gain="$gain" -v a="$latency" -v b="$bandwidth" -v p="$numbers" 'BEGIN {
    printf "  two jobs of one rank gain %.3f, two ranks %.3f: %.3f of that\n", gain, one / two, one / two / gain
    predicted = half + 4 * a + 4 * p / b
    printf "  efficiency %.3f, of half the batch alone %.3f; predicted %.2f ms, off by %+.1f %%\n",
      one / (2 * two), one / (2 * half), 1e3 * predicted, 100 * (predicted / two - 1)
    each = 2 * (one - half)              # what grows with the batch; the rest stays
    stays = one - each
    printf "  1 rank has 32 sequences, N ranks have 32·N; network of 50 us and 1 GB/s, no overlap | overlap of half\n"
    for (n = 1; n <= 1000; n = n == 1 ? 2 : n == 2 ? 10 : n * 10) {
      sums = n == 1 ? 0 : 2 * (n - 1) * 50e-6 + 2 * (n - 1) / n * 4 * p / 1e9
      hidden = sums < each / 2 ? sums : each / 2
      printf "  %5d ranks: efficiency %.3f | %.3f\n", n, one / (stays + each + sums),
        one / (stays + each + sums - hidden)
    }
  }'
done

if make_network && slow_network 400mbit; then
  for model in character lstm; do
    half=$(update 1 model=$model sequences=16)
    with=$(slow_update model=$model)
    without=$(slow_update model=$model overlap=no)
    awk -v m=$model -v h="$half" -v w="$with" -v o="$without" 'BEGIN {
      printf "%s over 400 Mbit/s: %.1f ms, without overlap %.1f ms; %.0f %% of the exchange hidden\n",
        m, 1e3 * w, 1e3 * o, 100 * (o - w) / (o - h) }'
  done
else
  echo "bench-distributed: SKIPPED the slow cable: no network namespaces or no tc tbf here"
fi
