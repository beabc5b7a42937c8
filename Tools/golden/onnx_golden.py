"""Makes the files of Tests/Golden/onnx. See README.md beside this file."""

import pathlib
import sys

import onnx_models
import onnx_nodes
import onnx_recurrent
from onnx_cases import write


def main():
    folder, operators = pathlib.Path(sys.argv[1]), set(sys.argv[2:])
    folder.mkdir(parents=True, exist_ok=True)
    write(folder / "nodes.cases", onnx_nodes.cases(operators))
    write(folder / "recurrent.cases", onnx_recurrent.cases(count=40, seed=1))
    write(folder / "models.cases", onnx_models.cases())


main()
