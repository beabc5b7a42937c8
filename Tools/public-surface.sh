#!/bin/sh
# Compares what the libraries declare public with the committed lists, one line for each symbol, so that
# the surface grows and shrinks on purpose.
#
#   Tools/public-surface.sh            fails on a difference and shows it
#   Tools/public-surface.sh --renew    writes the lists
#
# The list of DistributedTraining only with TRAITS=Distributed; it stays as it is otherwise.
set -eu

cd "$(dirname "$0")/.."
lists=Tools/public-surface
wanted=${1-}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

mkdir "$work/graphs" "$work/lists"
if ! Tools/symbol-graphs.sh "$work/graphs" >"$work/log" 2>&1; then
  cat "$work/log" >&2
  exit 1
fi
for graph in "$work/graphs"/*.symbols.json; do
  module=$(basename "$graph" .symbols.json)
  case $module in *@*) continue ;; esac
  set -- "$graph"
  # What it adds to types of other modules, if anything.
  for additions in "$work/graphs/$module"@*.symbols.json; do
    [ -e "$additions" ] && set -- "$@" "$additions"
  done
  awk -f Tools/public-surface.awk "$@" | LC_ALL=C sort >"$work/lists/$module.txt"
  # An empty list would mean that the graphs are no longer what the awk program reads.
  if ! grep -q '  struct ' "$work/lists/$module.txt"; then
    echo "public-surface: found no type in $module" >&2
    exit 1
  fi
done

if [ "$wanted" = --renew ]; then
  mkdir -p "$lists"
  cp "$work/lists"/*.txt "$lists"
  exit
fi
[ "${TRAITS:-}" = Distributed ] || cp "$lists/DistributedTraining.txt" "$work/lists"
if ! diff -U 0 "$lists" "$work/lists" >"$work/diff"; then
  grep -E '^(\+[^+]|-[^-]|Only in)' "$work/diff" || cat "$work/diff"
  echo "public-surface: the public surface is not what $lists says; if it should change:" >&2
  echo "  make surface" >&2
  exit 1
fi
