#!/bin/sh
# Looks for what no file of this package may hold. Run at the root of the checkout; prints each place
# as file:line, and fails.
set -eu

swift='*.swift'
code='*.swift *.c *.h *.inc'
found=$(mktemp)
trap 'rm -f "$found"' EXIT

# forbid WHY PATTERN PATHSPEC…: an extended regular expression that no line may match, in the files that
# are tracked or new and not ignored.
forbid() {
  why=$1 pattern=$2
  shift 2
  status=0
  lines=$(git grep --untracked --no-color -nIE -e "$pattern" -- "$@") || status=$?
  case $status in
    0) printf '%s\n' "$lines" | sed "s|\$|    <- $why|" >>"$found" ;;
    1) ;; # Nothing found.
    *) exit "$status" ;;
  esac
}

# shellcheck disable=SC2086 # $swift and $code are lists.
{
  set -f
  tab=$(printf '\t')
  forbid 'a tab' "$tab" $code
  forbid 'throw an error; for a shape that code got wrong, require(_:_:)' \
    '(^|[^A-Za-z0-9_.])(try!|as!|fatalError\()' $swift ':!Tests/*Tests/*' ':!Sources/LinAlg/Require.swift'
  forbid 'a path of one machine' \
    '(^|[^A-Za-z0-9_.])/((home|Users)/[a-z]|(root|work|farm|opt|tmp|mnt)/)' .
  forbid 'belongs in an issue' '(TODO|FIXME|HACK)' $code
  forbid 'code or a test that is switched off' \
    '^[ ]*#if (0|false)|\.disabled\(|withKnownIssue' $code
  forbid 'tests use Swift Testing' 'import XCTest' $swift

  sources=$(git ls-files --cached --others --exclude-standard -- $code)
  for file in $sources; do
    # What a generator wrote is as long as it is.
    case $file in *.pb.swift) continue ;; esac
    [ -f "$file" ] || continue
    lines=$(wc -l <"$file")
    [ "$lines" -le 600 ] || echo "$file: $lines lines, more than 600    <- split it by aspect" >>"$found"
  done
  tracked=$(git ls-files --cached -- ':(glob)**/Package.resolved' ':(glob)**/.build/**')
  [ -z "$tracked" ] || printf '%s\n' "$tracked" | sed 's|$|: tracked    <- belongs to one checkout, not to the repository|' >>"$found"
}

if [ -s "$found" ]; then
  cat "$found"
  echo "lint-text: see the rules in CONTRIBUTING.md" >&2
  exit 1
fi
