"""A contestant's process: serves the protocol of `Bench peer` with a layer of another library.

`worker.py NAME` reads a JSON object a line from standard input and answers each with a line on
standard output; see `Bench peer --help` for the requests. One process serves one thread count,
given by `PEERS_THREADS` in its environment, because most libraries size their pools once.
"""

import gc
import importlib
import json
import os
import sys
import time

import numbers_file
from cases import Case, Shape

# Where each contestant's layer is, and what it is made with.
CONTESTANTS = {
    "torch": ("torch_layer", {"mkldnn": True}),
    "torch-native": ("torch_layer", {"mkldnn": False}),
    "torch-packed": ("torch_ragged", {"mkldnn": True, "is_packed": True}),
    "torch-padded": ("torch_ragged", {"mkldnn": True, "is_packed": False}),
    "torch-padded-native": ("torch_ragged", {"mkldnn": False, "is_packed": False}),
    "onednn": ("onednn_layer", {}),
    "onnxruntime": ("onnx_layer", {}),
}


class Session:
    """Answers requests, one after the other."""

    def __init__(self, name):
        module, self.options = CONTESTANTS[name]
        self.threads = int(os.environ.get("PEERS_THREADS", "1"))
        self.library = importlib.import_module(module)
        self.library.prepare(self.threads)
        self.name = name
        self.layer = None

    def answer(self, request):
        kind = request["request"]
        handler = getattr(self, f"answer_{kind}", None)
        if handler is None:
            raise ValueError(f"unknown request '{kind}'")
        return handler(request)

    def answer_hello(self, _):
        version, detail = self.library.version()
        return {"name": self.name, "version": version, "detail": detail}

    def answer_load(self, request):
        self.layer = None
        if request["threads"] != self.threads:
            raise ValueError(f"this process has {self.threads} threads, not {request['threads']}")
        shape = Shape(request["T"], request["N"], request["D"], request["H"])
        case = Case(request["cell"], request["mode"], shape, self.threads)
        options = dict(self.options)
        if "lengths" in request:
            options["lengths"] = request["lengths"]
        self.layer = self.library.make(case, request["data"], **options)
        return {}

    def answer_results(self, request):
        layer = self.loaded()
        layer.call()
        return {"tensors": numbers_file.write_results(request["path"], layer.results())}

    def answer_time(self, request):
        layer, calls = self.loaded(), range(request["callsPerSample"])
        call, clock = layer.call, time.perf_counter_ns
        samples = []
        gc.disable()
        for _ in range(request["warmUp"]):
            call()
        for _ in range(request["samples"]):
            start = clock()
            for _ in calls:
                call()
            samples.append((clock() - start) / len(calls))
        gc.enable()
        return {"nanoseconds": samples}

    def answer_memory(self, _):
        return {"peakResidentBytes": peak_resident_bytes()}

    def answer_unload(self, _):
        self.layer = None
        return {}

    def loaded(self):
        if self.layer is None:
            raise ValueError("no layer is loaded; send 'load' first")
        return self.layer


def peak_resident_bytes():
    """The largest resident size of this program; `getrusage` would begin with its parent's."""
    try:
        with open("/proc/self/status") as status:
            for line in status:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def serve(make_session):
    """Answers the lines of standard input, each with a line, by a session that is made first."""
    # A library that prints must not disturb the answers.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    session = make_session()
    for line in sys.stdin:
        try:
            answer = {"ok": True, **session.answer(json.loads(line))}
        except Exception as error:  # Whatever a library raises, the process goes on.
            answer = {"ok": False, "error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers)


if __name__ == "__main__":
    serve(lambda: Session(sys.argv[1]))
