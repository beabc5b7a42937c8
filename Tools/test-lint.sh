#!/bin/sh
# Plants every violation that the linters know into a small repository and expects each to be found.
set -eu

tools=$(cd "$(dirname "$0")" && pwd)
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
git init -q
failures=0

put() { # FILE, content
  mkdir -p "$(dirname "$1")"
  printf '%b\n' "$2" >"$1"
}

fail() {
  failures=$((failures + 1))
  echo "test-lint: $*"
}

# accepts LINTER FILE CONTENT
accepts() {
  put "$2" "$3"
  "$tools/$1" >out 2>&1 || fail "$1 refuses '$3' in $2: $(cat out)"
  rm -f "$2" out
}

# finds LINTER FILE CONTENT [LINE]: the violation must be named with its file and line.
finds() {
  put "$2" "$3"
  if "$tools/$1" >out 2>&1; then
    fail "$1 accepts '$3' in $2"
  elif ! grep -q "^$2:${4-}" out; then
    fail "$1 does not name $2:${4-}: $(cat out)"
  fi
  rm -f "$2" out
}

imports=lint-imports.sh
accepts $imports Sources/LinAlg/A.swift 'import CBLAS\nimport CKernels\nimport RealModule\nimport Foundation'
accepts $imports Sources/Recurrent/A.swift 'public import LinAlg\ninternal import CKernels'
accepts $imports Sources/Recurrent/A.swift '// import CBLAS would be wrong here'
accepts $imports Tests/RecurrentTests/A.swift '@testable import Recurrent\nimport ReferenceLoops'
accepts $imports Tests/RecurrentTests/A.swift 'import CKernels'
accepts $imports Tests/AnySupport/A.swift 'import Recurrent'
accepts $imports Sources/CBLAS/shim.h '#include <cblas.h>'
finds $imports Sources/Recurrent/A.swift '\nimport CBLAS' 2
finds $imports Sources/Recurrent/B.swift 'import SequenceModels' 1
finds $imports Sources/SequenceModels/A.swift '@preconcurrency internal import CKernels' 1
finds $imports Sources/SequenceModels/A.swift '  import struct CBLAS.blasint // why' 1
finds $imports Sources/ReferenceLoops/A.swift 'import LinAlg' 1
finds $imports Sources/LinAlg/A.swift '@_exported public import Recurrent' 1
finds $imports Sources/Recurrent/A.swift '@_implementationOnly import CBLAS' 1
finds $imports Sources/Recurrent/A.swift '@_spi(Testing) import CBLAS' 1
finds $imports Sources/Bench/deep/er/A.swift 'import CBLAS' 1
finds $imports Examples/CharacterModel/A.swift 'import CKernels' 1
finds $imports Tests/LinAlgTests/A.swift 'import CBLAS' 1
finds $imports Tests/BenchTests/A.swift 'import CKernels' 1
finds $imports Tests/Consumer/A.swift 'import ReferenceLoops' 1
finds $imports Sources/CKernels/a.c '#include <cblas.h>' 1
finds $imports Sources/Surprise/A.swift 'import Foundation'

# A linter that could not look has found nothing, and must not say that all is well.
mkdir bin
printf '#!/bin/sh\nexit 2\n' >bin/awk
chmod +x bin/awk
put Sources/Recurrent/A.swift 'import CBLAS'
! PATH="$PWD/bin:$PATH" "$tools/$imports" >out 2>&1 || fail "$imports succeeds where awk fails"
rm -r bin out Sources/Recurrent/A.swift

text=lint-text.sh
accepts $text Sources/A.swift 'let x = try f() as? Int  // try? is fine'
accepts $text Tests/XTests/A.swift 'let x = try! f() as! Int'
accepts $text README.md 'Licence texts are in /usr/share/common-licenses; ./work/ is relative, a/tmp/b too.'
accepts $text Sources/A.swift "$(yes '//' | head -n 600)"
finds $text Sources/A.swift "$(yes '//' | head -n 601)"
finds $text Sources/A.swift 'let a = 1\nlet b = 2\t' 2
finds $text Sources/a.c '\tint a;' 1
finds $text Sources/A.swift 'let x = try! f()' 1
finds $text Sources/A.swift 'let x = y as! Int' 1
finds $text Examples/A.swift 'fatalError("no")' 1
finds $text Tests/Consumer/A.swift 'fatalError("no")' 1
for folder in home/me work farm root opt tmp Users/me; do
  finds $text Docs/a.md "see /$folder/x.txt" 1
done
finds $text Sources/A.swift "// TO""DO: more" 1
finds $text Sources/a.c '#if 0' 1
finds $text Tests/XTests/A.swift '#if false' 1
finds $text Tests/XTests/A.swift '@Test(.disabled("slow"))' 1
finds $text Tests/XTests/A.swift 'import XCTest' 1
for file in Package.resolved Tests/Consumer/Package.resolved .build/debug.yaml; do
  put $file '{}'
  git add -f $file
  finds $text $file '{}' ' tracked'
  git rm -q --cached $file
done

# The list of public symbols, from a graph as the compiler prints it.
cat >graph.json <<'END'
{
  "symbols": [
    {
      "kind": {
        "identifier": "swift.struct"
      },
      "identifier": {
        "precise": "s:Box"
      },
      "pathComponents": [
        "Box"
      ],
      "declarationFragments": [
        {
          "kind": "keyword",
          "spelling": "struct"
        },
        {
          "kind": "text",
          "spelling": " "
        },
        {
          "kind": "identifier",
          "spelling": "Box"
        }
      ]
    },
    {
      "identifier": {
        "precise": "s:open"
      },
      "pathComponents": [
        "Box",
        "open(_:)"
      ],
      "functionSignature": {
        "parameters": [
          {
            "declarationFragments": [
              {
                "spelling": "not this"
              }
            ]
          }
        ]
      },
      "declarationFragments": [
        {
          "spelling": "func open(_ key: String = \"a\")"
        }
      ]
    }
  ],
  "relationships": [
    {
      "kind": "conformsTo",
      "source": "s:Box",
      "target": "s:SH",
      "targetFallback": "Swift.Hashable"
    },
    {
      "kind": "conformsTo",
      "source": "s:Box",
      "target": "s:SE",
      "targetFallback": "Swift.Encodable"
    }
  ]
}
END
printf '%s\n' 'Box  struct Box  [Encodable, Hashable]' 'Box.open(_:)  func open(_ key: String = "a")' >expected
awk -f "$tools/public-surface.awk" graph.json >out
cmp -s out expected || fail "public-surface.awk makes of a graph: $(cat out)"

[ "$failures" = 0 ] || exit 1
echo "test-lint: every planted violation is found"
