"""Writing, reading and comparing golden files."""

import json
import os
import textwrap


def number(value, precision):
    """The shortest text that reads back as exactly this value of this precision."""
    if precision == "float32":
        # Nine significant digits identify every float32.
        value = float(f"{value:.9g}")
    return repr(int(value)) if value == int(value) and abs(value) < 1000 else repr(value)


def render(header, cases):
    """The text of a golden file: JSON, numbers wrapped to lines of about 100 columns."""
    parts = []
    for case in cases:
        fields = [f"      {json.dumps(k)}: {json.dumps(v)}," for k, v in case["fields"].items()]
        arrays = []
        for name, (shape, values, precision) in case["arrays"].items():
            text = ", ".join(number(value, precision) for value in values)
            lines = textwrap.wrap(text, 100, break_long_words=False, break_on_hyphens=False)
            arrays.append(
                f'        {json.dumps(name)}: {{\n          "shape": {json.dumps(list(shape))},\n'
                '          "values": [\n' + "\n".join(lines) + "\n          ]\n        }"
            )
        parts.append(
            "    {\n" + "\n".join(fields) + '\n      "arrays": {\n'
            + ",\n".join(arrays) + "\n      }\n    }"
        )
    head = json.dumps(header, indent=2).replace("\n", "\n  ")
    return f'{{\n  "header": {head},\n  "cases": [\n' + ",\n".join(parts) + "\n  ]\n}\n"


def write(path, text):
    """Replaces a file as a whole: a reader sees the old bytes or the new ones."""
    temporary = f"{path}.{os.getpid()}.tmp"
    try:
        with open(temporary, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        if os.path.exists(temporary):
            os.unlink(temporary)
        raise


def differences(committed, fresh, tolerance):
    """What distinguishes two parsed files, as lines of text; empty if nothing does.

    A number may differ by `tolerance` times the largest magnitude of its array, at least 1; a
    float32 array, which is rounded on the way, by 1e-5 instead. The header is not compared: it
    names the PyTorch that computed the values.
    """
    found = []
    old_cases = {case["name"]: case for case in committed["cases"]}
    new_cases = {case["name"]: case for case in fresh["cases"]}
    for name in sorted(old_cases.keys() ^ new_cases.keys()):
        side = "committed" if name in old_cases else "fresh"
        found.append(f"case {name} is only in the {side} file")
    for name in [name for name in new_cases if name in old_cases]:
        old, new = old_cases[name], new_cases[name]
        allowed = tolerance if new["precision"] == "float64" else 1e-5
        for key in sorted((old.keys() | new.keys()) - {"arrays"}):
            if old.get(key) != new.get(key):
                found.append(f"{name}: {key} is {old.get(key)}, fresh {new.get(key)}")
        for key in sorted(old["arrays"].keys() ^ new["arrays"].keys()):
            found.append(f"{name}: array {key} is in one file only")
        for key in sorted(old["arrays"].keys() & new["arrays"].keys()):
            a, b = old["arrays"][key], new["arrays"][key]
            if a["shape"] != b["shape"] or len(a["values"]) != len(b["values"]):
                found.append(f"{name}: {key} has shape {a['shape']}, fresh {b['shape']}")
                continue
            scale = max([1.0] + [abs(value) for value in b["values"]])
            for index, (u, v) in enumerate(zip(a["values"], b["values"])):
                # Written so that a NaN counts as a difference.
                if not abs(u - v) <= allowed * scale:
                    found.append(f"{name}: {key}[{index}] is {u!r}, fresh {v!r}")
                    break
    return found
