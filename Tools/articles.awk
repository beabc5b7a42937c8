# Makes a program of an article: its blocks of Swift, one behind the other, and what it is to print.
#
#   awk -f Tools/articles.awk -v name=ARTICLE.md -v program=main.swift -v output=expected.txt ARTICLE.md
#
#   ```swift … ```            code, as readers see it
#   <!-- swift … -->          code that they do not see: what the visible code takes for granted
#   <!-- scope -->            begins a scope, and ends the one before: names may be used again
#   <!-- end of scope -->
#   ```text … ```             what the program prints, all of these together

function fail(what) {
  print name ":" FNR ": " what > "/dev/stderr"
  failed = 1
  exit 1
}

function begin_code() {
  print "#sourceLocation(file: \"" name "\", line: " FNR + 1 ")" > program
}

function end_scope() {
  if (in_scope) print "}" > program
  in_scope = 0
}

BEGIN {
  print "import Autodiff\nimport Foundation\nimport LinAlg\nimport Recurrent\nimport SequenceModels" > program
  printf "" > output
}

mode == "" && ($0 == "```swift" || $0 == "<!-- swift") {
  mode = $0 == "```swift" ? "code" : "hidden"
  count += mode == "code"
  begin_code()
  next
}
mode == "" && $0 == "```text" { mode = "text"; next }
mode == "" && $0 == "<!-- scope -->" {
  end_scope()
  print "do {" > program
  in_scope = 1
  next
}
mode == "" && $0 == "<!-- end of scope -->" {
  if (!in_scope) fail("the end of a scope that has not begun")
  end_scope()
  next
}
mode == "" && /^<!--/ { fail("expected <!-- swift, <!-- scope --> or <!-- end of scope -->, found " $0) }
mode == "" && /^```/ { mode = "other"; next }
(mode == "code" || mode == "text" || mode == "other") && $0 == "```" { mode = ""; next }
mode == "hidden" && $0 == "-->" { mode = ""; next }
mode == "code" || mode == "hidden" { print > program }
mode == "text" { print > output }

END {
  if (failed) exit 1
  if (mode != "") fail("a block that does not end")
  end_scope()
  if (!count) fail("no block of Swift")
}
