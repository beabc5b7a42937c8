#!/bin/sh
# Builds everything, tests too, with warnings as errors, and fails on the warnings of SwiftPM itself.
# shellcheck disable=SC2086 # $BUILD_FLAGS is a list of options.
set -eu

scratch=${SCRATCH:-.build/strict}
log=$(mktemp)
trap 'rm -f "$log"' EXIT

echo "lint-warnings: building into $scratch, every warning is an error"
if ! SWIFT_RECURRENT_STRICT=1 \
  swift build --scratch-path "$scratch" ${TRAITS:+--traits "$TRAITS"} ${BUILD_FLAGS:-} --build-tests >"$log" 2>&1 ||
  grep -q 'warning:' "$log"; then
  grep -E -A 6 '(warning|error):' "$log" || tail -n 40 "$log"
  echo "lint-warnings: the build must be free of warnings" >&2
  exit 1
fi
