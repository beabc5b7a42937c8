"""The contestants' processes, as the comparison sees them."""

import json
import os
import subprocess
import sys
import time

import numbers_file
from cases import OURS

HERE = os.path.dirname(os.path.abspath(__file__))


class ContestantError(Exception):
    """A contestant failed at what it was asked."""


class Contestant:
    """A process that serves the protocol of `Bench peer`, with a fixed number of threads."""

    def __init__(self, name, threads, bench):
        self.name, self.threads = name, threads
        self.process = subprocess.Popen(
            self.command(name, bench),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
            env=environment(threads),
        )
        answer = self.ask("hello")
        self.version, self.detail = answer["version"], answer["detail"]

    @staticmethod
    def command(name, bench):
        """What starts the process."""
        if name == OURS:
            return [bench, "peer"]
        return [sys.executable, os.path.join(HERE, "worker.py"), name]

    def ask(self, request, **fields):
        """Sends a request and returns the answer's fields."""
        try:
            self.process.stdin.write(json.dumps({"request": request, **fields}) + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        except OSError as error:
            raise ContestantError(f"{self.name}: {request}: {error}") from None
        if not line:
            raise ContestantError(f"{self.name}: {request}: the process ended")
        answer = json.loads(line)
        if not answer["ok"]:
            raise ContestantError(f"{self.name}: {request}: {answer['error']}")
        return answer

    def load(self, case, data, **more):
        shape = case.shape
        self.ask(
            "load",
            cell=case.cell,
            mode=case.mode,
            T=shape.steps,
            N=shape.batch,
            D=shape.features,
            H=shape.hidden,
            threads=case.threads,
            data=data,
            **more,
        )

    def time(self, warm_up, calls, samples):
        """Nanoseconds per call, for each sample."""
        answer = self.ask("time", warmUp=warm_up, callsPerSample=calls, samples=samples)
        return answer["nanoseconds"]

    def results(self, folder):
        """What one call computes, by name."""
        path = os.path.join(folder, f"{self.name}.f32")
        results = numbers_file.read_results(path, self.ask("results", path=path)["tensors"])
        os.remove(path)
        return results

    def wait_until_idle(self, longest=0.5):
        """Returns when none of the process's threads runs: pools spin for a while after their work.

        Where that cannot be seen, waits as long as the longest spin that is allowed for.
        """
        end = time.monotonic() + longest
        while time.monotonic() < end:
            if is_idle(self.process.pid) is True:
                return
            time.sleep(0.001)

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class ModelContestant(Contestant):
    """A process that trains models: serves the protocol of `Bench model-peer`."""

    @staticmethod
    def command(name, bench):
        if name == OURS:
            return [bench, "model-peer"]
        return [sys.executable, os.path.join(HERE, "model_worker.py")]


class RaggedContestant(Contestant):
    """A process that is told the length of each sequence, unless it computes all to the end."""

    def __init__(self, name, threads, bench, takes_lengths=True):
        self.takes_lengths = takes_lengths
        super().__init__(name, threads, bench)

    @staticmethod
    def command(name, bench):
        # This engine takes part with lengths, and under another name without.
        return Contestant.command(OURS if name.startswith(OURS) else name, bench)

    def load(self, case, data):
        super().load(case, data, **({"lengths": case.lengths} if self.takes_lengths else {}))


class OnnxContestant(Contestant):
    """A process that runs a model of a file: serves the protocol of `OnnxPeer`, which `bench` is then."""

    @staticmethod
    def command(name, bench):
        if name == OURS:
            return [bench]
        return [sys.executable, os.path.join(HERE, "onnx_worker.py")]

    def load(self, case, data):
        model, inputs = data
        self.ask("load", model=model, inputs=inputs, threads=case.threads)


def environment(threads):
    """The environment of every contestant: nothing inherited chooses kernels or thread counts."""
    cleared = ("OPENBLAS_", "OMP_", "MKL_", "KMP_", "GOMP_", "DNNL_", "ONEDNN_", "ATEN_")
    result = {name: value for name, value in os.environ.items() if not name.startswith(cleared)}
    count = str(threads)
    # NumPy brings an OpenBLAS of its own, which only draws numbers here.
    result.update(
        PEERS_THREADS=count,
        OMP_NUM_THREADS=count,
        MKL_NUM_THREADS=count,
        OPENBLAS_NUM_THREADS="1",
        PYTHONDONTWRITEBYTECODE="1",
    )
    return result


def is_idle(pid):
    """Whether no thread of a process runs or wants to; None where that is not known (not Linux)."""
    folder = f"/proc/{pid}/task"
    try:
        threads = os.listdir(folder)
    except OSError:
        return None
    for thread in threads:
        try:
            with open(f"{folder}/{thread}/stat") as stat:
                # The state follows the name in parentheses.
                if stat.read().rpartition(")")[2].split()[0] == "R":
                    return False
        except OSError:
            continue  # The thread has ended.
    return True
