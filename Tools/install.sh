#!/bin/sh
# Installs the command `recurrent` with its man page and the completions of three shells, or removes them.
#
#   PREFIX=/usr/local DESTDIR= Tools/install.sh [--remove]
set -eu

cd "$(dirname "$0")/.."
scratch=${SCRATCH:-.build}
prefix=${PREFIX:-/usr/local}
# Not every shell makes a home of `make install PREFIX=~/.local`.
case $prefix in "~/"*) prefix=$HOME/${prefix#"~/"} ;; esac
root=${DESTDIR-}$prefix
man=$root/share/man/man1/recurrent.1
bash=$root/share/bash-completion/completions/recurrent
zsh=$root/share/zsh/site-functions/_recurrent
fish=$root/share/fish/vendor_completions.d/recurrent.fish

if [ "${1-}" = --remove ]; then
  rm -f "$root/bin/recurrent" "$man" "$bash" "$zsh" "$fish"
  exit
fi

# The Swift libraries become part of the program, which so runs without a toolchain. Apple's systems have them.
set -- -c release --product recurrent
[ "$(uname)" = Darwin ] || set -- "$@" --static-swift-stdlib
swift build --scratch-path "$scratch/install" "$@" >&2
program=$(swift build --scratch-path "$scratch/install" "$@" --show-bin-path)/recurrent

# All of it first: what cannot be made is not installed in part.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
Tools/man-page.sh "$program" inspect convert run compare >"$work/man"
# Half of it are names for a debugger.
strip -o "$work/recurrent" "$program" 2>/dev/null || cp "$program" "$work/recurrent"
for shell in bash zsh fish; do
  "$program" --generate-completion-script "$shell" >"$work/$shell"
done
# place FILE TARGET MODE
place() {
  mkdir -p "$(dirname "$2")"
  install -m "$3" "$1" "$2"
}
place "$work/recurrent" "$root/bin/recurrent" 755
place "$work/man" "$man" 644
place "$work/bash" "$bash" 644
place "$work/zsh" "$zsh" 644
place "$work/fish" "$fish" 644
echo "installed $root/bin/recurrent, its man page and completions"
