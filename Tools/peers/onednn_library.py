"""The part of oneDNN's C interface that a recurrent layer needs, through ctypes.

Numbers are those of `dnnl_types.h`, which oneDNN keeps within a major version (here 3). Layouts are
given by strides, because format tags are numbered anew when one is added.
"""

import ctypes
import importlib.metadata
from ctypes import byref, c_int, c_size_t, c_uint, c_void_p

import numpy

PACKAGE = "onednn-cpu-gomp"
FORWARD_TRAINING, FORWARD_INFERENCE, BACKWARD = 64, 96, 128
LEFT_TO_RIGHT = 1
OVERWRITE_WEIGHT_GRADIENTS = 1
CPU, FLOAT32, ANY_FORMAT, IN_ORDER = 1, 3, 1, 1
ARGUMENT_LAYOUT, WORKSPACE_LAYOUT = 255, 135
ALLOCATE = c_void_p(-1)

# Arguments of an execution; a gradient's is its tensor's and 128 more.
SRC, SRC_ITER, SRC_ITER_C, DST, DST_ITER, DST_ITER_C = 1, 2, 3, 17, 18, 19
WEIGHTS_LAYER, WEIGHTS_ITER, BIAS, WORKSPACE = 33, 34, 41, 64
DIFF = 128


class Argument(ctypes.Structure):
    _fields_ = [("argument", c_int), ("memory", c_void_p)]


class Version(ctypes.Structure):
    _fields_ = [("major", c_int), ("minor", c_int), ("patch", c_int)]


def library_path():
    files = importlib.metadata.distribution(PACKAGE).files or []
    for file in files:
        if str(file).endswith("libdnnl.so.3"):
            return str(file.locate())
    raise RuntimeError(f"{PACKAGE} holds no libdnnl.so.3")


class OneDNN:
    """An engine and a stream on the processor, and what is made with them."""

    def __init__(self):
        self.library = ctypes.CDLL(library_path())
        self.library.dnnl_memory_desc_get_size.restype = c_size_t
        self.library.dnnl_primitive_desc_query_md.restype = c_void_p
        self.library.dnnl_version.restype = ctypes.POINTER(Version)
        self.engine, self.stream = c_void_p(), c_void_p()
        self.check("engine_create", byref(self.engine), CPU, c_size_t(0))
        self.check("stream_create", byref(self.stream), self.engine, IN_ORDER)

    def check(self, name, *arguments):
        status = getattr(self.library, f"dnnl_{name}")(*arguments)
        if status != 0:
            raise RuntimeError(f"dnnl_{name}: status {status}")

    def version(self):
        version = self.library.dnnl_version().contents
        return f"{version.major}.{version.minor}.{version.patch}"

    def descriptor(self, extents, strides=None):
        """The layout of an array: in order, with strides in elements, or `ANY`."""
        dims = (ctypes.c_int64 * 12)(*extents)
        result = c_void_p()
        if strides is ANY:
            tag = (FLOAT32, ANY_FORMAT)
            self.check("memory_desc_create_with_tag", byref(result), len(extents), dims, *tag)
            return result
        if strides is None:
            strides = [int(numpy.prod(extents[axis + 1 :])) for axis in range(len(extents))]
        steps = (ctypes.c_int64 * 12)(*strides)
        self.check(
            "memory_desc_create_with_strides", byref(result), len(extents), dims, FLOAT32, steps
        )
        return result

    def primitive_descriptor(self, name, *arguments):
        result = c_void_p()
        self.check(f"{name}_primitive_desc_create", byref(result), *arguments)
        return result

    def primitive(self, descriptor):
        result = c_void_p()
        self.check("primitive_create", byref(result), descriptor)
        return result

    def layout(self, primitive_descriptor, argument):
        """The layout that a primitive has chosen for an argument."""
        what = (ARGUMENT_LAYOUT, argument) if argument != WORKSPACE else (WORKSPACE_LAYOUT, 0)
        return c_void_p(self.library.dnnl_primitive_desc_query_md(primitive_descriptor, *what))

    def memory(self, descriptor, array=None):
        """Memory of a layout: an array's, which must outlive it, or the library's own."""
        result = c_void_p()
        handle = ALLOCATE if array is None else c_void_p(array.ctypes.data)
        self.check("memory_create", byref(result), descriptor, self.engine, handle)
        return result

    def execution(self, primitive, arguments):
        """A call that runs a primitive; for the shortest path, made ready once."""
        array = (Argument * len(arguments))(
            *(Argument(name, memory) for name, memory in arguments.items())
        )
        run, stream, count = self.library.dnnl_primitive_execute, self.stream, len(arguments)

        def execute():
            if run(primitive, stream, count, array) != 0:
                raise RuntimeError("dnnl_primitive_execute failed")

        return execute

    def reorder(self, source_layout, source, target_layout, target):
        """A call that copies one memory to another of a different layout."""
        descriptor = self.primitive_descriptor(
            "reorder", source_layout, self.engine, target_layout, self.engine, None
        )
        return self.execution(self.primitive(descriptor), {SRC: source, DST: target})

    def wait(self):
        self.library.dnnl_stream_wait(self.stream)


ANY = object()
