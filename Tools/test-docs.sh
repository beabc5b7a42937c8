#!/bin/sh
# Runs docs.sh with a swift and a docc that are stand-ins: what it may replace, and what it must not touch.
# shellcheck disable=SC2016 # The stand-ins expand these themselves.
set -eu

docs=$(cd "$(dirname "$0")" && pwd)/docs.sh
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
failures=0
mkdir -p "$place/bin"
# Of swift it wants a file for each module that it extracts.
printf '%s\n' '#!/bin/sh' '[ "$1" = symbolgraph-extract ] || exit 0' 'module=$3' 'for out; do :; done' \
  ': >"$out/$module.symbols.json"' >"$place/bin/swift"
printf '%s\n' '#!/bin/sh' '[ "$1" = merge ] || exit 0' 'for out; do :; done' 'mkdir "$out"' \
  ': >"$out/index.html"' >"$place/bin/docc"
chmod +x "$place/bin/swift" "$place/bin/docc"

# expect NAME STATUS FOLDER: what docs.sh says to a folder.
expect() {
  status=0
  PATH="$place/bin:$PATH" "$docs" "$3" >"$place/out" 2>&1 || status=$?
  [ "$status" = "$2" ] && return
  failures=$((failures + 1))
  echo "test-docs: $1: exit status $status, not $2; it said:"
  sed 's/^/    /' "$place/out"
}

expect "a new folder" 0 "$place/site"
: >"$place/site/old.html"
expect "a folder that it made" 0 "$place/site"
[ ! -e "$place/site/old.html" ] || { failures=1 && echo "test-docs: an old page stayed"; }

mkdir "$place/precious" "$place/empty"
: >"$place/precious/file"
: >"$place/alone"
expect "an empty folder" 0 "$place/empty"
expect "somebody's folder" 1 "$place/precious"
expect "somebody's file" 1 "$place/alone"
for file in precious/file alone; do
  [ -e "$place/$file" ] || { failures=1 && echo "test-docs: $file is gone"; }
done

[ "$failures" = 0 ] || exit 1
echo "test-docs: only what it made is replaced"
