#!/bin/sh
# Checks the C kernels in C alone (Tests/KernelChecks), compiled as the package compiles them.
#
#   Tools/test-kernels.sh          on this machine; every case must also notice a kernel that does nothing
#   Tools/test-kernels.sh --arm    for 64-bit Arm under Linux, in QEMU
#
# CLANG is another compiler than the one of the Swift toolchain.
set -eu

cd "$(dirname "$0")/.."
case ${1-} in
  '') target=native run= ;;
  --arm) target=aarch64-linux-gnu run=qemu-aarch64 ;;
  *)
    echo "test-kernels: unknown option '$1' (known: --arm)" >&2
    exit 64
    ;;
esac
if [ -z "${CLANG-}" ]; then
  CLANG=$(dirname "$(command -v swift)")/clang
  [ -x "$CLANG" ] || CLANG=clang
fi
folder=${SCRATCH:-.build}/kernel-checks/$target
rm -rf "$folder"
mkdir -p "$folder"

# The flags of CKernels are read from Package.swift, so that these are its kernels.
flags=$(awk '/name: "CKernels"/ { here = 1 } here && /unsafeFlags/ { print; exit }' Package.swift |
  sed 's/.*unsafeFlags(\[\([^]]*\)\].*/\1/; s/[",]//g')
case $flags in *-O3*) ;; *)
  echo "test-kernels: no flags of CKernels in Package.swift: '$flags'" >&2
  exit 1
  ;;
esac
flags="$flags -std=gnu17 -Wall -Wextra -Wno-unused-parameter -Werror -ISources/CKernels/include"
flags="$flags -ITests/TestSupport/include"
link=
if [ "$target" != native ]; then
  flags="$flags --target=$target"
  # Without its libraries on this machine there is no dynamic linking.
  link="-fuse-ld=lld -static"
fi

# shellcheck disable=SC2086 # $flags and $link are lists of words.
compile() {
  for file in Sources/CKernels/*.c Tests/KernelChecks/*.c Tests/TestSupport/checks.c \
    Tests/TestSupport/reference.c Tests/TestSupport/products.c Tests/TestSupport/sets.c \
    Tests/TestSupport/guarded.c Tests/TestSupport/kernels_pairs.c; do
    echo "$file" "$folder/$(echo "$file" | tr / _).o"
  done | xargs -n 2 -P "$(getconf _NPROCESSORS_ONLN)" \
    sh -c 'clang=$1; shift; flags=$1; shift; exec "$clang" $flags -c "$1" -o "$2"' sh \
    "$CLANG" "$flags"
  "$CLANG" $flags $link "$folder"/*.o -lm -lpthread -o "$folder/KernelChecks"
}
compile

echo "kernels for $target:"
if [ "$target" = native ]; then
  "$folder/KernelChecks" --self-check
else
  # The best kernels there must be those of NEON.
  $run "$folder/KernelChecks" | tee "$folder/log"
  grep -q '^best here: neon$' "$folder/log" && grep -q ', 0 failed$' "$folder/log"
fi
