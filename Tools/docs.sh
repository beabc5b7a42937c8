#!/bin/sh
# Builds the documentation of the libraries with the docc of the toolchain, no plugin needed,
# and fails on any warning of it: a link to nothing, a parameter that is not described.
#
#   Tools/docs.sh [FOLDER]    docs-build unless given; replaced if this made it, else it must be empty
#   TRAITS=Distributed Tools/docs.sh    with the module DistributedTraining, which needs MPI
set -eu

cd "$(dirname "$0")/.."
out=${1:-docs-build}
# In the order of the imports, so that each can link to those before it.
modules=$(Tools/symbol-graphs.sh --modules)
# Where the debug products go; `.ci/run` and `make lint` share it.
scratch=${SCRATCH:-.build}

# docc lies beside the swift that runs; a manager such as swiftly puts only a proxy on the PATH.
docc=$(command -v docc || true)
[ -n "$docc" ] || docc=$(swift -print-target-info | sed -n 's|.*"runtimeResourcePath": "\(.*\)/lib/swift".*|\1/bin/docc|p')
[ -x "$docc" ] || docc=$(xcrun --find docc 2>/dev/null || true)
if ! [ -x "$docc" ]; then
  echo "docs: there is no docc beside $(command -v swift); the toolchains of swift.org have it" >&2
  exit 1
fi

# Nothing is removed that this did not make.
mark=.made-by-docs.sh
if [ -e "$out" ] && ! [ -e "$out/$mark" ] && { ! [ -d "$out" ] || [ -n "$(ls -A "$out")" ]; }; then
  echo "docs: $out is not empty, and not a folder that this made: remove it, or name another" >&2
  exit 1
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

graphs=$work/graphs
mkdir "$graphs"
if ! SCRATCH=$scratch Tools/symbol-graphs.sh "$graphs" >"$work/log" 2>&1; then
  cat "$work/log" >&2
  exit 1
fi

failed=
archives=
dependencies=
for module in $modules; do
  mkdir "$work/$module.symbols"
  cp "$graphs/$module.symbols.json" "$work/$module.symbols"
  cp "$graphs/$module"@*.symbols.json "$work/$module.symbols" 2>/dev/null || true
  # shellcheck disable=SC2086 # $dependencies is a list of options.
  if "$docc" convert "Sources/$module/$module.docc" \
    --additional-symbol-graph-dir "$work/$module.symbols" \
    --output-dir "$work/$module.doccarchive" \
    --fallback-display-name "$module" --fallback-bundle-identifier "$module" \
    --fallback-default-module-kind Library \
    --enable-experimental-external-link-support $dependencies \
    --warnings-as-errors; then
    dependencies="$dependencies --dependency $work/$module.doccarchive"
    archives="$archives $work/$module.doccarchive"
  else
    failed="$failed $module"
  fi
done
if [ -n "$failed" ]; then
  echo "docs: fix the above in:$failed" >&2
  exit 1
fi

rm -rf "$out"
# shellcheck disable=SC2086 # $archives is a list of folders.
"$docc" merge $archives --synthesized-landing-page-name swift-recurrent \
  --synthesized-landing-page-topics-style list --output-path "$out"
: >"$out/$mark"
echo "docs: $out is a site; python3 -m http.server --directory $out"
echo "docs: serves it as http://localhost:8000/documentation/"
