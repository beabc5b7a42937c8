#!/usr/bin/env bash
# Builds the code of the documentation's articles as somebody else's package would, and runs it: each article
# that has blocks of Swift is a program, and what it says that it prints it must print. Tools/articles.awk has
# the marks. `.ci/run` calls it.
#
#   Tools/articles.sh [ARTICLE…]     all unless given, but for that of DistributedTraining
#   TRAITS=Distributed PRODUCTS=FOLDER Tools/articles.sh [ARTICLE…]     that too; FOLDER has products with the trait
set -euo pipefail
cd "$(dirname "$0")/.."

root=$PWD
scratch=${SCRATCH:-.build}
package=$scratch/articles
# The modules are built once for this package and for that in Tests/Consumer.
products=${PRODUCTS:-$scratch/consumer}
further= traits= without=Sources/DistributedTraining/
if [ "${TRAITS:-}" = Distributed ]; then
  further='"DistributedTraining",'
  traits=", traits: [\"$TRAITS\"]"
  without='^$'
fi

if [ $# -gt 0 ]; then
  articles=("$@")
else
  mapfile -t articles < <(grep -l '^```swift$' Sources/*/*.docc/*.md | grep -v "$without")
fi
if [ ${#articles[@]} -eq 0 ]; then
  echo "articles: no article has a block of Swift" >&2
  exit 1
fi

rm -rf "$package"
mkdir -p "$package/Sources"
targets=
names=()
for article in "${articles[@]}"; do
  name=$(basename "$article" .md)Article
  if [ -e "$package/Sources/$name" ]; then
    echo "articles: two articles are called $(basename "$article")" >&2
    exit 1
  fi
  mkdir "$package/Sources/$name"
  awk -f Tools/articles.awk -v name="$article" -v program="$package/Sources/$name/main.swift" \
    -v output="$package/$name.txt" "$article"
  names+=("$name")
  targets="$targets
    .executableTarget(name: \"$name\", dependencies: modules),"
done
cat >"$package/Package.swift" <<END
// swift-tools-version: 6.2
import PackageDescription

let modules: [Target.Dependency] = [
  "LinAlg", "Recurrent", "Autodiff", "SequenceModels", "Pictures", "ModelFiles", "OnnxModels", $further
].map {
  .product(name: \$0, package: "swift-recurrent")
}
let package = Package(
  name: "Articles",
  dependencies: [.package(name: "swift-recurrent", path: "$root"$traits)],
  targets: [$targets
  ])
END

# One by one: all at once would be all of swift-protobuf too, a compiler of C++ among it.
for name in "${names[@]}"; do
  # shellcheck disable=SC2086 # $BUILD_FLAGS is a list of options.
  swift build --package-path "$package" --scratch-path "$products" ${BUILD_FLAGS:-} -c debug --product "$name"
done

failed=
for name in "${names[@]}"; do
  if ! "$products/debug/$name" >"$package/$name.out"; then
    echo "articles: $name failed" >&2
    failed=1
  elif [ -s "$package/$name.txt" ] && ! diff -u "$package/$name.txt" "$package/$name.out" >&2; then
    echo "articles: $name prints something else than its article says (+ is what it prints)" >&2
    failed=1
  fi
done
[ -z "$failed" ] || exit 1
echo "articles: ${#names[@]} built and run"
