#!/bin/sh
# The examples in README.md must be the programs in Tests/Consumer that CI builds and runs.
set -eu

# check NAME PROGRAM: the swift block after <!-- NAME --> is that program.
check() {
  example=$(awk -v mark="<!-- $1 -->" '
    $0 == mark { wanted = 1 }
    wanted && /^```$/ { exit }
    inside { print }
    wanted && /^```swift$/ { inside = 1 }' README.md)
  if [ -z "$example" ]; then
    echo "lint-readme: README.md has no swift block after <!-- $1 -->" >&2
    exit 1
  fi
  if ! printf '%s\n' "$example" | diff -u "$2" - >&2; then
    echo "lint-readme: the example in README.md differs from $2 (+ is the README)" >&2
    exit 1
  fi
}

check example Tests/Consumer/Sources/Example/main.swift
check model Tests/Consumer/Sources/Model/main.swift
