#!/bin/sh
# The example in README.md must be the program in Tests/Consumer that CI builds and runs.
set -eu

program=Tests/Consumer/Sources/Example/main.swift
example=$(awk '
  /^<!-- example -->$/ { wanted = 1 }
  wanted && /^```$/ { exit }
  inside { print }
  wanted && /^```swift$/ { inside = 1 }' README.md)

if [ -z "$example" ]; then
  echo "lint-readme: README.md has no swift block after <!-- example -->" >&2
  exit 1
fi
if ! printf '%s\n' "$example" | diff -u "$program" - >&2; then
  echo "lint-readme: the example in README.md differs from $program (+ is the README)" >&2
  exit 1
fi
