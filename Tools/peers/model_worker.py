"""PyTorch's process in a comparison of training steps: serves the protocol of `Bench model-peer`."""

import gc
import json
import os
import time

import torch

import numbers_file
import torch_layer
import torch_models
from worker import serve


class Session:
    def __init__(self):
        self.threads = int(os.environ.get("PEERS_THREADS", "1"))
        torch_layer.prepare(self.threads)
        torch.manual_seed(1)
        self.training = None

    def answer(self, request):
        return getattr(self, f"answer_{request['request']}")(request)

    def answer_hello(self, _):
        version, detail = torch_layer.version()
        return {"name": "torch", "version": version, "detail": detail}

    def answer_load(self, request):
        """As the engine's, with the engine's weights: their file and what it holds."""
        flat = numbers_file.read_results(
            request["weights"],
            [
                {"name": tensor["name"], "count": tensor["rows"] * tensor["columns"]}
                for tensor in request["tensors"]
            ],
        )
        weights = {
            tensor["name"]: flat[tensor["name"]].reshape(tensor["rows"], tensor["columns"]).copy()
            for tensor in request["tensors"]
        }
        with open(request["path"], encoding="utf-8") as file:
            batches = json.load(file)
        model = torch_models.make(
            request["model"], request["sizes"], request["dropout"], weights
        )
        self.training = torch_models.Training(model, batches)
        return {}

    def answer_train(self, request):
        return {"losses": [self.training.update() for _ in range(request["updates"])]}

    def answer_time(self, request):
        update, clock = self.training.update, time.perf_counter_ns
        gc.disable()
        for _ in range(request["updates"]):
            update()
        samples = []
        for _ in range(request["samples"]):
            start = clock()
            for _ in range(request["updatesPerSample"]):
                update()
            samples.append((clock() - start) / request["updatesPerSample"])
        gc.enable()
        return {"nanoseconds": samples}


if __name__ == "__main__":
    serve(Session)
