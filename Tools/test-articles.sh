#!/usr/bin/env bash
# Whether Tools/articles.sh finds what is wrong with an article. With --build also what only the compiler and
# the program itself can tell: after Tools/articles.sh, whose products it uses.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=

# extracts EXPECTED NAME: whether awk takes the article on standard input, and what it says.
extracts() {
  cat >"$work/$2.md"
  local status=0
  awk -f Tools/articles.awk -v name="$2.md" -v program="$work/$2.swift" -v output="$work/$2.txt" \
    "$work/$2.md" 2>"$work/$2.err" || status=$?
  if [ "$1" = fine ] && [ $status -eq 0 ]; then return; fi
  if [ "$1" != fine ] && [ $status -ne 0 ] && grep -q "$1" "$work/$2.err"; then return; fi
  echo "test-articles: $2: expected $1, got status $status: $(cat "$work/$2.err")" >&2
  failed=1
}

extracts fine Good <<'END'
# Good
<!-- swift
let a = 1
-->
```
let b = 2
```
<!-- scope -->
```swift
print(a)
```
<!-- scope -->
```swift
print(a, a)
```
<!-- end of scope -->
```text
1
1 1
```
END
expected='import Autodiff
import Foundation
import LinAlg
import Recurrent
import SequenceModels
#sourceLocation(file: "Good.md", line: 3)
let a = 1
do {
#sourceLocation(file: "Good.md", line: 10)
print(a)
}
do {
#sourceLocation(file: "Good.md", line: 14)
print(a, a)
}'
if [ "$(cat "$work/Good.swift")" != "$expected" ] || [ "$(cat "$work/Good.txt")" != $'1\n1 1' ]; then
  echo "test-articles: not the program of the article:" >&2
  cat "$work/Good.swift" "$work/Good.txt" >&2
  failed=1
fi
extracts 'Open.md:2: a block that does not end' Open <<'END'
```swift
let a = 1
END
extracts 'Prose.md:1: no block of Swift' Prose <<<'Nothing to compile.'
extracts 'Mark.md:1: expected <!-- swift' Mark <<<'<!-- swfit'
extracts 'Scope.md:1: the end of a scope that has not begun' Scope <<<'<!-- end of scope -->'

# fails NAME PATTERN: Tools/articles.sh must fail on the article on standard input, and say why.
fails() {
  cat >"$work/$1.md"
  if Tools/articles.sh "$work/$1.md" >"$work/log" 2>&1; then
    echo "test-articles: $1 passes" >&2
    failed=1
  elif ! grep -qE "$2" "$work/log"; then
    echo "test-articles: $1 does not say $2:" >&2
    cat "$work/log" >&2
    failed=1
  fi
}

if [ "${1:-}" = --build ]; then
  fails Broken 'Broken\.md:4:.* error: ' <<'END'
Some text.

```swift
let a: Int = "one"
```
END
  fails Internal 'Internal\.md:3:.* error: .*package' <<'END'
What only this package can see:
```swift
Graph<Float>().withGradients { _ in }
```
END
  fails Other '^\+two$' <<'END'
```swift
print("two")
```
```text
one
```
END
  fails Trap 'articles: TrapArticle failed' <<'END'
```swift
print([1][Int(CommandLine.arguments.count)])
```
END
fi
[ -z "$failed" ] || exit 1
