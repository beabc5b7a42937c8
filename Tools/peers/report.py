"""The report: a JSON object, and the Markdown tables made from it."""

import json
import os

from cases import GATES, MODE_TITLES, MODES, OURS, PYTORCH, SHAPES, Shape
from ratios import geometric_mean_of_medians, median, median_interval

SCHEMA = 1
# The range of so many values holds the true median with a probability of 97%, that of 5 with 94%.
FEWEST_ROUNDS = 6


def key(row):
    """What makes two rows the same one."""
    return row["threads"], row["cell"], row["mode"], Shape.of_row(row)


def memory_key(entry):
    """What makes two entries about memory the same one."""
    return entry["threads"], entry["cell"], Shape.of_row(entry)


def place(row):
    """Where a row stands in the tables: with its like, in the order of the cases."""
    shape = Shape.of_row(row)
    known = SHAPES.index(shape) if shape in SHAPES else len(SHAPES)
    return row["threads"], list(GATES).index(row["cell"]), MODES.index(row["mode"]), known


def save(found, path):
    """Writes all numbers so far, where there is a path for them."""
    if path:
        write(json.dumps(found, indent=1) + "\n", path)


def write(text, path):
    """Writes a file so that it is complete or as before."""
    temporary = f"{path}.{os.getpid()}.partial"
    try:
        with open(temporary, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        if os.path.exists(temporary):
            os.remove(temporary)


def read(path):
    with open(path) as file:
        report = json.load(file)
    if not isinstance(report, dict) or report.get("schema") != SCHEMA:
        raise ValueError(f"{path}: is not a report of this program (schema {SCHEMA})")
    return report


def peers(row, among=None):
    """The peers of a row, or those of them that are `among`, the fastest first."""
    names = [
        name
        for name in row["contestants"]
        if name != OURS and (among is None or name in among)
    ]
    return sorted(names, key=lambda name: median(row["contestants"][name]["seconds"]))


def ratios_to_best(row, among=None):
    """The ratios, round by round, of the peer with the lowest median; None where none took part."""
    names = peers(row, among)
    return row["contestants"][names[0]]["ratios"] if names else None


def number(interval):
    return f"{interval.median:.2f} [{interval.low:.2f}, {interval.high:.2f}]"


def duration(seconds):
    if seconds < 1e-3:
        return f"{seconds * 1e6:.0f} µs"
    return f"{seconds * 1e3:.2f} ms" if seconds < 0.1 else f"{seconds * 1e3:.0f} ms"


def table(titles, lines):
    rule = ["---"] + ["---:"] * (len(titles) - 1)
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [titles, rule] + lines) + "\n"


def rows_table(rows):
    """One line for each row: times, and each peer's time ÷ ours with its interval."""
    names = []
    for row in rows:
        names += [name for name in row["contestants"] if name != OURS and name not in names]
    lines = []
    for row in rows:
        ours = median(row["contestants"][OURS]["seconds"])
        cells = [
            f"{row['cell'].upper()} {MODE_TITLES[row['mode']]} {Shape.of_row(row)}",
            str(row["threads"]),
            duration(ours),
            f"{row['flops'] / ours * 1e-9:.1f}",
        ]
        best = peers(row)[:1]
        for name in names:
            entry = row["contestants"].get(name)
            text = number(median_interval(entry["ratios"])) if entry else ""
            cells.append(f"**{text}**" if [name] == best else text)
        window = row.get("window")
        lines.append(
            cells
            + [str(len(row["contestants"][OURS]["seconds"])), f"{window:.0f}" if window else ""]
        )
    titles = ["T,N,H or T,N,D,H", "threads", "ours", "GFLOP/s"] + [f"{name} ÷ ours" for name in names]
    return table(titles + ["rounds", "in flight"], lines)


def mean_over(rows, among=None):
    groups = [ratios_to_best(row, among) for row in rows]
    groups = [group for group in groups if group]
    return number(geometric_mean_of_medians(groups)) if groups else ""


def summary_table(rows):
    """Geometric means of the best peer ÷ ours, by cell, mode and thread count."""
    threads = sorted({row["threads"] for row in rows})
    lines = []
    for cell in dict.fromkeys(row["cell"] for row in rows):
        of_cell = [row for row in rows if row["cell"] == cell]
        groups = [
            (MODE_TITLES[mode], [row for row in of_cell if row["mode"] == mode], None)
            for mode in MODE_TITLES
        ]
        groups.append(("all", of_cell, None))
        training = [row for row in of_cell if row["mode"] == "training"]
        groups.append(("forward+backward, PyTorch alone", training, PYTORCH))
        for title, group, among in groups:
            if not group:
                continue
            counts = [[row for row in group if row["threads"] == count] for count in threads]
            means = [mean_over(part, among) for part in counts + [group]]
            lines.append([f"{cell.upper()} {title}"] + means)
    titles = ["geometric mean, best peer ÷ ours"]
    titles += ["1 thread" if count == 1 else f"{count} threads" for count in threads] + ["all"]
    return table(titles, lines)


def is_slower(row):
    """Whether the best peer is faster, for certain."""
    group = ratios_to_best(row)
    return bool(group) and median_interval(group).high < 1


def verdict_of_second(row):
    """What a row's second measurement says, which is asked for where the first says slower."""
    verdict = "slower again" if is_slower(row) else "not again"
    return f"{verdict}: {peers(row)[0]} {number(median_interval(ratios_to_best(row)))}"


def slower_lines(rows):
    """The rows in which the best peer is faster, for certain."""
    lines = []
    for row in rows:
        if is_slower(row):
            interval = median_interval(ratios_to_best(row))
            again = row.get("again")
            lines.append(
                f"- {row['cell'].upper()} {MODE_TITLES[row['mode']]} {Shape.of_row(row)}, threads "
                f"{row['threads']}: {peers(row)[0]} {number(interval)}"
                + (f", {verdict_of_second(again)}" if again else "")
                + "\n"
            )
    return f"{len(lines)} of {len(rows)} rows.\n\n" + "".join(lines) if lines else "None.\n"


def memory_table(entries):
    names = list(dict.fromkeys(name for entry in entries for name in entry["contestants"]))
    lines = []
    for entry in entries:
        cells = [f"{entry['cell'].upper()} {Shape.of_row(entry)}"]
        for name in names:
            sizes = entry["contestants"].get(name)
            cells.append(
                f"{sizes['peak'] / 2**20:.0f} ({sizes['start'] / 2**20:.0f})" if sizes else ""
            )
        lines.append(cells)
    return table(["forward+backward, MiB (before loading)"] + names, lines)


def markdown(report):
    """The whole report."""
    rows = sorted(report["rows"], key=place)
    header = report["header"]
    versions = ", ".join(
        f"{name} {item['version']} ({item['detail']})"
        for name, item in header["contestants"].items()
    )
    text = [
        f"# Compared with others\n\n{header['cpu']}, {header['cores']} cores; {header['date']}; "
        f"commit {header['commit']}; load {header['load']}.\n\n{versions}.\n\n"
        "A ratio is the peer's time ÷ ours: the median of the rounds' ratios with a 95% interval "
        "(bootstrap over rounds); the fastest peer's is bold. In flight: instructions that the core "
        "holds, half of what the processor has where somebody else uses the core, too.\n"
    ]
    if header.get("neighbour"):
        text.append("Measured beside a process that streams memory (`--neighbour`).\n")
    if any(len(row["contestants"][OURS]["seconds"]) < FEWEST_ROUNDS for row in rows):
        text.append(
            f"Rows of fewer than {FEWEST_ROUNDS} rounds are a first look: their interval is hardly "
            "more than the range of the rounds.\n"
        )
    if rows:
        text += ["## Summary\n", summary_table(rows), "## Slower than the best peer\n"]
        text += [slower_lines(rows), "## Rows\n", rows_table(rows)]
    if report["memory"]:
        text += ["## Peak resident size\n", memory_table(report["memory"])]
    return "\n".join(text)
