"""Writes the models of the cases in a folder as files, for a fuzzer to begin with.

    onnx_models_of.py CASES FOLDER
"""

import pathlib
import sys


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        shift, at = shift + 7, at + 1
        if byte < 0x80:
            return value, at


def fields(data):
    at = 0
    while at < len(data):
        tag, at = varint(data, at)
        length, at = varint(data, at)
        yield tag >> 3, data[at : at + length]
        at += length


def main():
    source, target = map(pathlib.Path, sys.argv[1:])
    for path in sorted(source.glob("*.cases")):
        data, at, number = path.read_bytes(), 0, 0
        while at < len(data):
            length, at = varint(data, at)
            model = dict(fields(data[at : at + length]))[2]
            (target / f"{path.stem}-{number}").write_bytes(model)
            at, number = at + length, number + 1


main()
