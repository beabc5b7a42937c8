#!/bin/sh
# Checks that imports point one way. Run at the root of the checkout; prints each import that does not
# belong, and fails. Modules from elsewhere (Foundation, Testing, RealModule, …) are SwiftPM's matter.
set -eu

# A folder and what of ours it may import. A module of the package that is not here may not exist yet:
# add it on purpose. Tests import what they test, and the kernels where they test those one by one.
table='
Sources/CBLAS              cblas.h lapacke.h
Sources/CKernels
Sources/LinAlg             CBLAS CKernels
Sources/Recurrent          CKernels LinAlg
Sources/Autodiff           LinAlg Recurrent
Sources/WholeFiles
Sources/Charts
Sources/SequenceModels     LinAlg Recurrent Autodiff WholeFiles Charts
Sources/CPNG               png.h
Sources/Pictures           CPNG LinAlg SequenceModels WholeFiles
Sources/CZLib              zlib.h
Sources/ModelFiles         CZLib LinAlg Recurrent Autodiff SequenceModels WholeFiles
Sources/OnnxModels         LinAlg Recurrent Autodiff WholeFiles
Sources/CMPI               mpi.h
Sources/DistributedTraining CMPI LinAlg Recurrent Autodiff SequenceModels
Sources/ReferenceLoops
Sources/CAllocationCounter
Sources/CMachineProbe
Sources/Bench              LinAlg Recurrent Autodiff SequenceModels ModelFiles ReferenceLoops CAllocationCounter CMachineProbe WholeFiles Charts
Sources/RecurrentTool      Recurrent ModelFiles OnnxModels Charts
Examples/CharacterModel    LinAlg Recurrent Autodiff SequenceModels
Examples/AddingProblem     LinAlg Recurrent Autodiff SequenceModels
Examples/Experiments       LinAlg Recurrent Autodiff SequenceModels Pictures WholeFiles Charts
Examples/Server            LinAlg Recurrent Autodiff SequenceModels ModelFiles
Tests/Consumer             LinAlg Recurrent Autodiff SequenceModels
Tests/LinAlgTests          * CKernels
Tests/RecurrentTests       * CKernels
Tests/PicturesTests        * CPNG
Tests/*                    *
'
# What a star stands for.
testable='LinAlg Recurrent Autodiff SequenceModels Pictures ModelFiles OnnxModels DistributedTraining ReferenceLoops Bench RecurrentTool CharacterModel AddingProblem CAllocationCounter CMachineProbe WholeFiles Charts'
ours="CBLAS CKernels CPNG CZLib CMPI mpi.h cblas.h lapacke.h png.h zlib.h $testable"
export table testable ours # awk reads them from there: -v takes no newlines everywhere.

found=$(mktemp)
trap 'rm -f "$found" "$found.files"' EXIT
git ls-files --cached --others --exclude-standard -- Sources Examples Tests >"$found.files"
# No pipe: what fails on its left side fails unseen.
while read -r file; do
  case $file in
    *.swift | *.c | *.h | *.inc) ;;
    *) continue ;;
  esac
  [ ! -f "$file" ] || awk -v file="$file" '
      BEGIN {
        split(file, part, "/")
        folder = part[1] "/" part[2]
        known = 0
        lines = split(ENVIRON["table"], line, "\n")
        for (i = 1; i <= lines; i++) {
          words = split(line[i], word, " ")
          if (known || (word[1] != folder && word[1] != part[1] "/*")) continue
          known = 1
          for (j = 2; j <= words; j++) allow(word[j])
        }
        if (!known) {
          print file ": " folder " is not in the table of Tools/lint-imports.sh"
          exit
        }
        names = split(ENVIRON["ours"], name, " ")
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
      function allow(module,    names, name, i) {
        if (module == "*") {
          names = split(ENVIRON["testable"], name, " ")
          for (i = 1; i <= names; i++) allowed[name[i]] = 1
        }
        allowed[module] = 1
      }
      function judge(module) {
        if ((module in isOurs) && !(module in allowed))
          print file ":" FNR ": " folder " may not import " module
      }' "$file" >>"$found"
done <"$found.files"

if [ -s "$found" ]; then
  cat "$found"
  echo "lint-imports: imports point one way; see CONTRIBUTING.md" >&2
  exit 1
fi
