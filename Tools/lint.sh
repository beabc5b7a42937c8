#!/bin/sh
# Every check of `make lint`, from the quickest to the slowest; goes on after a failure and fails at the
# end, so that one run shows everything.
set -u

cd "$(dirname "$0")/.." || exit 1
failed=

check() {
  echo "lint: $*"
  "$@" || failed="$failed
  $*"
}

c_layout() {
  find Sources Tests \( -name '*.[ch]' -o -name '*.inc' \) -exec clang-format --dry-run -Werror {} +
}

check Tools/test-setup.sh
check Tools/test-lint.sh
check Tools/test-docs.sh
check Tools/test-articles.sh
check Tools/test-data.sh
check Tools/lint-imports.sh
check Tools/lint-text.sh
check Tools/lint-readme.sh
check swift format lint --strict --recursive --parallel Package.swift Sources Tests Examples
check c_layout
check Tools/lint-warnings.sh
# Of the same products, which are built as strictly.
check env SWIFT_RECURRENT_STRICT=1 SCRATCH="${SCRATCH:-.build/strict}" Tools/public-surface.sh

if [ -n "$failed" ]; then
  echo "lint: failed:$failed" >&2
  exit 1
fi
