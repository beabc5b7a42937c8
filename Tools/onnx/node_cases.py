"""Writes ONNX's own cases of its operators as folders: model.onnx, input_N.pb, output_N.pb and tolerance.

    node_cases.py FOLDER OPERATOR...

Cases of one node go to FOLDER/OPERATOR/CASE. Operators that ONNX also gives as a graph of simpler ones go to
FOLDER/expanded/CASE, where all of those are among the operators asked for.
"""

import pathlib
import sys
import warnings

from onnx import TensorProto, numpy_helper
from onnx.backend.test.case.node import collect_testcases


def write(folder, case):
    folder.mkdir(parents=True)
    (folder / "model.onnx").write_bytes(case.model.SerializeToString(deterministic=True))
    (folder / "tolerance").write_text(f"{case.rtol} {case.atol}\n")
    inputs, outputs = case.data_sets[0]
    for kind, values in (("input", inputs), ("output", outputs)):
        for i, value in enumerate(values):
            # Sequences and optional values, which no operator here takes: the model's types say so.
            if value is None or isinstance(value, (list, dict)):
                continue
            tensor = value if isinstance(value, TensorProto) else numpy_helper.from_array(value)
            (folder / f"{kind}_{i}.pb").write_bytes(tensor.SerializeToString(deterministic=True))


def main():
    root, operators = pathlib.Path(sys.argv[1]), set(sys.argv[2:])
    warnings.simplefilter("ignore")
    for case in collect_testcases(None):
        nodes = case.model.graph.node
        if any(node.domain not in ("", "ai.onnx") or node.op_type not in operators for node in nodes):
            continue
        group = nodes[0].op_type if len(nodes) == 1 and "_expanded" not in case.name else "expanded"
        write(root / group / case.name, case)


main()
