#!/bin/sh
# Runs setup.sh on machines that do not exist: every program it asks is a stand-in of this script, so
# nothing is installed and the answer is the same on every machine.
# shellcheck disable=SC2016 # The stand-ins expand these themselves.
set -eu

setup=$(cd "$(dirname "$0")" && pwd)/setup.sh
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
failures=0

# A machine with Swift and nothing else: `machine NAME` starts it, `program NAME <<END` adds to it.
machine() {
  name=$1
  rm -rf "${place:?}"/*
  mkdir "$place/bin"
  for tool in sh cat env uname; do
    ln -s "$(command -v "$tool")" "$place/bin/$tool"
  done
  program swift </dev/null
  user 0
}
program() {
  { echo "#!/bin/sh"; echo "place='$place'"; cat; } >"$place/bin/$1"
  chmod +x "$place/bin/$1"
}
user() { echo "echo $1" | program id; }

# apt-get as it behaves: logs what really changes the machine; `installed` appears on success.
apt_get() {
  program apt-get <<'END'
case " $* " in
  *" --simulate "*) [ -e "$place/lists" ]; exit ;;
  *" update "*) # Offline too, its exit status is 0.
    echo update >>"$place/log"
    [ ! -e "$place/online" ] || : >"$place/lists" >"$place/fresh" ;;
  *" install "*)
    echo "install${*#*--no-install-recommends}" >>"$place/log"
    [ -e "$place/fresh" ] && [ ! -e "$place/broken" ] && : >"$place/installed" ;;
esac
END
}
# After a successful installation pkg-config itself answers; before it, it is not there.
installs_pkg_config() {
  program pkg-config <<'END'
[ -e "$place/installed" ]
END
}
sudo_that() { # works | refuses
  case $1 in
    works) echo 'echo sudo >>"$place/log"; [ "$1" = -n ] && shift; "$@"' | program sudo ;;
    refuses) echo 'exit 1' | program sudo ;;
  esac
}
files() { for file; do : >"$place/$file"; done; }

# expect STATUS LOG [TEXT…]: the exit status, what was done, and words that the messages must hold.
# With the options in $options.
options=
# shellcheck disable=SC2086 # $options is a list of words.
expect() {
  status=0
  PATH="$place/bin" "$place/bin/sh" "$setup" $options </dev/null >"$place/stdout" 2>"$place/stderr" || status=$?
  log=$(paste -sd ' ' "$place/log" 2>/dev/null || true)
  problem=
  [ "$status" = "$1" ] || problem="exit status $status, not $1"
  [ "$log" = "$2" ] || problem="did '$log', not '$2'"
  [ ! -s "$place/stdout" ] || problem="wrote to stdout"
  shift 2
  for text; do
    grep -qF -e "$text" "$place/stderr" || problem="does not say '$text'"
  done
  [ -z "$problem" ] && return
  failures=$((failures + 1))
  printf 'test-setup: %s: %s; it said:\n' "$name" "$problem"
  sed 's/^/    /' "$place/stderr"
}

all="libopenblas-dev liblapacke-dev libpng-dev zlib1g-dev pkg-config"

machine "everything is there"
apt_get; installs_pkg_config; files installed
expect 0 "" "nothing to install"

machine "no Swift"
rm "$place/bin/swift"; apt_get
expect 1 "" "Swift 6.2" "swift.org"

machine "root, package lists are fresh"
apt_get; installs_pkg_config; files lists fresh online
expect 0 "install libopenblas-dev liblapacke-dev libpng-dev zlib1g-dev" "OpenBLAS, which" "running: apt-get install"

machine "root, no package lists"
apt_get; installs_pkg_config; files online
expect 0 "update install libopenblas-dev liblapacke-dev libpng-dev zlib1g-dev" "running: apt-get update"

machine "root, package lists are too old"
apt_get; installs_pkg_config; files lists online
expect 0 "install libopenblas-dev liblapacke-dev libpng-dev zlib1g-dev update install libopenblas-dev liblapacke-dev libpng-dev zlib1g-dev"

machine "a user who may use sudo"
apt_get; installs_pkg_config; user 1000; sudo_that works; files lists fresh online
expect 0 "sudo sudo install libopenblas-dev liblapacke-dev libpng-dev zlib1g-dev" "running: sudo -n apt-get install"

machine "sudo wants a password and nobody is there"
apt_get; user 1000; sudo_that refuses; files lists fresh online
expect 1 "" "sudo wants a password" "apt-get install $all" "PKG_CONFIG_PATH"

machine "a user without sudo"
apt_get; user 1000; files lists fresh online
expect 1 "" "needs root" "apt-get install $all"

machine "offline"
apt_get
expect 1 "update install $all" "'apt-get install' failed" "apt-get install $all"

machine "no apt"
expect 1 "" "no apt-get on this machine" "apt-get install $all" "brew install openblas lapack libpng zlib pkgconf"

machine "installed without effect"
apt_get; files lists fresh online
expect 1 "install $all" "still missing: $all"

options=--arm
cross="qemu-user gcc-aarch64-linux-gnu libc6-dev-arm64-cross"
machine "nothing for Arm"
apt_get; installs_pkg_config; files installed lists fresh online
expect 1 "install $cross" "QEMU" "still missing: $cross"

machine "everything for Arm"
apt_get; installs_pkg_config; files installed
program qemu-aarch64 </dev/null
echo 'echo /somewhere/libc.a' | program aarch64-linux-gnu-gcc
expect 0 "" "nothing to install"

machine "no C library for Arm"
apt_get; installs_pkg_config; files installed lists fresh online
program qemu-aarch64 </dev/null
echo 'echo libc.a' | program aarch64-linux-gnu-gcc
expect 1 "install libc6-dev-arm64-cross" "apt-get install $all $cross"

options=--mpi
machine "nothing for MPI"
apt_get; files lists fresh online
program ip </dev/null
program pkg-config <<'END'
[ "$2" != ompi-c ] || [ -e "$place/installed" ]
END
expect 1 "install libopenmpi-dev openmpi-bin" "Open MPI" "still missing: openmpi-bin" \
  "apt-get install $all libopenmpi-dev openmpi-bin iproute2"

machine "everything for MPI"
apt_get; installs_pkg_config; files installed
program mpirun </dev/null
program ip </dev/null
expect 0 "" "nothing to install"
options=

machine "macOS with Homebrew"
ln -sf "$place/bin/uname.sh" "$place/bin/uname"
echo 'echo Darwin' | program uname.sh
program brew <<'END'
if [ "$1" = --prefix ]; then echo "$place/$2"; exit; fi
echo "$*" >>"$place/log"
mkdir -p "$place/openblas/include" "$place/lapack/include" "$place/libpng/include" "$place/zlib/include"
: >"$place/openblas/include/cblas.h" >"$place/lapack/include/lapacke.h" >"$place/libpng/include/png.h"
: >"$place/zlib/include/zlib.h"
END
program pkg-config </dev/null
ln -s "$(command -v mkdir)" "$place/bin/mkdir"
expect 0 "install openblas lapack libpng zlib" "running: brew install openblas lapack libpng zlib"

[ "$failures" = 0 ] || exit 1
echo "test-setup: all machines behave"
