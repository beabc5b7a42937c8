"""Makes the golden files of Tests/Golden from PyTorch on the CPU, and from Keras on top of it, or checks
the committed ones.

Run it through generate.sh, which provides both. README.md says what the files hold.
"""

import argparse
import json
import sys
from pathlib import Path

import keras
import torch

import golden_file
import keras_layers
from cases import BASE_SEED, FIRST_PROJECTED_SEED, GATES, cases, inputs, projected_cases
from layers import run_equations, run_module
from stacks import FIRST_SEED, run_stack_equations, run_stack_module, stack_cases, stack_inputs

FOLDER = Path(__file__).resolve().parents[2] / "Tests" / "Golden"
TOLERANCE = 1e-12
UPSTREAM = {"dOutputs": 0, "dFinalHidden": 1, "dFinalCell": 2}


def evaluate(case, run):
    """Every result of a case: outputs, final states, and the gradients on all inputs, as tensors.

    The loss is the sum of the outputs and final states weighted with the upstream gradients.
    """
    dtype = getattr(torch, case.precision)
    tensors = {
        name: torch.tensor(values, dtype=dtype).reshape(shape)
        for name, (shape, values) in inputs(case).items()
    }
    variables = {name: t.requires_grad_() for name, t in tensors.items() if name not in UPSTREAM}
    results = run(case, variables)
    upstream = [(tensors[name], results[k]) for name, k in UPSTREAM.items() if name in tensors]
    loss = sum((weight * result).sum() for weight, result in upstream)
    gradients = torch.autograd.grad(loss, list(variables.values()), materialize_grads=True)

    values = {"outputs": results[0], "finalHidden": results[1]}
    if results[2] is not None:
        values["finalCell"] = results[2]
    values.update(zip(map(gradient_name, variables), gradients))
    return tensors, {name: value.detach() for name, value in values.items()}


def gradient_name(name):
    """`d` + name: dx, dW, dInitialHidden, dbias_ih."""
    return "d" + name.replace("initial", "Initial")


def map_biases(case, arrays, prefix=""):
    """Replaces PyTorch's bias_ih and bias_hh, or their gradients, by our b and recurrentBias.

    Where both vectors enter one sum (RNN, LSTM, and the gates r and z of the GRU), b is their sum
    and its gradient is that of either. The GRU's candidate resets only what comes from the state,
    so there b is bias_ih and recurrentBias is bias_hh.
    """
    bias_ih, bias_hh = arrays.pop(prefix + "bias_ih"), arrays.pop(prefix + "bias_hh", None)
    shared = case.hidden_size * (2 if case.cell.startswith("gru") else GATES[case.cell])
    if bias_hh is None:
        arrays[prefix + "b"] = bias_ih
        return
    if prefix == "d":
        check_equal(case, "the two bias gradients", bias_ih[:shared], bias_hh[:shared])
        arrays["db"] = bias_ih
    else:
        arrays["b"] = torch.cat([bias_ih[:shared] + bias_hh[:shared], bias_ih[shared:]])
    if case.cell == "gru-reset-after":
        arrays["dRecurrentBias" if prefix else "recurrentBias"] = bias_hh[shared:]


def check_equal(case, what, a, b):
    """Stops the generator where two ways to the same numbers disagree."""
    allowed = TOLERANCE if case.precision == "float64" else 1e-5
    scale = max(1.0, b.abs().max().item())
    if not torch.equal(a.isnan(), b.isnan()) or (a - b).abs().max().item() > allowed * scale:
        sys.exit(f"{case.cell} {case.name}: {what} differ")


def render_case(case):
    """One case of a file: its fields and its named arrays."""
    tensors, results = evaluate(case, run_module if case.packable else run_equations)
    if case.packable:
        for name, value in evaluate(case, run_equations)[1].items():
            check_equal(case, f"{name} of the module and of the equations", results[name], value)

    arrays = {name: tensor.detach() for name, tensor in tensors.items()}
    map_biases(case, arrays)
    map_biases(case, results, prefix="d")
    modules = {"lstm": "torch.nn.LSTM", "gru-reset-after": "torch.nn.GRU"}
    source = modules.get(case.cell, "torch.nn.RNN") if case.packable else "equations"
    fields = {
        "name": case.name,
        "cell": case.cell,
        "source": source,
        "precision": case.precision,
        "seed": case.seed,
        "steps": case.steps,
        "batch": case.batch,
        "inputSize": case.input_size,
        "hiddenSize": case.hidden_size,
    }
    if case.projection_size is not None:
        fields["projectionSize"] = case.projection_size
    if case.lengths is not None:
        fields["lengths"] = list(case.lengths)
    named = {
        name: (tuple(tensor.shape), tensor.flatten().tolist(), case.precision)
        for name, tensor in {**arrays, **results}.items()
    }
    return {"fields": fields, "arrays": named}


def evaluate_stack(case, run):
    """Every result of a stack, as `evaluate` does for one layer; final states place by place."""
    tensors = {
        name: torch.tensor(values, dtype=torch.float64).reshape(shape)
        for name, (shape, values) in stack_inputs(case).items()
    }
    upstream = {n: t for n, t in tensors.items() if n.split(".")[0] in UPSTREAM}
    variables = {n: t.requires_grad_() for n, t in tensors.items() if n not in upstream}
    outputs, hidden, cell = run(case, variables)
    values = {"outputs": outputs}
    for index, place in enumerate(case.places):
        values[f"finalHidden.{place}"] = hidden[index]
        if cell is not None:
            values[f"finalCell.{place}"] = cell[index]
    loss = sum(
        (weight * values[name[1].lower() + name[2:]]).sum() for name, weight in upstream.items()
    )
    gradients = torch.autograd.grad(loss, list(variables.values()), materialize_grads=True)
    values.update(zip(map(gradient_name, variables), gradients))
    return tensors, {name: value.detach() for name, value in values.items()}


def render_stack(case):
    """One case of stacked.json."""
    tensors, results = evaluate_stack(case, run_stack_module if case.packable else run_stack_equations)
    if case.packable:
        for name, value in evaluate_stack(case, run_stack_equations)[1].items():
            check_equal(case, f"{name} of the module and of the equations", results[name], value)
    arrays = {name: tensor.detach() for name, tensor in tensors.items()}
    for place in case.places:
        for values, prefix in ((arrays, ""), (results, "d")):
            own = {}
            for bias in (f"{prefix}bias_ih", f"{prefix}bias_hh"):
                own[bias] = values.pop(f"{bias}.{place}")
            map_biases(case, own, prefix=prefix)
            values.update({f"{name}.{place}": value for name, value in own.items()})
    fields = {
        "name": case.name,
        "cell": case.cell,
        "source": "equations"
        if not case.packable
        else "torch.nn.LSTM" if case.cell == "lstm" else "torch.nn.GRU",
        "precision": "float64",
        "seed": case.seed,
        "layers": case.layers,
        "directions": case.directions,
        "steps": case.steps,
        "batch": case.batch,
        "inputSize": case.input_size,
        "hiddenSize": case.hidden_size,
    }
    if case.lengths is not None:
        fields["lengths"] = list(case.lengths)
    named = {
        name: (tuple(tensor.shape), tensor.flatten().tolist(), "float64")
        for name, tensor in {**arrays, **results}.items()
    }
    return {"fields": fields, "arrays": named}


def render_file(name):
    """The text of the file of a cell, of `stacked`, `projected` or `keras`."""
    if name == "keras":
        header = {
            "about": "Keras layers' outputs and gradients, to compare an engine with.",
            "command": "Tools/golden/generate.sh",
            "pytorch": torch.__version__.split("+")[0],
            "keras": keras.__version__,
            "seed": keras_layers.FIRST_SEED,
        }
        rendered = map(keras_layers.render_keras_case, keras_layers.keras_cases())
        return golden_file.render(header, list(rendered))
    seeds = {"stacked": FIRST_SEED, "projected": FIRST_PROJECTED_SEED}
    header = {
        "about": "A recurrent layer's outputs and gradients, to compare an engine with.",
        "command": "Tools/golden/generate.sh",
        "pytorch": torch.__version__.split("+")[0],
        "seed": seeds.get(name, BASE_SEED),
    }
    if name == "stacked":
        rendered = map(render_stack, stack_cases())
    else:
        rendered = map(render_case, projected_cases() if name == "projected" else cases(name))
    return golden_file.render(header, list(rendered))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--check",
        action="store_true",
        help=f"write nothing; exit 1 unless committed and fresh values agree within {TOLERANCE}",
    )
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)

    found = []
    for name in [*GATES, "stacked", "projected", "keras"]:
        path, text = FOLDER / f"{name}.json", render_file(name)
        if not arguments.check:
            FOLDER.mkdir(parents=True, exist_ok=True)
            golden_file.write(path, text)
            print(f"{path.name}: {len(text.encode())} bytes")
            continue
        try:
            committed = json.loads(path.read_text(encoding="utf-8"))
            lines = golden_file.differences(committed, json.loads(text), TOLERANCE)
        except (OSError, ValueError, KeyError, TypeError) as error:
            lines = [f"cannot be read as a golden file: {error!r}"]
        found += [f"{path.name}: {line}" for line in lines]
        print(f"{path.name}: {'differs' if lines else 'equal'}")
    for line in found:
        print(line, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
