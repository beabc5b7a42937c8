"""Runs models that OnnxCases has written in ONNX Runtime and compares the outputs.

    run_in_onnxruntime.py FOLDER
"""

import pathlib
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import numpy_helper


def arrays(folder, kind, count):
    for i in range(count):
        tensor = onnx.TensorProto()
        tensor.ParseFromString((folder / f"{kind}_{i}.pb").read_bytes())
        yield numpy_helper.to_array(tensor)


# What ONNX Runtime says of what it does not have; anything else that it says is a failure.
MISSING = "does not support double yet"


def difference(folder):
    """The largest difference, as a multiple of what is allowed; or why ONNX Runtime does not run it."""
    path = str(folder / "model.onnx")
    onnx.checker.check_model(path, full_check=True)
    try:
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        names = [value.name for value in session.get_inputs()]
        results = session.run(None, dict(zip(names, arrays(folder, "input", len(names)))))
    except Exception as error:  # of many classes
        return " ".join(str(error).split())
    relative, absolute = map(float, (folder / "tolerance").read_text().split())
    worst = 0.0
    for result, expected in zip(results, arrays(folder, "output", len(results))):
        if result.shape != expected.shape or result.dtype != expected.dtype:
            return float("inf")
        with np.errstate(invalid="ignore"):
            ratio = np.abs(result - expected) / (absolute + relative * np.abs(expected))
        # Infinities that are equal have no difference; what is no number is equal to nothing.
        ratio = np.nan_to_num(np.where(result == expected, 0, ratio), nan=np.inf)
        worst = max(worst, float(np.max(ratio, initial=0)))
    return worst


def main():
    onnxruntime.set_default_logger_severity(4)
    count = bad = 0
    for folder in sorted(pathlib.Path(sys.argv[1]).iterdir()):
        worst = difference(folder)
        if isinstance(worst, str) and MISSING in worst:
            print(f"written, not run by ONNX Runtime: {folder.name}: it {MISSING}")
            continue
        count += 1
        if isinstance(worst, str):
            bad += 1
            print(f"FAILED written model {folder.name}: {worst}")
            continue
        if not worst <= 1:
            bad += 1
            print(f"FAILED written model {folder.name}: {worst:.3g} times the tolerance")
    print(f"written models, run by ONNX Runtime: {count - bad} of {count} equal")
    return bad > 0


sys.exit(main())
