#!/bin/sh
# Checks that imports point one way. Run at the root of the checkout; prints each import that does not
# belong, and fails. Modules from elsewhere (Foundation, Testing, RealModule, …) are SwiftPM's matter.
set -eu

# A folder and what of ours it may import. A folder that is not here may not exist yet: add it on purpose.
table='
Sources/LinAlg             CBLAS CKernels
Sources/Recurrent          CKernels LinAlg
Sources/SequenceModels     LinAlg Recurrent
Sources/ReferenceLoops
Sources/Bench              LinAlg Recurrent ReferenceLoops CAllocationCounter
Examples/CharacterModel    LinAlg Recurrent SequenceModels
Tests/LinAlgTests          LinAlg CKernels
Tests/RecurrentTests       LinAlg CKernels Recurrent ReferenceLoops CAllocationCounter
Tests/SequenceModelsTests  LinAlg Recurrent SequenceModels CAllocationCounter
Tests/ReferenceLoopsTests  ReferenceLoops
Tests/BenchTests           Bench LinAlg Recurrent ReferenceLoops CAllocationCounter
Tests/Consumer             LinAlg Recurrent SequenceModels
Sources/CBLAS              cblas.h lapacke.h
Sources/CKernels
Sources/CAllocationCounter
'
ours='CBLAS CKernels CAllocationCounter LinAlg Recurrent SequenceModels ReferenceLoops Bench CharacterModel
cblas.h lapacke.h'

files=$(git ls-files --cached --others --exclude-standard -- Sources Examples Tests)
printf '%s\n' "$files" | grep -E '\.(swift|c|h|inc)$' |
  while read -r file; do
    [ ! -f "$file" ] || awk -v file="$file" -v table="$table" -v ours="$ours" '
      BEGIN {
        split(file, part, "/")
        folder = part[1] "/" part[2]
        known = 0
        lines = split(table, line, "\n")
        for (i = 1; i <= lines; i++) {
          words = split(line[i], word, " ")
          if (word[1] != folder) continue
          known = 1
          for (j = 2; j <= words; j++) allowed[word[j]] = 1
        }
        if (!known) {
          print file ": " folder " is not in the table of Tools/lint-imports.sh"
          exit
        }
        names = split(ours, name, /[ \n]+/)
        for (i = 1; i <= names; i++) isOurs[name[i]] = 1
      }
      # `import M`, `@testable public import struct M.Type`, `#include <m.h>`
      /^[ \t]*(@[A-Za-z_]+(\([A-Za-z_]*\))?[ \t]+)*((public|package|internal|fileprivate|private)[ \t]+)?import[ \t]/ {
        module = $0
        sub(/^.*import[ \t]+((struct|class|enum|protocol|typealias|func|let|var)[ \t]+)?/, "", module)
        sub(/[^A-Za-z0-9_].*/, "", module)
        judge(module)
      }
      /^[ \t]*#[ \t]*include[ \t]*[<"]/ {
        header = $0
        sub(/^[^<"]*[<"]/, "", header)
        sub(/[>"].*/, "", header)
        judge(header)
      }
      function judge(module) {
        if ((module in isOurs) && !(module in allowed))
          print file ":" FNR ": " folder " may not import " module
      }' "$file"
  done |
  {
    if grep .; then
      echo "lint-imports: imports point one way; see CONTRIBUTING.md" >&2
      exit 1
    fi
  }
