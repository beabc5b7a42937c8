#!/usr/bin/env bash
# Trains on 1 to 4 ranks of this machine, and on 2 in network namespaces of their own, and compares what comes of
# it; then lets a rank die, hang and disagree. Installs Open MPI where it is missing.
#
#   Tools/test-distributed.sh            everything
#   Tools/test-distributed.sh WORD…      the cases whose names have one of the words
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

Tools/setup.sh --mpi --quiet || exit 1
# With the trait every module has other flags: apart from the other products, unless those have it too.
scratch=${SCRATCH:-.build}
[ "${TRAITS:-}" = Distributed ] || scratch=$scratch/distributed
# shellcheck disable=SC2086 # $BUILD_FLAGS is a list of options.
swift build --scratch-path "$scratch" --traits Distributed ${BUILD_FLAGS:-} --product DistributedChecks || exit 1
checks=$(swift build --scratch-path "$scratch" --show-bin-path)/DistributedChecks

work=$(mktemp -d)
trap 'remove_network; rm -rf "$work"' EXIT
# shellcheck source=Tools/mpi-ranks.sh
. Tools/mpi-ranks.sh
words=("$@")
failed=()
count=0

# begin NAME: whether the case is to be run.
begin() {
  name=$1
  if [ ${#words[@]} -gt 0 ]; then
    local word found=
    for word in "${words[@]}"; do [[ $name == *"$word"* ]] && found=1; done
    [ -n "$found" ] || return 1
  fi
  count=$((count + 1))
  start=$SECONDS
}
passed() { echo "test-distributed: $name: $* ($((SECONDS - start)) s)"; }
wrong() { # WHY LOG
  echo "test-distributed: $name: FAILED: $1" >&2
  [ -z "${2-}" ] || sed 's/^/    /' "$2" >&2
  failed+=("$name")
}
ranks() { # N ARGUMENT…
  timeout -k 5 60 mpirun -n "$1" "$checks" "${@:2}"
}
job() { # N ARGUMENT…; N is `alone` for the library's Trainer
  if [ "$1" = alone ]; then "$checks" alone "${@:2}"; else ranks "$1" train "${@:2}"; fi
}
same() { # FILE FILE [TOLERANCE]
  if "$checks" compare "$@" >"$work/comparison"; then
    passed "$(cat "$work/comparison")"
  else
    wrong "$(cat "$work/comparison")"
  fi
}

# has_network [RATE]: whether there are two namespaces here, with a cable of that rate; else the case is skipped.
has_network() {
  local missing='no network namespaces here'
  if make_network 2>"$work/log"; then
    if [ -z "${1-}" ] || slow_network "$1" 2>"$work/log"; then return; fi
    missing='this kernel has no tc tbf'
  fi
  echo "test-distributed: $name: SKIPPED, $missing: $(tail -1 "$work/log")"
  return 1
}

# ends N LIMIT PATTERN ARGUMENT…: the job must fail on all ranks within LIMIT seconds, with one line that matches.
# N is `tcp` for one rank in each of the two namespaces.
ends() {
  local n=$1 limit=$2 pattern=$3 log=$work/log begun status=0
  shift 3
  begun=$(date +%s%N)
  if [ "$n" = tcp ]; then
    over_tcp train "$@" >"$log" 2>&1 || status=$?
  else
    ranks "$n" train "$@" >"$log" 2>&1 || status=$?
  fi
  local milliseconds=$((($(date +%s%N) - begun) / 1000000))
  if [ $status -eq 0 ]; then
    wrong "ended well" "$log"
  elif [ $milliseconds -gt $((limit * 1000)) ]; then
    wrong "took $milliseconds ms, more than $limit s" "$log"
  elif ! grep -qE "$pattern" "$log"; then
    wrong "does not say $pattern" "$log"
  elif [ "$(grep -cE '^distributed: |noticed that process rank' "$log")" -ne 1 ]; then
    wrong "says more than one thing" "$log"
  elif pgrep -f "$checks train" >"$work/left"; then
    wrong "left processes behind: $(paste -sd ' ' "$work/left")" "$log"
  else
    passed "$(grep -E "$pattern" "$log" | head -1), after $milliseconds ms"
  fi
}

if begin shares; then
  if "$checks" shares >"$work/log" 2>&1; then passed "$(cat "$work/log")"; else wrong "not right" "$work/log"; fi
fi
if begin messages; then
  for n in 1 2 3 4; do
    if ! ranks $n messages >"$work/log" 2>&1; then wrong "$n ranks" "$work/log"; continue 2; fi
  done
  passed "$(tail -1 "$work/log")"
fi

# What is compared with: the library's Trainer, without MPI.
"$checks" alone out="$work/alone" || exit 1
for n in 1 2 3 4; do
  if begin "same-$n"; then
    ranks $n train out="$work/out-$n" >"$work/log" 2>&1 || wrong "does not run" "$work/log"
    # With one rank nothing is divided: the bits are those of the trainer alone, but for the product and the
    # quotient of weights.
    same "$work/alone" "$work/out-$n" 1e-12
  fi
done
for n in 2 3 4; do
  if begin "same-by-messages-$n"; then
    ranks $n train shared=no out="$work/messages-$n" >"$work/log" 2>&1 || wrong "does not run" "$work/log"
    same "$work/alone" "$work/messages-$n" 1e-12
  fi
done
if begin shared-memory; then
  ranks 3 sums >"$work/log" 2>&1 || wrong "does not run" "$work/log"
  if grep -q '^shared true' "$work/log"; then passed "$(head -1 "$work/log")"; else wrong "not shared" "$work/log"; fi
fi
if begin same-without-overlap; then
  ranks 2 train overlap=no out="$work/out-no" >"$work/log" 2>&1 || wrong "does not run" "$work/log"
  ranks 2 train out="$work/out-yes" >"$work/log" 2>&1 || wrong "does not run" "$work/log"
  same "$work/out-yes" "$work/out-no"
fi

for type in double float; do
  for n in 1 2 3 4; do
    [ "$type-$n" = float-1 ] && continue
    if begin "ordered-$type-$n"; then
      [ -e "$work/ordered-$type" ] ||
        ranks 1 train type=$type groups=8 out="$work/ordered-$type" >"$work/log" 2>&1
      ranks $n train type=$type groups=8 out="$work/ordered-$type-$n" >"$work/log" 2>&1 ||
        wrong "does not run" "$work/log"
      if [ $n -eq 1 ]; then
        # The order only rounds differently.
        same "$work/alone" "$work/ordered-$type" 1e-12
      else
        same "$work/ordered-$type" "$work/ordered-$type-$n"
      fi
    fi
  done
done

if begin resume-2-3; then
  rm -f "$work/kept"
  ranks 2 train updates=25 keep="$work/kept" >"$work/log" 2>&1 || wrong "the first part" "$work/log"
  ranks 3 train updates=50 keep="$work/kept" out="$work/resumed" >"$work/log" 2>&1 ||
    wrong "the second part" "$work/log"
  same "$work/alone" "$work/resumed" 1e-12
fi
if begin resume-ordered-3-1; then
  rm -f "$work/kept"
  ranks 3 train updates=25 groups=8 keep="$work/kept" >"$work/log" 2>&1 || wrong "the first part" "$work/log"
  ranks 1 train groups=8 out="$work/straight" >"$work/log" 2>&1 || wrong "the straight run" "$work/log"
  ranks 1 train updates=50 groups=8 keep="$work/kept" out="$work/resumed" >"$work/log" 2>&1 ||
    wrong "the second part" "$work/log"
  same "$work/straight" "$work/resumed"
fi

# Several batches for an update.
for n in 2 3 4; do
  if begin "accumulated-$n"; then
    [ -e "$work/alone-3" ] || "$checks" alone batches=3 out="$work/alone-3"
    ranks $n train batches=3 out="$work/accumulated-$n" >"$work/log" 2>&1 || wrong "does not run" "$work/log"
    same "$work/alone-3" "$work/accumulated-$n" 1e-12
  fi
done
if begin accumulated-without-overlap; then
  ranks 2 train batches=3 out="$work/accumulated-yes" >"$work/log" 2>&1 || wrong "does not run" "$work/log"
  ranks 2 train batches=3 overlap=no out="$work/accumulated-no" >"$work/log" 2>&1 || wrong "does not run" "$work/log"
  same "$work/accumulated-yes" "$work/accumulated-no"
fi
if begin accumulated-ordered; then
  "$checks" alone batches=3 out="$work/alone-3"
  ranks 1 train batches=3 groups=8 out="$work/accumulated-1" >"$work/log" 2>&1 || wrong "does not run" "$work/log"
  same "$work/alone-3" "$work/accumulated-1" 1e-12
  for n in 2 3 4; do
    ranks $n train batches=3 groups=8 out="$work/accumulated" >"$work/log" 2>&1 || wrong "does not run" "$work/log"
    same "$work/accumulated-1" "$work/accumulated"
  done
fi

# A text in windows, whose streams carry their states.
for n in 2 3 4; do
  if begin "text-$n"; then
    [ -e "$work/text" ] || "$checks" alone task=text out="$work/text"
    ranks $n train task=text out="$work/text-$n" >"$work/log" 2>&1 || wrong "does not run" "$work/log"
    same "$work/text" "$work/text-$n" 1e-12
  fi
done
if begin text-accumulated; then
  "$checks" alone task=text batches=3 out="$work/text-alone-3"
  ranks 3 train task=text batches=3 out="$work/text-accumulated" >"$work/log" 2>&1 || wrong "does not run" "$work/log"
  same "$work/text-alone-3" "$work/text-accumulated" 1e-12
fi
if begin text-ordered; then
  "$checks" alone task=text out="$work/text"
  ranks 1 train task=text groups=8 out="$work/text-1" >"$work/log" 2>&1 || wrong "does not run" "$work/log"
  same "$work/text" "$work/text-1" 1e-12
  for n in 2 3 4; do
    ranks $n train task=text groups=8 out="$work/text-ordered" >"$work/log" 2>&1 || wrong "does not run" "$work/log"
    same "$work/text-1" "$work/text-ordered"
  done
fi
# Update 25 is the fourth of seven windows. Of three streams the fourth rank has none; of five the first rank of three
# has the first and the fourth.
for way in '4 2 3' '3 alone 5' 'alone 4 3'; do
  read -r first second streams <<<"$way"
  if begin "text-resume-$first-$second"; then
    rm -f "$work/kept"
    "$checks" alone task=text streams="$streams" out="$work/text-alone"
    job "$first" task=text streams="$streams" updates=25 keep="$work/kept" >"$work/log" 2>&1 ||
      wrong "the first part" "$work/log"
    job "$second" task=text streams="$streams" keep="$work/kept" out="$work/resumed" >"$work/log" 2>&1 ||
      wrong "the second part" "$work/log"
    same "$work/text-alone" "$work/resumed" 1e-12
  fi
done
for way in '3 alone' 'alone 2'; do
  read -r first second <<<"$way"
  if begin "resume-$first-$second"; then
    rm -f "$work/kept"
    job "$first" updates=25 keep="$work/kept" >"$work/log" 2>&1 || wrong "the first part" "$work/log"
    job "$second" keep="$work/kept" out="$work/resumed" >"$work/log" 2>&1 || wrong "the second part" "$work/log"
    same "$work/alone" "$work/resumed" 1e-12
  fi
done

if begin killed; then
  rm -f "$work/kept"
  ends 3 10 'process rank 1 .*on signal 9' keep="$work/kept" fault=kill:1:23
fi
if begin killed-goes-on; then
  [ -e "$work/kept" ] || timeout 60 mpirun -n 3 "$checks" train keep="$work/kept" fault=kill:1:23 >/dev/null 2>&1
  ranks 2 train keep="$work/kept" out="$work/after" >"$work/log" 2>&1 || wrong "does not go on" "$work/log"
  same "$work/alone" "$work/after" 1e-12
fi
# The rank that writes dies in the middle of the checkpoint of update 15: that of update 10 is still there, and whole.
if begin killed-writing; then
  rm -f "$work"/kept*
  ends 3 10 'process rank 0 .*on signal 25' keep="$work/kept" fault=full:0:12
fi
if begin killed-writing-goes-on; then
  [ -e "$work/kept.copy" ] ||
    timeout 60 mpirun -n 3 "$checks" train keep="$work/kept" fault=full:0:12 >/dev/null 2>&1
  if ! cmp "$work/kept" "$work/kept.copy" >"$work/log" 2>&1; then
    wrong "is not as it was" "$work/log"
  else
    ranks 2 train keep="$work/kept" out="$work/after" >"$work/log" 2>&1 || wrong "does not go on" "$work/log"
    same "$work/alone" "$work/after" 1e-12
  fi
fi
begin hangs &&
  ends 3 10 '^distributed: rank 1 of 3 did not come to .*update 11.* within 2.0 s: the last .*ago' \
    timeout=2 fault=hang:1:10
begin two-hang-rank-0 &&
  ends 3 10 '^distributed: rank 0 of 3 did not come' timeout=2 fault=hang:0:10
begin stopped &&
  ends 3 12 '^distributed: rank 2 of 3 did not come .*answers nothing' timeout=2 fault=stop:2:10
begin throws &&
  ends 3 10 '^distributed: rank 2 of 3: batch 10 cannot be read' fault=throw:2:10
begin disagrees-size &&
  ends 3 10 '^distributed: rank 1: .*number of parameters: 1[0-9]* on rank 1; [0-9]* on ranks 0 and 2|^distributed: rank 1: .*number of parameters: [0-9]* on ranks 0 and 2; [0-9]* on rank 1' \
    fault=size:1:0
begin disagrees-seed &&
  ends 3 10 '^distributed: rank 2: .*seed of random choices: 5 on ranks 0 and 1; 6 on rank 2' fault=seed:2:0
begin disagrees-data &&
  ends 2 10 '^distributed: rank 1: .*number of sequences: 100 on rank 0; 99 on rank 1' fault=data:1:0
begin disagrees-batch &&
  ends 3 10 '^distributed: rank 1: the batch of update 11 is another' fault=batch:1:10
begin disagrees-batches &&
  ends 2 10 '^distributed: rank 1: .*batches of an update: 1 on rank 0; 2 on rank 1' fault=batches:1:0
begin not-finite &&
  ends 3 10 '^distributed: .*the loss is (-?nan|inf)' fault=nan:1:10
if begin one-rank-writes; then
  rm -f "$work/kept"
  # Rank 1 could not, and is not asked to.
  ranks 2 train keep="$work/kept" fault=write:1:0 out="$work/written" >"$work/log" 2>&1 || wrong "does not run" "$work/log"
  if grep -q 'rank 1 writes' "$work/log"; then wrong "rank 1 writes, too" "$work/log"; fi
  same "$work/alone" "$work/written" 1e-12
fi
begin disagrees-checkpoint && {
  rm -f "$work/kept"
  ends 2 10 '^distributed: rank 0: cannot keep the training: the disk is full' keep="$work/kept" fault=write:0:0
}

if begin network && has_network; then
  if over_tcp train out="$work/tcp" >"$work/log" 2>&1; then
    same "$work/alone" "$work/tcp" 1e-12
  else
    wrong "does not run" "$work/log"
  fi
fi
if begin network-memory && has_network; then
  over_tcp sums >"$work/log" 2>&1 || wrong "does not run" "$work/log"
  if grep -q '^shared false' "$work/log"; then passed "$(head -1 "$work/log")"; else wrong "shared" "$work/log"; fi
fi
if begin network-killed && has_network; then
  ends tcp 10 'process rank 1 .*on signal 9' fault=kill:1:23
fi
if begin network-stopped && has_network; then
  ends tcp 12 '^distributed: rank 1 of 2 did not come .*answers nothing' timeout=2 fault=stop:1:10
fi
if begin slow-link && has_network 20mbit; then
  if over_tcp train out="$work/slow" >"$work/log" 2>&1; then
    same "$work/alone" "$work/slow" 1e-12
  else
    wrong "does not run" "$work/log"
  fi
fi

if begin article; then
  if TRAITS=Distributed PRODUCTS=$scratch Tools/articles.sh \
    Sources/DistributedTraining/DistributedTraining.docc/TrainingOnManyMachines.md >"$work/log" 2>&1; then
    passed "$(tail -1 "$work/log")"
  else
    wrong "is not built, or prints something else" "$work/log"
  fi
fi

if [ $count -eq 0 ]; then
  echo "test-distributed: no case has one of: ${words[*]}" >&2
  exit 1
fi
if [ ${#failed[@]} -gt 0 ]; then
  echo "test-distributed: failed: ${failed[*]}" >&2
  exit 1
fi
echo "test-distributed: $count cases"
