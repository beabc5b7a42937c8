"""Learns the words of the experiment `bible-words` with gensim, from two seeds.

    Experiments run bible-words --budget full     # writes data/words/corpus.txt
    Tools/peers/run bible-words                   # writes data/words/gensim-1.bin and gensim-2.bin
    Experiments run bible-words --budget full     # holds its own neighbours against those
"""

import argparse
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


def main():
    parser = argparse.ArgumentParser(prog="Tools/peers/run bible-words")
    default = os.path.join(HERE, "..", "..", "data", "words")
    parser.add_argument("--folder", default=os.path.normpath(default))
    folder = parser.parse_args().folder
    corpus = os.path.join(folder, "corpus.txt")
    if not os.path.exists(corpus):
        sys.exit(f"{corpus} is missing: Experiments run bible-words --budget full")
    for seed in (1, 2):
        path = os.path.join(folder, f"gensim-{seed}.bin")
        subprocess.run(
            [
                sys.executable, os.path.join(HERE, "word_worker.py"), "--corpus", corpus,
                "--epochs", "10", "--seed", str(seed), "--output", path + ".partial",
            ],
            check=True,
        )
        os.replace(path + ".partial", path)


if __name__ == "__main__":
    main()
