#!/bin/sh
# Makes sure that this machine has what SwiftPM cannot fetch itself, and installs what is missing.
#
#   Tools/setup.sh            for building: OpenBLAS, LAPACKE, libpng, zlib, pkg-config
#   Tools/setup.sh --lint     for `make lint` too: clang-format
#   Tools/setup.sh --arm      for `make test-arm` too: QEMU and a C library for 64-bit Arm
#   Tools/setup.sh --mpi      for `make test-distributed` too: Open MPI
#   Tools/setup.sh --quiet    says nothing when there is nothing to do
#
# Asks pkg-config and not the package manager, so that an OpenBLAS built by hand counts too.
# Everything goes to stderr: `make bench > report` keeps only the report.
# shellcheck disable=SC2086 # $missing and $root are lists of words.
set -u

lint=no
arm=no
mpi=no
quiet=no
for argument; do
  case $argument in
    --lint) lint=yes ;;
    --arm) arm=yes ;;
    --mpi) mpi=yes ;;
    --quiet) quiet=yes ;;
    *)
      echo "setup: unknown option '$argument' (known: --lint --arm --mpi --quiet)" >&2
      exit 64
      ;;
  esac
done

say() { echo "setup: $*" >&2; }
have() { command -v "$1" >/dev/null 2>&1; }

# The names that this system's package manager gives to what is missing, and what each is for.
missing=
reasons=
need() { # package, what it is for
  missing="$missing${missing:+ }$1"
  reasons=$(printf '%s\n  %-16s %s' "$reasons" "$1" "$2")
}

known() { have pkg-config && pkg-config --exists "$1"; }

look_for_missing() {
  missing=
  reasons=
  # Homebrew keeps these libraries out of the default search path; SwiftPM asks brew where they are.
  if [ "$system" = macOS ] && have brew; then
    [ -e "$(brew --prefix openblas)/include/cblas.h" ] || need openblas "$why_blas"
    [ -e "$(brew --prefix lapack)/include/lapacke.h" ] || need lapack "$why_lapacke"
    [ -e "$(brew --prefix libpng)/include/png.h" ] || need libpng "$why_png"
    [ -e "$(brew --prefix zlib)/include/zlib.h" ] || need zlib "$why_zlib"
  else
    known openblas || need "$blas" "$why_blas"
    known lapacke || need "$lapacke" "$why_lapacke"
    known libpng || need "$png" "$why_png"
    known zlib || need "$zlib" "$why_zlib"
  fi
  have pkg-config || need "$pkgconfig" "tells SwiftPM where OpenBLAS is"
  [ "$lint" = no ] || have clang-format || need clang-format "checks the layout of the C kernels"
  [ "$arm" = no ] || look_for_arm
  [ "$mpi" = no ] || look_for_mpi
}

look_for_mpi() {
  if [ "$system" = macOS ] && have brew; then
    [ -e "$(brew --prefix open-mpi)/include/mpi.h" ] || need open-mpi "$why_mpi"
  else
    known ompi-c || need libopenmpi-dev "$why_mpi"
    have mpirun || need openmpi-bin "starts the ranks of a job"
    have ip || need iproute2 "makes networks to try it on"
  fi
}

# Under the names of Debian and Ubuntu.
look_for_arm() {
  have qemu-aarch64 || need qemu-user "QEMU, which runs programs for 64-bit Arm"
  have aarch64-linux-gnu-gcc || need gcc-aarch64-linux-gnu "what clang links for 64-bit Arm"
  # A compiler that does not find a file answers with its name.
  have aarch64-linux-gnu-gcc && [ "$(aarch64-linux-gnu-gcc -print-file-name=libc.a)" != libc.a ] ||
    need libc6-dev-arm64-cross "the C library for 64-bit Arm"
}

# What to do by hand, and an exit.
give_up() {
  say "error: $*"
  cat >&2 <<END

Install by hand, then run the same command again:
  Debian, Ubuntu   sudo apt-get update && sudo apt-get install $(debian_names)
  macOS            brew install $(brew_names)
  elsewhere        OpenBLAS, LAPACKE, libpng and zlib with their C headers, and pkg-config

Have them in a place of your own? Put the folders that hold openblas.pc, lapacke.pc, libpng.pc and
zlib.pc into PKG_CONFIG_PATH; \`pkg-config --exists openblas lapacke libpng zlib\` must then succeed.
END
  exit 1
}
debian_names() {
  echo "libopenblas-dev liblapacke-dev libpng-dev zlib1g-dev pkg-config$clang_format$arm_names$mpi_names"
}
brew_names() { echo "openblas lapack libpng zlib pkgconf$clang_format$mpi_brew"; }

clang_format=
[ "$lint" = no ] || clang_format=" clang-format"
arm_names=
[ "$arm" = no ] || arm_names=" qemu-user gcc-aarch64-linux-gnu libc6-dev-arm64-cross"
mpi_names=
mpi_brew=
if [ "$mpi" = yes ]; then
  mpi_names=" libopenmpi-dev openmpi-bin iproute2"
  mpi_brew=" open-mpi"
fi
why_mpi="Open MPI, which carries messages between the ranks of a job"
why_blas="OpenBLAS, which does every large matrix product"
why_lapacke="LAPACKE, which solves, factorises and finds eigenvalues"
why_png="libpng, which writes pictures"
why_zlib="zlib, which packs and unpacks model files"
case $(uname -s) in
  Darwin) system=macOS blas=openblas lapacke=lapack png=libpng zlib=zlib pkgconfig=pkgconf ;;
  *)
    system=Linux blas=libopenblas-dev lapacke=liblapacke-dev png=libpng-dev zlib=zlib1g-dev
    pkgconfig=pkg-config
    ;;
esac

if ! have swift; then
  say "error: there is no 'swift' on the PATH; this package needs Swift 6.2 or newer"
  say "  https://www.swift.org/install tells how to get it"
  exit 1
fi

look_for_missing
if [ -z "$missing" ]; then
  [ "$quiet" = yes ] || say "everything is here, nothing to install"
  exit 0
fi
say "not found on this machine:$reasons"

install_with_apt() {
  root=
  if [ "$(id -u)" != 0 ]; then
    have sudo || give_up "cannot install them: this needs root, and there is no sudo"
    root=sudo
    if ! [ -t 0 ]; then
      root="sudo -n"
      sudo -n true 2>/dev/null ||
        give_up "cannot install them: sudo wants a password, and there is no terminal to ask at"
    fi
  fi
  # Old package lists name files that the mirrors no longer have, so a failure earns one update.
  if ! apt-get install --simulate $missing >/dev/null 2>&1; then
    apt update
    apt install -y --no-install-recommends $missing
  elif ! try_apt install -y --no-install-recommends $missing; then
    apt update
    apt install -y --no-install-recommends $missing
  fi
}

try_apt() {
  say "running: ${root:+$root }apt-get $*"
  $root env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=120 "$@" \
    </dev/null >&2
}
apt() {
  try_apt "$@" || give_up "'apt-get $1' failed; its own message is above"
}

if [ "$system" = macOS ]; then
  have brew || give_up "cannot install them: there is no Homebrew on this machine"
  say "running: brew install $missing"
  brew install $missing >&2 || give_up "brew could not install $missing"
elif have apt-get; then
  install_with_apt
else
  give_up "cannot install them: there is no apt-get on this machine"
fi

look_for_missing
[ -z "$missing" ] || give_up "the installation reported success, but still missing: $missing"
say "done"
