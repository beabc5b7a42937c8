"""Compares learning of word vectors with gensim's: `run --suite words`."""

import json
import os
import random
import re
import subprocess
import sys

import numpy

from cases import OURS
from measuring import WrongAnswer
from model_cases import WORD_METHODS
from ratios import median, median_interval, paired_ratios

HERE = os.path.dirname(os.path.abspath(__file__))
BIBLE = os.path.normpath(os.path.join(HERE, "..", "..", "data", "bible", "kjv.txt"))
# gensim reads from memory or by itself, whichever is faster.
PEERS = {"gensim (memory)": "list", "gensim (file)": "file"}
# Over these words neighbours are compared, and by so much ours may agree less with gensim's than another
# seed's do.
WORDS = 1000
NEIGHBOURS = 10
OVERLAP_TOLERANCE = 0.05
EPOCHS = 5
VERIFIED_EPOCHS = 10


def write_corpus(path):
    """The words of the Bible, in lower case, a verse on each line."""
    if not os.path.exists(BIBLE):
        sys.exit(f"{BIBLE} is missing: make data ARGS=bible")
    with open(BIBLE, encoding="utf-8") as source, open(path, "w", encoding="utf-8") as target:
        for line in source:
            verse = line.split(" ", 1)[1].lower()
            target.write(" ".join(re.findall(r"[a-z]+", verse)) + "\n")


def learn(name, bench, fields):
    """What one process answers."""
    if name == OURS:
        command = [bench, "word-peer"]
    else:
        command = [sys.executable, os.path.join(HERE, "word_worker.py"), "--reading", PEERS[name]]
    environment = {key: value for key, value in os.environ.items() if key != "OPENBLAS_CORETYPE"}
    done = subprocess.run(
        command + fields, stdout=subprocess.PIPE, check=True, text=True, env=environment
    )
    return json.loads(done.stdout)


def read_vectors(path):
    """The words and their vectors, of word2vec's binary format."""
    with open(path, "rb") as file:
        count, features = map(int, file.readline().split())
        rest = file.read()
    words, rows, place = [], [], 0
    for _ in range(count):
        end = rest.index(b" ", place)
        words.append(rest[place:end].lstrip(b"\n").decode())
        rows.append(numpy.frombuffer(rest, "<f4", features, end + 1))
        place = end + 1 + 4 * features
    return words, numpy.stack(rows)


def neighbours(path, chosen):
    words, rows = read_vectors(path)
    rows = rows / numpy.linalg.norm(rows, axis=1, keepdims=True)
    numbers = {word: i for i, word in enumerate(words)}
    places = [numbers[word] for word in chosen]
    scores = rows[places] @ rows.T
    scores[numpy.arange(len(places)), places] = -numpy.inf
    nearest = numpy.argpartition(-scores, NEIGHBOURS, axis=1)[:, :NEIGHBOURS]
    return [{words[i] for i in row} for row in nearest]


def overlap(first, second):
    return sum(len(a & b) for a, b in zip(first, second)) / (NEIGHBOURS * len(first))


def verify(model, threads, bench, corpus, folder):
    """How far ours agree with gensim's, and gensim's with those of another seed.

    The tree's shape depends on the order of words that occur equally often, and what is learned on its
    shape: the second gensim has them in another order, as ours may have, too.
    """
    paths = {}
    for key, name, fields in (("ours", OURS, ["--seed", "1"]), ("first", "gensim (memory)", ["--seed", "1"]),
                              ("second", "gensim (memory)", ["--seed", "2", "--ties-reversed"])):
        paths[key] = os.path.join(folder, f"{key}.bin")
        learn(name, bench, WORD_METHODS[model] + fields + [
            "--corpus", corpus, "--threads", str(threads),
            "--epochs", str(VERIFIED_EPOCHS), "--output", paths[key],
        ])
    # gensim orders its words by count.
    chosen = read_vectors(paths["first"])[0][:WORDS]
    near = {key: neighbours(path, chosen) for key, path in paths.items()}
    theirs = overlap(near["first"], near["second"])
    ours = (overlap(near["ours"], near["first"]) + overlap(near["ours"], near["second"])) / 2
    if not ours >= theirs - OVERLAP_TOLERANCE:
        raise WrongAnswer(
            f"{model}, {threads} threads: {ours:.3f} of the nearest words are gensim's, of which two seeds "
            f"have {theirs:.3f} in common"
        )
    return ours, theirs


def measure(model, threads, rounds, seed, bench, folder, corpus):
    """A row, as the JSON report has it."""
    ours, theirs = verify(model, threads, bench, corpus, folder)
    names = [OURS] + list(PEERS)
    seconds, memory = {name: [] for name in names}, {name: 0 for name in names}
    order = random.Random(seed)
    for _ in range(rounds):
        for name in order.sample(names, len(names)):
            answer = learn(name, bench, WORD_METHODS[model] + [
                "--corpus", corpus, "--threads", str(threads), "--epochs", str(EPOCHS),
            ])
            seconds[name].append(answer["seconds"])
            memory[name] = max(memory[name], answer["memory"])
            words = answer["words"]
    return {
        "model": model,
        "threads": threads,
        "words": words,
        "overlap": ours,
        "overlapOfSeeds": theirs,
        "seconds": seconds,
        "memory": memory,
        "ratios": {name: paired_ratios(seconds[name], seconds[OURS]) for name in PEERS},
    }


def markdown(header, rows):
    lines = [
        f"{header['cpu']}, {header['cores']} cores, load {header['load']}, {header['date']}, commit "
        f"{header['commit']}. gensim's `Word2Vec` on the King James Bible, 100 features, window 5, 5 noise "
        f"words or a tree, {EPOCHS} epochs, a process each, in turns. A ratio is gensim's time by ours.",
        "",
        "| model | threads | ours, words/s | ÷ gensim (memory) | ÷ gensim (file) | MB, ours / memory / file "
        "| neighbours in common | of two gensims |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for row in rows:
        rate = row["words"] / median(row["seconds"][OURS])
        ratios = []
        for name in PEERS:
            ratio = median_interval(row["ratios"][name])
            ratios.append(f"{ratio.median:.2f} [{ratio.low:.2f}, {ratio.high:.2f}]")
        memory = " / ".join(f"{row['memory'][name] / 1e6:.0f}" for name in [OURS] + list(PEERS))
        lines.append(
            f"| {row['model']} | {row['threads']} | {rate:,.0f} | {ratios[0]} | {ratios[1]} | {memory} | "
            f"{row['overlap']:.3f} | {row['overlapOfSeeds']:.3f} |"
        )
    return "\n".join(lines) + "\n"


def run(chosen, header, folder):
    """All models on all thread counts: the JSON report."""
    report = {"schema": 1, "header": header, "rows": []}
    rounds = chosen.rounds or (3 if chosen.quick else 7)
    corpus = os.path.join(folder, "corpus.txt")
    write_corpus(corpus)
    for model in chosen.methods:
        for threads in chosen.threads:
            row = measure(model, threads, rounds, chosen.seed, chosen.bench, folder, corpus)
            report["rows"].append(row)
            best = min(median(row["ratios"][name]) for name in PEERS)
            print(f"{model}, {threads} threads: the faster gensim ÷ ours {best:.2f}", file=sys.stderr)
    return report
