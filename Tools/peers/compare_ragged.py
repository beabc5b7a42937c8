"""Compares batches whose sequences have different lengths with PyTorch's: `run --suite ragged`."""

import os
import sys
import time

import numbers_file
import ragged_cases
import report
import verification
from cases import MODE_TITLES, OURS
from contestant import RaggedContestant
from measuring import WrongAnswer, row, take_turns
from ragged_cases import FORMS, PACKED, names_for
from ratios import geometric_mean_of_medians, median, median_interval, paired_ratios
from report import duration, number, table
from rounds import Effort

FULL = f"{OURS}, padded"


def verify(case, contestants, folder):
    """Compares what each computes with ours; those that pad have no final states."""
    ours = contestants[OURS].results(folder)
    # Its first call is as slow as theirs.
    contestants[FULL].time(warm_up=0, calls=1, samples=1)
    bound = verification.tolerance(case)
    differences = {}
    for name, contestant in contestants.items():
        if name in (OURS, FULL):
            continue
        states = () if name == PACKED else ("finalHidden", "finalCell")
        expected = {key: values for key, values in ours.items() if key not in states}
        try:
            difference, place = verification.largest_difference(
                expected, contestant.results(folder)
            )
        except ValueError as error:
            raise WrongAnswer(f"{case}: {name}: {error}") from None
        if not difference <= bound:
            raise WrongAnswer(
                f"{case}: {place} of {name} and of this engine differ by {difference:.2g}, "
                f"more than {bound:.2g}"
            )
        differences[name] = difference
    return differences


class Processes:
    """The contestants' processes, of one thread count at a time."""

    def __init__(self, chosen, header):
        self.chosen, self.known, self.open = chosen, header["contestants"], {}

    def of(self, case):
        """Those that take part in a case, ours without lengths among them."""
        if any(process.threads != case.threads for process in self.open.values()):
            self.close()
        names = [OURS, FULL] + names_for(case)
        for name in names:
            if name not in self.open:
                self.open[name] = process = RaggedContestant(
                    name, case.threads, self.chosen.bench, takes_lengths=name != FULL
                )
                self.known[name] = {"version": process.version, "detail": process.detail}
        return {name: self.open[name] for name in names}

    def close(self):
        for process in self.open.values():
            process.close()
        self.open = {}


def measure(case, contestants, data, folder, effort, seed):
    """A row, as the JSON report has it."""
    for contestant in contestants.values():
        contestant.load(case, data)
    differences = verify(case, contestants, folder)
    times = take_turns(contestants, effort, seed)
    for contestant in contestants.values():
        contestant.ask("unload")
    found = row(case, times, differences)
    found["rule"], found["share"] = case.rule, case.share
    full = found["contestants"].pop(FULL)
    found["padded"] = {
        "seconds": full["seconds"],
        "shares": paired_ratios(found["contestants"][OURS]["seconds"], full["seconds"]),
    }
    return found


def rows_table(rows):
    names = [name for name in FORMS if any(name in row["contestants"] for row in rows)]
    lines = []
    for found in rows:
        cells = [
            f"{found['cell'].upper()} {MODE_TITLES[found['mode']]} {found['T']},{found['N']},"
            f"{found['H']} {found['rule']}",
            str(found["threads"]),
            f"{found['share']:.2f}",
            duration(median(found["contestants"][OURS]["seconds"])),
            number(median_interval(found["padded"]["shares"])),
        ]
        best = report.peers(found)[:1]
        for name in names:
            entry = found["contestants"].get(name)
            text = number(median_interval(entry["ratios"])) if entry else ""
            cells.append(f"**{text}**" if [name] == best else text)
        lines.append(cells + [str(len(found["padded"]["seconds"]))])
    titles = ["T,N,H, lengths", "threads", "mean ÷ T", "ours", "ours ÷ ours without lengths"]
    return table(titles + [f"{name} ÷ ours" for name in names] + ["rounds"], lines)


def summary_table(rows):
    """Geometric means of the fastest of PyTorch's ways ÷ ours."""
    threads = sorted({found["threads"] for found in rows})
    lines = []
    for cell in dict.fromkeys(found["cell"] for found in rows):
        for mode in dict.fromkeys(found["mode"] for found in rows):
            cells = [f"{cell.upper()} {MODE_TITLES[mode]}"]
            for count in threads:
                groups = [
                    report.ratios_to_best(found)
                    for found in rows
                    if (found["cell"], found["mode"], found["threads"]) == (cell, mode, count)
                ]
                cells.append(number(geometric_mean_of_medians(groups)) if groups else "")
            lines.append(cells)
    titles = ["geometric mean, PyTorch's fastest ÷ ours"]
    titles += ["1 thread" if count == 1 else f"{count} threads" for count in threads]
    return table(titles, lines)


def markdown(header, rows):
    contestants = "; ".join(
        f"{name} {what['version']} ({what['detail']})"
        for name, what in header["contestants"].items()
        if name != FULL
    )
    forms = "".join(f"- {name}: {what}\n" for name, what in FORMS.items())
    return (
        f"{header['cpu']}, {header['cores']} cores, load {header['load']}, {header['date']}, commit "
        f"{header['commit']}. {contestants}.\n\n{forms}\n"
        "A ratio is the peer's time ÷ ours: the median of the rounds' ratios with a 95% interval; the "
        "fastest peer's is bold. mean ÷ T: the share of all steps that count.\n\n"
        f"{summary_table(rows)}\n{rows_table(rows)}"
    )


def run(chosen, header, folder):
    """All cases on all thread counts: the JSON report."""
    found = {"schema": 1, "header": header, "rows": []}
    rounds = chosen.rounds or (5 if chosen.quick else 15)
    effort = Effort(rounds, 3 if chosen.quick else 7, chosen.budget or (0.3 if chosen.quick else 1.5))
    cases = ragged_cases.select(
        chosen.cells, chosen.modes, chosen.ragged_shapes, chosen.lengths, chosen.threads, chosen.seed
    )
    processes, start = Processes(chosen, header), time.monotonic()
    try:
        for index, case in enumerate(cases):
            data = os.path.join(folder, f"{case.cell}-{case.shape}.f32")
            if not os.path.exists(data):
                numbers_file.write(data, case.cell, case.shape, chosen.seed)
            one = measure(case, processes.of(case), data, folder, effort, chosen.seed)
            found["rows"].append(one)
            best = report.peers(one)[0]
            print(
                f"row {index + 1} of {len(cases)}: {case}: {best} ÷ ours "
                f"{number(median_interval(report.ratios_to_best(one)))}, "
                f"{time.monotonic() - start:.0f} s",
                file=sys.stderr,
            )
    finally:
        processes.close()
    return found
