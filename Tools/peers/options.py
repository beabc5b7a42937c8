"""The command line."""

import argparse
import os

from cases import GATES, MODES, PEERS, SHAPES, Shape
from exported_cases import MODELS as EXPORTED
from model_cases import MODELS, WORD_METHODS
from ragged_cases import RULES

EPILOG = "example: run --cells LSTM --modes inference --shapes 25,1,64 --threads 1 --rounds 15"


def some_of(known):
    """Reads a comma-separated list of names."""

    def parse(text):
        items = [item.strip().lower() for item in text.split(",")]
        for item in items:
            if item not in known:
                raise argparse.ArgumentTypeError(f"'{item}' is none of {', '.join(known)}")
        return list(dict.fromkeys(items))

    return parse


def shape(text):
    try:
        return Shape.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def positive(kind):
    """Reads a number above zero."""

    def parse(text):
        try:
            value = kind(text)
        except ValueError:
            value = 0
        if not 0 < value < 1e6:
            raise argparse.ArgumentTypeError(f"'{text}' is not a positive {kind.__name__}")
        return value

    return parse


def thread_counts(text):
    return sorted({positive(int)(item) for item in text.split(",")})


def read_options():
    """The command line's options; ends the program where they make no sense."""
    parser = argparse.ArgumentParser(
        prog="Tools/peers/run",
        description="Compares this engine with PyTorch, ONNX Runtime and oneDNN: same weights, "
        "inputs and thread counts, results checked equal, contestants taking turns.",
        epilog=EPILOG,
    )
    add_selection(parser)
    add_effort(parser)
    add_files(parser)
    chosen = parser.parse_args()
    # The suite of different lengths has shapes of its own.
    chosen.ragged_shapes = chosen.shapes
    chosen.shapes = chosen.shapes or list(SHAPES)
    if chosen.report_only and not chosen.merge:
        parser.error("--report-only needs --merge")
    if not chosen.report_only and not (chosen.bench and os.access(chosen.bench, os.X_OK)):
        parser.error(f"no Bench at '{chosen.bench}'; start this program with Tools/peers/run")
    for path in (chosen.output, chosen.json):
        folder = os.path.dirname(os.path.abspath(path)) if path else "."
        if not os.access(folder, os.W_OK):
            parser.error(f"{path}: the folder does not exist or is not writable")
    return chosen


def add_selection(parser):
    add = parser.add_argument_group("what is compared; default: everything").add_argument
    add(
        "--suite",
        choices=("layers", "random", "models", "words", "files", "onnx", "quantized", "ragged"),
        default="layers",
        help="layers; layers of shapes that Bench draws from --seed; whole training steps of models, "
        "against PyTorch alone; word vectors, against gensim; the reading of large files of weights, "
        "against safetensors and PyTorch; models that PyTorch has exported, against ONNX Runtime; "
        "inference with weights of fewer bytes, against quantised layers of both; or layers over "
        "sequences of different lengths, against PyTorch; default: layers",
    )
    add(
        "--models",
        type=some_of(MODELS),
        default=list(MODELS),
        metavar="LIST",
        help=f"of the suite of models: {', '.join(MODELS)}",
    )
    add(
        "--methods",
        type=some_of(WORD_METHODS),
        default=list(WORD_METHODS),
        metavar="LIST",
        help=f"of the suite of word vectors: {', '.join(WORD_METHODS)}",
    )
    add(
        "--exported",
        type=some_of(EXPORTED),
        default=list(EXPORTED),
        metavar="LIST",
        help=f"of the suite of exported models: {', '.join(EXPORTED)}",
    )
    add("--cells", type=some_of(GATES), default=list(GATES), metavar="LIST", help="LSTM,GRU")
    add(
        "--modes",
        type=some_of(MODES),
        default=list(MODES),
        metavar="LIST",
        help="inference, forward (for training, recorded), training (forward and backward)",
    )
    add(
        "--shapes",
        type=shape,
        nargs="+",
        metavar="T,N,H",
        help="steps, batch, hidden units, and as many input features; or T,N,D,H",
    )
    add(
        "--count",
        type=positive(int),
        default=24,
        metavar="N",
        help="how many shapes the suite 'random' has; default: 24",
    )
    add(
        "--lengths",
        type=some_of(RULES),
        default=list(RULES),
        metavar="LIST",
        help="of the suite of sequences of different lengths: uniform (from 5 to T), sentences (as "
        "many as verses have words)",
    )
    add("--threads", type=thread_counts, default=[1, 2], metavar="LIST", help="1,2")
    add(
        "--contestants",
        type=some_of(PEERS),
        default=list(PEERS),
        metavar="LIST",
        help=", ".join(PEERS),
    )


def add_effort(parser):
    add = parser.add_argument_group("how long").add_argument
    add("--rounds", type=positive(int), metavar="N", help="turns of each contestant; default: 15")
    add(
        "--budget",
        type=positive(float),
        metavar="SECONDS",
        help="about how long each contestant is timed in a row; default: 1.5. Where calls are "
        "long, it limits the rounds, but to no fewer than 7",
    )
    add("--quick", action="store_true", help="5 rounds (but 3), 0.3 seconds, no resident sizes")
    add(
        "--confirm",
        action="store_true",
        help="measure the rows in which a peer was faster once more",
    )
    add(
        "--neighbour",
        action="store_true",
        help="measure beside a process that streams memory on the last processor",
    )
    add("--no-memory", action="store_true", help="do not measure resident sizes")
    add(
        "--seed",
        type=positive(int),
        default=1,
        metavar="N",
        help="of weights, inputs, the order of turns, and random shapes; default: 1",
    )


def add_files(parser):
    add = parser.add_argument_group("files").add_argument
    add("--output", metavar="FILE", help="write the Markdown report here, not to standard output")
    add("--json", metavar="FILE", help="write all numbers here, after each row")
    add(
        "--merge",
        metavar="FILE",
        nargs="+",
        default=[],
        help="take over the rows of earlier JSON reports that are not measured again",
    )
    add("--report-only", action="store_true", help="measure nothing: report what --merge names")
    add("--bench", default=os.environ.get("PEERS_BENCH"), help=argparse.SUPPRESS)
