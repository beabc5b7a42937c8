"""Compares this engine with other libraries on this machine; `run` starts it."""

import datetime
import os
import platform
import subprocess
import sys
import tempfile
import time

import cases
import compare_files
import compare_models
import compare_onnx
import compare_quantized
import compare_ragged
import compare_words
import numbers_file
import report
from cases import OURS, PYTORCH, names_for
from contestant import Contestant, ContestantError
from measuring import WrongAnswer, measure, measure_memory
from options import read_options
from rounds import Effort


def command_output(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def header():
    cpu = platform.processor() or "unknown CPU"
    try:
        with open("/proc/cpuinfo") as info:
            names = [line.partition(":")[2].strip() for line in info if "model name" in line]
            cpu = names[0] if names else cpu
    except OSError:
        pass
    here = os.path.dirname(os.path.abspath(__file__))
    return {
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "commit": command_output("git", "-C", here, "rev-parse", "--short=12", "HEAD"),
        "cpu": cpu,
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 2),
        "contestants": {},
    }


class Comparison:
    """A run: the processes of one thread count, the files of the cases, the growing report."""

    def __init__(self, chosen, folder):
        self.chosen, self.folder = chosen, folder
        self.report = {"schema": report.SCHEMA, "header": header(), "rows": [], "memory": []}
        for path in chosen.merge:
            self.merge(report.read(path))
        self.processes = {}

    def merge(self, other):
        self.report["header"]["contestants"].update(other["header"]["contestants"])
        for row in other["rows"]:
            self.add_row(row)
        for entry in other["memory"]:
            self.add_memory(entry)

    def add_row(self, row):
        kept = [other for other in self.report["rows"] if report.key(other) != report.key(row)]
        self.report["rows"] = kept + [row]

    def add_memory(self, entry):
        place = report.memory_key(entry)
        kept = [other for other in self.report["memory"] if report.memory_key(other) != place]
        self.report["memory"] = kept + [entry]

    def start(self, name, threads):
        contestant = Contestant(name, threads, self.chosen.bench)
        known = {"version": contestant.version, "detail": contestant.detail}
        self.report["header"]["contestants"][name] = known
        return contestant

    def data(self, case):
        """The file of a case; those of its other modes and thread counts are the same."""
        path = os.path.join(self.folder, f"{case.cell}-{case.shape}.f32")
        if not os.path.exists(path):
            numbers_file.write(path, case.cell, case.shape, self.chosen.seed)
        return path

    def contestants(self, case):
        """The processes that take part in a case; those of another thread count go first."""
        if any(process.threads != case.threads for process in self.processes.values()):
            self.close()
        names = names_for(case, self.chosen.contestants)
        for name in names:
            if name not in self.processes:
                self.processes[name] = self.start(name, case.threads)
        return {name: self.processes[name] for name in names}

    def close(self):
        for process in self.processes.values():
            process.close()
        self.processes = {}

    def save(self):
        report.save(self.report, self.chosen.json)

    def effort(self):
        chosen = self.chosen
        rounds = chosen.rounds or (5 if chosen.quick else 15)
        budget = chosen.budget or (0.3 if chosen.quick else 1.5)
        return Effort(rounds, 3 if chosen.quick else 7, budget)

    def measure(self, selected):
        start = time.monotonic()
        for index, case in enumerate(selected):
            note = f"row {index + 1} of {len(selected)}: {case}"
            row = self.row(case, self.chosen.seed)
            self.add_row(row)
            self.save()
            best = report.peers(row)[:1]
            if best:
                ratio = report.number(report.median_interval(report.ratios_to_best(row)))
                note += f": {best[0]} ÷ ours {ratio}"
            print(f"{note}, {time.monotonic() - start:.0f} s", file=sys.stderr)
        self.close()

    def row(self, case, order):
        return measure(
            case, self.contestants(case), self.data(case), self.folder, self.effort(), order
        )

    def confirm(self, selected):
        """Measures the rows in which a peer is faster once more, in new processes and another order."""
        rows = {report.key(row): row for row in self.report["rows"]}
        for case in selected:
            row = rows.get((case.threads, case.cell, case.mode, case.shape))
            if row and report.is_slower(row):
                row["again"] = self.row(case, self.chosen.seed + 1)
                self.save()
                print(f"once more: {case}: {report.verdict_of_second(row['again'])}", file=sys.stderr)
        self.close()

    def measure_memory(self, selected):
        names = [OURS] + [name for name in self.chosen.contestants if name == PYTORCH[0]]
        for case in selected:
            if case.mode != "training" or case.threads != self.chosen.threads[-1]:
                continue
            print(f"memory: {case}", file=sys.stderr)
            sizes = {
                name: measure_memory(case, self.data(case), name, self.start) for name in names
            }
            shape = case.shape
            self.add_memory(
                {
                    "cell": case.cell,
                    "T": shape.steps,
                    "N": shape.batch,
                    "D": shape.features,
                    "H": shape.hidden,
                    "threads": case.threads,
                    "contestants": sizes,
                }
            )
            self.save()


def hand_out(text, path):
    """The Markdown report: to its file, or to standard output."""
    if path:
        report.write(text, path)
    else:
        print(text)


def main():
    chosen = read_options()
    with tempfile.TemporaryDirectory(prefix="peers-") as folder:
        suites = {
            "files": compare_files,
            "models": compare_models,
            "onnx": compare_onnx,
            "quantized": compare_quantized,
            "ragged": compare_ragged,
            "words": compare_words,
        }
        suite = suites.get(chosen.suite)
        if suite:
            found = suite.run(chosen, header(), folder)
            report.save(found, chosen.json)
            hand_out(suite.markdown(found["header"], found["rows"]), chosen.output)
            return
        comparison = Comparison(chosen, folder)
        neighbour = None
        try:
            if chosen.neighbour and not chosen.report_only:
                comparison.report["header"]["neighbour"] = True
                neighbour = subprocess.Popen([chosen.bench, "neighbour"], stdin=subprocess.PIPE)
            if not chosen.report_only:
                shapes = chosen.shapes
                if chosen.suite == "random":
                    shapes = cases.random_shapes(chosen.bench, chosen.seed, chosen.count)
                selected = cases.select(chosen.cells, chosen.modes, shapes, chosen.threads)
                comparison.measure(selected)
                if chosen.confirm:
                    comparison.confirm(selected)
                if not (chosen.quick or chosen.no_memory or chosen.suite == "random"):
                    comparison.measure_memory(selected)
        finally:
            comparison.close()
            if neighbour:
                neighbour.stdin.close()
                neighbour.wait()
        comparison.save()
        hand_out(report.markdown(comparison.report), chosen.output)


if __name__ == "__main__":
    try:
        main()
    except (WrongAnswer, ContestantError, ValueError, OSError) as error:
        sys.exit(f"peers: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
