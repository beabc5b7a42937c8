"""The files of cases that the tests of OnnxModels replay: models, inputs, and the outputs that they must have.

A file is a row of cases, each behind its length (a protocol buffer's variable-length integer). A case is a
protocol buffer message: 1 its name, 2 the model, 3 the inputs and 4 the outputs as TensorProto in the order
of the model's, 5 the relative and 6 the absolute tolerance as text.
"""

from onnx import TensorProto, numpy_helper


def varint(number):
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def field(number, data):
    return varint(number << 3 | 2) + varint(len(data)) + data


def serialized(value):
    if not isinstance(value, TensorProto):
        value = numpy_helper.from_array(value)
    return value.SerializeToString(deterministic=True)


def case(name, model, inputs, outputs, relative, absolute):
    """A case of a model's bytes, arrays or TensorProtos, and tolerances."""
    data = field(1, name.encode()) + field(2, model)
    for value in inputs:
        data += field(3, serialized(value))
    for value in outputs:
        data += field(4, serialized(value))
    return data + field(5, str(relative).encode()) + field(6, str(absolute).encode())


def write(path, cases):
    """Writes cases, and says how large the file is."""
    data = b"".join(varint(len(one)) + one for one in cases)
    path.write_bytes(data)
    print(f"{path.name}: {len(cases)} cases, {len(data)} bytes")
