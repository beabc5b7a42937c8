"""Makes the files of Tests/Golden/files: what safetensors, NumPy and PyTorch write for small tensors.

Every element follows from its place: element i of tensor k is ((37 i + 11 k) mod 200 − 100) / 64, the same without
the division where the type is a whole number, its magnitude where that has no sign, and its parity for `bool`. The
tests compute the same.
"""

import io
import os
import pathlib
import sys
import zipfile

import numpy
import safetensors.torch
import torch

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "Tests" / "Golden" / "files"
TYPES = [
    ("F64", torch.float64), ("F32", torch.float32), ("F16", torch.float16), ("BF16", torch.bfloat16),
    ("I64", torch.int64), ("I32", torch.int32), ("I16", torch.int16), ("I8", torch.int8),
    ("U64", torch.uint64), ("U32", torch.uint32), ("U16", torch.uint16), ("U8", torch.uint8),
    ("BOOL", torch.bool),
]


def whole(k, *shape):
    count = int(numpy.prod(shape))
    return ((37 * numpy.arange(count) + 11 * k) % 200 - 100).reshape(shape)


def tensor(k, kind, *shape):
    values = whole(k, *shape)
    if kind.is_floating_point:
        return torch.tensor(values / 64).to(kind)
    if kind == torch.bool:
        return torch.tensor(values % 2 == 1)
    if kind in (torch.uint8, torch.uint16, torch.uint32, torch.uint64):
        values = abs(values)
    return torch.tensor(values).to(kind)


def all_types():
    tensors = {name: tensor(k, kind, 2, 3) for k, (name, kind) in enumerate(TYPES)}
    tensors["scalar"] = tensor(20, torch.float32).reshape(())
    tensors["empty"] = tensor(21, torch.float32, 0, 4)
    return tensors


def without_numpy_lack(tensors):
    return {name: value.numpy() for name, value in tensors.items() if name != "BF16"}


def npy(array, version=None):
    file = io.BytesIO()
    numpy.lib.format.write_array(file, array, version=version)
    return file.getvalue()


def write(name, data):
    temporary = FOLDER / f"{name}.{os.getpid()}.tmp"
    temporary.write_bytes(data)
    os.replace(temporary, FOLDER / name)


def torch_file(value):
    file = io.BytesIO()
    torch.save(value, file)
    return file.getvalue()


def zip64(arrays):
    """As numpy.savez, with sizes and places in zip64 fields although they are small."""
    file = io.BytesIO()
    limit, zipfile.ZIP64_LIMIT = zipfile.ZIP64_LIMIT, 40
    try:
        numpy.savez(file, **arrays)
    finally:
        zipfile.ZIP64_LIMIT = limit
    return file.getvalue()


def state_dictionary():
    """A module's, with what makes tensors unusual: tied, transposed, a part of a storage, a parameter."""
    torch.manual_seed(0)
    module = torch.nn.Module()
    module.encoder = torch.nn.LSTM(3, 2)
    module.norm = torch.nn.BatchNorm1d(3)
    for k, (_, parameter) in enumerate(module.named_parameters()):
        parameter.data = tensor(k, torch.float32, *parameter.shape)
    state = module.state_dict()
    base = tensor(30, torch.float64, 4, 6)
    state["tied.a"] = base
    state["tied.b"] = base
    state["transposed"] = tensor(31, torch.float32, 3, 4).t()
    state["part"] = base[1:3, 2:5]
    state["expanded"] = tensor(32, torch.float32, 1, 3).expand(2, 3)
    state["parameter"] = torch.nn.Parameter(tensor(33, torch.bfloat16, 2, 2))
    state["empty"] = torch.zeros(0, 3)
    for k, (name, kind) in enumerate(TYPES):
        if name not in ("U16", "U32", "U64"):
            state["types." + name] = tensor(k, kind, 2, 3)
    return state


def checkpoint():
    """A whole training run's: dictionaries in dictionaries, lists, numbers, texts."""
    parameter = torch.nn.Parameter(tensor(0, torch.float32, 2, 2))
    optimizer = torch.optim.Adam([parameter], lr=0.125)
    parameter.grad = tensor(1, torch.float32, 2, 2)
    optimizer.step()
    return {
        "model": {"w": parameter.detach()}, "optimizer": optimizer.state_dict(), "epoch": 3,
        "loss": 0.5, "name": "grüß", "done": False, "big": 2**40, "negative": -5,
        "history": [1, 300, 70000, (2.5, None)],
    }


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    tensors = all_types()
    metadata = {"format": "pt", "note": 'a "quoted"\\\n\tgrüß \x01 end'}
    # One text alone where bytes are compared: the library writes several in no order that it promises.
    write("types.safetensors", safetensors.torch.save(tensors, metadata={"note": metadata["note"]}))
    write("empty.safetensors", safetensors.torch.save({}))
    arrays = without_numpy_lack(tensors)
    matrix = whole(40, 3, 4) / 64
    write("c.npy", npy(matrix.astype("<f4")))
    write("fortran.npy", npy(numpy.asfortranarray(matrix)))
    write("fortran-3.npy", npy(numpy.asfortranarray(whole(41, 2, 3, 4).astype("<i2"))))
    write("version-2.npy", npy(matrix.astype("<f2"), (2, 0)))
    write("version-3.npy", npy(matrix.astype("<i4") , (3, 0)))
    write("big-endian.npy", npy(matrix.astype(">f8")))
    write("scalar.npy", npy(numpy.float32(-1.5)))
    write("row.npy", npy(whole(42, 5).astype("<i8")))
    for name, save in (("stored", numpy.savez), ("deflated", numpy.savez_compressed)):
        file = io.BytesIO()
        save(file, **arrays)
        write(f"{name}.npz", file.getvalue())
    write("zip64.npz", zip64({name: arrays[name] for name in ("F32", "I16")}))
    write("state.pt", torch_file(state_dictionary()))
    write("checkpoint.pt", torch_file(checkpoint()))
    write("one.pt", torch_file(tensor(7, torch.float32, 2, 3)))
    # What has to be refused: a file that would run a function, and the format before PyTorch 1.6.
    write("function.pt", torch_file({"a": tensor(0, torch.float32, 1), "f": os.system}))
    file = io.BytesIO()
    torch.save({"a": tensor(0, torch.float32, 1)}, file, _use_new_zipfile_serialization=False)
    write("legacy.pt", file.getvalue())
    print(f"wrote {FOLDER}", file=sys.stderr)


if __name__ == "__main__":
    main()
