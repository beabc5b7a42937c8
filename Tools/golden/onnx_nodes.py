"""ONNX's own cases of operators: a few small ones of each, and all of the recurrent ones and of control flow."""

import collections
import warnings

from onnx.backend.test.case.node import collect_testcases

from onnx_cases import case

ALL_OF = {"RNN", "LSTM", "GRU", "If", "Loop", "Scan"}
# Those that OnnxModels runs; OnnxElementType names them, too.
TYPES = {1, 6, 7, 9, 11}


def is_plain(one):
    """Tensors of the types that OnnxModels runs, alone."""
    values = list(one.model.graph.input) + list(one.model.graph.output)
    return all(
        value.type.WhichOneof("value") == "tensor_type"
        and value.type.tensor_type.elem_type in TYPES for value in values
    )


def cases(operators, largest=3000, each=4):
    found = collections.defaultdict(list)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for one in collect_testcases(None):
            nodes = one.model.graph.node
            operator = nodes[0].op_type
            version = one.model.opset_import[0].version
            if len(nodes) != 1 or operator not in operators or "_expanded" in one.name:
                continue
            if "training" in one.name or not is_plain(one) or (version < 13 and operator != "Not"):
                continue
            inputs, outputs = one.data_sets[0]
            data = case(
                one.name, one.model.SerializeToString(deterministic=True), inputs, outputs,
                one.rtol, one.atol,
            )
            found[operator].append((len(data), one.name, data))
    chosen = []
    for operator in sorted(found):
        small = sorted(one for one in found[operator] if one[0] <= largest)
        chosen += [one[2] for one in (small if operator in ALL_OF else small[:each])]
    return chosen
