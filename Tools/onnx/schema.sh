#!/bin/sh
# Makes Sources/OnnxModels/Schema/onnx.pb.swift from onnx.proto beside it: with protoc of Python's
# grpcio-tools and protoc-gen-swift of the release of swift-protobuf named below, both in the scratch
# folder. Minutes the first time.
set -eu

cd "$(dirname "$0")/../.."
release=1.39.0
scratch=$(mkdir -p "${SCRATCH:-.build}/onnx-schema" && cd "${SCRATCH:-.build}/onnx-schema" && pwd)
folder=Sources/OnnxModels/Schema

[ -d "$scratch/swift-protobuf" ] || git -c advice.detachedHead=false clone --quiet --branch "$release" \
  https://github.com/apple/swift-protobuf "$scratch/swift-protobuf"
swift build --package-path "$scratch/swift-protobuf" --product protoc-gen-swift >&2
[ -x "$scratch/venv/bin/python" ] || python3 -m venv "$scratch/venv"
"$scratch/venv/bin/pip" install --quiet grpcio-tools==1.85.1

"$scratch/venv/bin/python" -m grpc_tools.protoc --proto_path="$folder" \
  --plugin=protoc-gen-swift="$scratch/swift-protobuf/.build/debug/protoc-gen-swift" \
  --swift_opt=Visibility=Internal --swift_out="$folder" onnx.proto
