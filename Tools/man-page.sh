#!/bin/sh
# Prints the man page of a program made with swift-argument-parser, which is its help: the texts of --help, with
# their headings as sections.
#
#   Tools/man-page.sh PROGRAM COMMAND…    as Tools/man-page.sh .build/release/recurrent inspect convert
set -eu

program=$1
shift
name=$(basename "$program")
version=$("$program" --version)

# page TITLE: roff of the help on standard input; its first part gets the title.
page() {
  awk -v title="$1" '
    function roff(text) {
      gsub(/\\/, "\\e", text)
      gsub(/-/, "\\-", text)
      if (text ~ /^[.\047]/) text = "\\&" text
      return text
    }
    /^OVERVIEW: / { sub(/^OVERVIEW: /, ""); print ".SH " roff(title); print ".nf"; print roff($0); next }
    /^USAGE: / { print ".fi"; print ".SS USAGE"; print ".nf"; sub(/^USAGE: /, ""); print roff($0); next }
    /^[A-Z][A-Z ]*:?$/ { sub(/:$/, ""); print ".fi"; print ".SS " roff($0); print ".nf"; next }
    { print roff($0) }
    END { print ".fi" }'
}

overview=$("$program" --help | sed -n 's/^OVERVIEW: //p')
printf '.TH "%s" 1 "" "%s %s"\n' "$(echo "$name" | tr '[:lower:]' '[:upper:]')" "$name" "$version"
printf '.SH NAME\n%s \\- %s\n' "$name" "${overview%.}"
printf '.SH SYNOPSIS\n.B %s\n.I command\n[options]\n' "$name"
COLUMNS=80 "$program" --help | page DESCRIPTION
for command in "$@"; do
  COLUMNS=80 "$program" "$command" --help | page "$name $command"
done
