"""Learns word vectors with gensim, as `Bench word-peer` does with this package: one run, one line of JSON.

`--reading list` gives gensim the sentences in memory, `file` lets it read them itself, which is its way
around Python's lock. Counting words is not timed; looking them up is.
"""

import argparse
import json
import os
import sys
import time
from collections import Counter

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

from gensim.models import Word2Vec  # noqa: E402
from gensim.models.word2vec import FAST_VERSION  # noqa: E402

from worker import peak_resident_bytes  # noqa: E402

READINGS = ("list", "file")


def options():
    parser = argparse.ArgumentParser()
    add = parser.add_argument
    add("--corpus", required=True)
    add("--model", choices=("skip-gram", "cbow"), default="skip-gram")
    add("--hierarchical", action="store_true")
    add("--noise", type=int, default=5)
    add("--features", type=int, default=100)
    add("--window", type=int, default=5)
    add("--minimum-count", type=int, default=5)
    add("--epochs", type=int, default=5)
    add("--threads", type=int, default=1)
    add("--seed", type=int, default=1)
    add("--ties-reversed", action="store_true", help="words that occur equally often in reversed order")
    add("--output")
    add("--reading", choices=READINGS, default="list")
    return parser.parse_args()


def learn(chosen):
    """The model, and the seconds that it took."""
    if FAST_VERSION < 0:
        sys.exit("word_worker: gensim without its compiled code")
    model = Word2Vec(
        sg=int(chosen.model == "skip-gram"),
        hs=int(chosen.hierarchical),
        negative=0 if chosen.hierarchical else chosen.noise,
        vector_size=chosen.features,
        window=chosen.window,
        min_count=chosen.minimum_count,
        sample=1e-3,
        alpha=0.025,
        min_alpha=0.0001,
        workers=chosen.threads,
        seed=chosen.seed,
        epochs=chosen.epochs,
    )
    if chosen.reading == "file":
        source = {"corpus_file": chosen.corpus}
    else:
        with open(chosen.corpus, encoding="utf-8") as file:
            source = {"corpus_iterable": [line.split() for line in file]}
    if chosen.ties_reversed:
        counts = Counter(word for sentence in source["corpus_iterable"] for word in sentence)
        reversed_counts = dict(reversed(counts.items()))
        model.build_vocab_from_freq(reversed_counts, corpus_count=len(source["corpus_iterable"]))
        model.corpus_total_words = counts.total()
    else:
        model.build_vocab(**source)
    start = time.perf_counter()
    model.train(
        **source,
        total_examples=model.corpus_count,
        total_words=model.corpus_total_words,
        epochs=chosen.epochs,
    )
    return model, time.perf_counter() - start


def main():
    chosen = options()
    model, seconds = learn(chosen)
    memory = peak_resident_bytes()
    if chosen.output:
        model.wv.save_word2vec_format(chosen.output, binary=True)
    words = model.corpus_total_words * chosen.epochs
    print(json.dumps({"seconds": seconds, "words": words, "memory": memory}), flush=True)


if __name__ == "__main__":
    main()
