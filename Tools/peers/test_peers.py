"""Tests of what decides the numbers of a report. Needs nothing but Python, and NumPy for some:

    python3 -m unittest discover -s Tools/peers
"""

import json
import os
import random
import tempfile
import types
import unittest
from unittest import mock

import exported_cases
import gates
import model_cases
import ragged_cases
import ratios
import report
from cases import MODES, OURS, PEERS, SHAPES, Case, Shape, names_for, random_shapes, select
from rounds import LONG_CALL, SHORTEST_SAMPLE, Effort, Turn

try:
    import numpy

    import compare_files
    import compare_quantized
    import compare_ragged
    import compare_words
    import verification
except ImportError:
    numpy = None


class ModelCaseTests(unittest.TestCase):
    def test_batches_are_what_their_lengths_say(self):
        for case in model_cases.MODELS.values():
            made = model_cases.batches(case, seed=3, batch=4, ragged=(2, 6))
            self.assertEqual(made, model_cases.batches(case, seed=3, batch=4, ragged=(2, 6)))
            self.assertNotEqual(made, model_cases.batches(case, seed=4, batch=4, ragged=(2, 6)))
            for batch in made:
                count = batch["steps"] * batch["batch"]
                self.assertEqual(len(batch["tokens" if "tokens" in batch else "points"]),
                                 count if "tokens" in batch else 2 * count)
                labels = batch["labelSteps"] * batch["batch"]
                self.assertEqual(len(batch["labels"]), labels)
                self.assertEqual(max(batch["labelLengths"]), batch["labelSteps"])
                if "inputs" in batch:
                    # Each step reads what the one before it was to say.
                    self.assertEqual(len(batch["inputs"]), labels)
                    for t in range(1, batch["labelSteps"]):
                        for n, length in enumerate(batch["labelLengths"]):
                            if t < length:
                                self.assertEqual(
                                    batch["inputs"][t * batch["batch"] + n],
                                    batch["labels"][(t - 1) * batch["batch"] + n],
                                )


class ExportedCaseTests(unittest.TestCase):
    def test_every_model_runs_alone_and_in_a_batch_or_long(self):
        cases = exported_cases.CASES
        self.assertEqual({case.model for case in cases}, set(exported_cases.MODELS))
        self.assertEqual(len({case.name for case in cases}), len(cases))
        for model in exported_cases.MODELS:
            batches = {case.batch for case in cases if case.model == model}
            self.assertTrue(1 in batches and max(batches) > 1)

    def test_lengths_are_drawn_longest_first(self):
        for case in exported_cases.CASES:
            drawn = exported_cases.lengths(case, seed=2)
            self.assertEqual(drawn, exported_cases.lengths(case, seed=2))
            self.assertEqual((len(drawn), drawn[0]), (case.batch, case.steps))
            self.assertEqual(drawn, sorted(drawn, reverse=True))
            self.assertGreaterEqual(drawn[-1], min(case.steps, exported_cases.SHORTEST))


class RaggedCaseTests(unittest.TestCase):
    def test_lengths_fit_their_batch(self):
        shape = Shape.square(20, 400, 8)
        for rule in ragged_cases.RULES:
            drawn = ragged_cases.draw(rule, shape, seed=2)
            self.assertEqual(drawn, ragged_cases.draw(rule, shape, seed=2))
            self.assertNotEqual(drawn, ragged_cases.draw(rule, shape, seed=3))
            self.assertEqual((len(drawn), max(drawn)), (400, 20))
            self.assertGreaterEqual(min(drawn), 5 if rule == "uniform" else 1)
        self.assertEqual(ragged_cases.draw("uniform", Shape.square(3, 5, 8), seed=1), (3,) * 5)

    def test_sentences_are_as_long_as_verses(self):
        lengths, counts = ragged_cases.read_table()
        self.assertEqual(lengths, sorted(set(lengths)))
        self.assertEqual(sum(counts), 31102)
        drawn = ragged_cases.draw("sentences", Shape.square(1000, 5000, 8), seed=4)
        self.assertAlmostEqual(sum(drawn) / 5000, 25.4 + 0.2, delta=0.5)

    def test_the_suite_is_that_of_bench(self):
        cases = ragged_cases.select(["gru"], ["training"], None, ["sentences"], [1, 2], seed=1)
        self.assertEqual({case.threads for case in cases}, {1, 2})
        self.assertEqual({(case.cell, case.mode, case.rule) for case in cases},
                         {("gru", "training", "sentences")})
        self.assertEqual(len(set(cases)), len(cases))
        for case in cases:
            full = Case("gru", "training", case.shape, case.threads)
            self.assertAlmostEqual(case.flops, full.flops * case.share)
            self.assertTrue(0 < case.share < 1)
        given = ragged_cases.select(["lstm"], ["inference"], [Shape.square(9, 2, 3)], ["uniform"], [1], 1)
        self.assertEqual([str(case) for case in given],
                         ["lstm inference 9,2,3, 1 thread, uniform"])

    def test_pytorch_has_a_third_way_for_the_lstm_alone(self):
        lstm, gru = (ragged_cases.RaggedCase(cell, "training", Shape.square(3, 2, 4), 1)
                     for cell in ("lstm", "gru"))
        self.assertEqual(len(ragged_cases.names_for(lstm)), 3)
        self.assertNotIn(ragged_cases.NATIVE, ragged_cases.names_for(gru))

    @unittest.skipUnless(numpy, "needs NumPy")
    def test_the_fastest_way_counts(self):
        seconds = {ragged_cases.PACKED: 3.0, ragged_cases.PADDED: 2.0}
        entries = {name: {"seconds": [time] * 7, "ratios": [time] * 7}
                   for name, time in seconds.items()}
        entries[OURS] = {"seconds": [1.0] * 7}
        row = {"cell": "gru", "mode": "training", "T": 5, "N": 2, "H": 4, "threads": 1,
               "rule": "uniform", "share": 0.5, "contestants": entries,
               "padded": {"seconds": [2.0] * 7, "shares": [0.5] * 7}}
        header = {"cpu": "c", "cores": 2, "load": 0, "date": "d", "commit": "e", "contestants": {}}
        text = compare_ragged.markdown(header, [row])
        self.assertIn("| GRU training | 2.00 [2.00, 2.00] |".replace("training", "forward+backward"),
                      text)
        self.assertIn("**2.00 [2.00, 2.00]**", text)
        self.assertIn("| 0.50 | 1.00 s | 0.50 [0.50, 0.50] |".replace("1.00 s", "1000 ms"), text)


@unittest.skipUnless(numpy, "needs NumPy")
class QuantizedTests(unittest.TestCase):
    @staticmethod
    def row(case, *_):
        """A row as `measure` makes it: every contestant twice as fast as the one before."""
        return {
            "cell": case.cell, "T": case.shape.steps, "N": case.shape.batch, "H": case.shape.hidden,
            "threads": case.threads,
            "contestants": {
                name: {"weights": compare_quantized.weights_of(name), "seconds": [0.5**place] * 7,
                       "ratios": [1.5 + place] * 7, "error": 10.0 ** -(place + 1)}
                for place, name in enumerate(compare_quantized.names(case.cell))
            },
        }

    @staticmethod
    def chosen(path):
        return types.SimpleNamespace(
            json=path, rounds=None, quick=True, budget=None, threads=[1, 2], cells=["lstm", "gru"],
            shapes=[Shape.square(3, 1, 4)], seed=1, bench="Bench")

    def test_peers_meet_what_does_the_same(self):
        self.assertEqual(compare_quantized.OWN[0], "float32")
        for name, weights in compare_quantized.FORMATS.items():
            rival = compare_quantized.counterpart(name)
            self.assertIn(rival, compare_quantized.names("gru"))
            self.assertTrue(rival.removeprefix(OURS).strip().startswith(weights))
        self.assertEqual(compare_quantized.counterpart("onnxruntime-int8"), f"{OURS} int8-dynamic")
        peers = [name for name in compare_quantized.names("gru") if not name.startswith(OURS)]
        self.assertEqual(peers, ["torch-int8", "torch-float16"])

    def test_the_file_has_every_row_that_was_measured(self):
        header = {"contestants": {}}
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "rows.json")
            found = []

            def measure(case, *rest):
                if found:
                    with open(path) as file:
                        self.assertEqual(len(json.load(file)["rows"]), len(found))
                if len(found) == 3:
                    raise ValueError("the host went away")
                found.append(case)
                return self.row(case, *rest)

            with mock.patch.object(compare_quantized, "measure", measure), \
                    mock.patch("sys.stderr"), self.assertRaises(ValueError):
                compare_quantized.run(self.chosen(path), header, folder)
            self.assertEqual([(case.cell, case.threads) for case in found],
                             [("lstm", 1), ("gru", 1), ("lstm", 2)])
            with open(path) as file:
                self.assertEqual(len(json.load(file)["rows"]), 3)

    def test_a_table_has_times_ratios_and_errors(self):
        header = {"cpu": "c", "cores": 2, "load": 0, "date": "d", "commit": "e", "contestants": {}}
        rows = [self.row(Case(cell, "inference", Shape.square(3, 1, 4), 2)) for cell in ("lstm", "gru")]
        lines = [line for line in compare_quantized.markdown(header, rows).splitlines()
                 if line.startswith("|")]
        self.assertEqual(len({line.count("|") for line in lines}), 1)
        self.assertIn("| LSTM 3,1,4 | 2 | 1000 ms | 500 ms · 2.50 [2.50, 2.50] · 1e-02 |", lines[2])
        # ONNX Runtime quantises no GRU.
        self.assertIn("|  |", lines[3])


@unittest.skipUnless(numpy, "needs NumPy")
class WordTests(unittest.TestCase):
    def vectors(self, line_break):
        """Words on a circle, every ten degrees, as a file."""
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "words.bin")
            with open(path, "wb") as file:
                file.write(b"36 2\n")
                for i in range(36):
                    angle = numpy.radians(10 * i)
                    row = (i + 1) * numpy.array([numpy.cos(angle), numpy.sin(angle)], "<f4")
                    file.write(f"w{i} ".encode() + row.tobytes() + line_break)
            return compare_words.read_vectors(path), compare_words.neighbours(path, ["w9", "w0"])

    def test_files_with_and_without_line_breaks_are_read(self):
        for line_break in (b"\n", b""):
            (words, rows), near = self.vectors(line_break)
            self.assertEqual(words, [f"w{i}" for i in range(36)])
            self.assertAlmostEqual(float(rows[9][1]), 10, places=5)
            around = [{f"w{(place + step) % 36}" for step in range(-5, 6) if step}
                      for place in (9, 0)]
            self.assertEqual(near, around)

    def test_overlap_is_a_share(self):
        self.assertEqual(compare_words.overlap([set("abcdefghij")], [set("abcdeklmno")]), 0.5)


class GateOrderTests(unittest.TestCase):
    def test_rows_go_with_their_gate(self):
        ours = [f"{gate}{unit}" for gate in "ifgo" for unit in range(3)]
        rows = [ours[row] for row in gates.row_indices("ifgo", "iofg", 3)]
        self.assertEqual(
            rows, ["i0", "i1", "i2", "o0", "o1", "o2", "f0", "f1", "f2", "g0", "g1", "g2"]
        )
        self.assertEqual(gates.row_indices("rzn", "zrn", 2), [2, 3, 0, 1, 4, 5])

    def test_there_and_back_is_nothing(self):
        for cell, native in gates.NATIVE.items():
            for other in (gates.ONNX[cell], gates.ONEDNN[cell]):
                there = gates.row_indices(native, other, 5)
                back = gates.row_indices(other, native, 5)
                self.assertEqual([there[row] for row in back], list(range(5 * len(native))))

    def test_other_gates_are_refused(self):
        for order in ("ifg", "ifgz", "ifgg", ""):
            with self.assertRaises(ValueError):
                gates.row_indices("ifgo", order, 2)


class RatioTests(unittest.TestCase):
    def test_median(self):
        self.assertEqual(ratios.median([3, 1, 2]), 2)
        self.assertEqual(ratios.median([4, 1, 2, 3]), 2.5)

    def test_a_drift_that_all_share_cancels(self):
        drift = [1, 3, 2, 5, 4]
        pairs = ratios.paired_ratios([2 * d for d in drift], drift)
        interval = ratios.median_interval(pairs)
        self.assertEqual((interval.low, interval.median, interval.high), (2, 2, 2))

    def test_unequal_rounds_are_refused(self):
        with self.assertRaises(ValueError):
            ratios.paired_ratios([1, 2], [1])

    def test_geometric_mean(self):
        self.assertAlmostEqual(ratios.geometric_mean([1, 4, 16]), 4)
        mean = ratios.geometric_mean_of_medians([[2, 2, 2], [8, 8, 8]])
        self.assertAlmostEqual(mean.median, 4)

    def test_the_interval_holds_the_truth_about_as_often_as_it_says(self):
        generator = random.Random(7)
        held = 0
        for trial in range(200):
            values = [generator.lognormvariate(0, 0.2) for _ in range(15)]
            interval = ratios.bootstrap(
                [values], lambda groups: ratios.median(groups[0]), seed=trial, resamples=400
            )
            self.assertLessEqual(interval.low, interval.median)
            self.assertLessEqual(interval.median, interval.high)
            held += interval.low <= 1 <= interval.high
        # 95% of 200 less five standard deviations, and not always: it could then be any width.
        self.assertGreater(held, 174)
        self.assertLess(held, 200)

    def test_the_same_seed_gives_the_same_interval(self):
        values = [1.0, 1.1, 0.9, 1.3, 1.2]
        self.assertEqual(ratios.median_interval(values), ratios.median_interval(values))


class RoundTests(unittest.TestCase):
    def test_short_calls_share_a_sample(self):
        turn = Turn.plan(40e3, slice_seconds=0.1)
        self.assertGreaterEqual(turn.calls * 40e3, SHORTEST_SAMPLE)
        self.assertGreater(turn.warm_up, 1)

    def test_long_calls_are_timed_one_by_one(self):
        self.assertEqual(Turn.plan(2 * LONG_CALL, slice_seconds=0.05), Turn(0, 1, 1))

    def test_slow_rows_take_fewer_rounds_but_enough(self):
        effort = Effort(rounds=15, fewest_rounds=7, budget=1.5)
        self.assertEqual(effort.rounds_for(1e6), 15)
        self.assertEqual(effort.rounds_for(3e8), 10)
        self.assertEqual(effort.rounds_for(3e9), 7)
        self.assertEqual(Effort(rounds=2, fewest_rounds=7, budget=1).rounds_for(3e9), 2)


class CaseTests(unittest.TestCase):
    def test_shapes(self):
        self.assertEqual(Shape.parse("50,16,128"), Shape.square(50, 16, 128))
        self.assertEqual(Shape.parse("50,16,40,128"), Shape(50, 16, 40, 128))
        self.assertEqual(str(Shape(50, 16, 40, 128)), "50,16,40,128")
        self.assertEqual(str(Shape.square(50, 16, 128)), "50,16,128")
        self.assertEqual(len(set(SHAPES)), 10)
        for text in ("50,16", "50x16x128", "0,1,1", "1,-1,1", "a,b,c", "", "1,1,2000000"):
            with self.assertRaises(ValueError):
                Shape.parse(text)

    def test_flops(self):
        lstm = Case("lstm", "inference", Shape.square(50, 32, 256), 1)
        self.assertEqual(lstm.flops, 2 * 50 * 32 * 4 * 256 * (256 + 256))
        training = Case("gru", "training", Shape.square(50, 32, 256), 1)
        self.assertEqual(training.flops, 3 * 2 * 50 * 32 * 3 * 256 * (256 + 256))

    def test_inputs_count_as_many_as_there_are(self):
        case = Case("lstm", "inference", Shape(5, 3, 40, 9), 1)
        self.assertEqual(case.flops, 2 * 5 * 3 * 4 * 9 * (40 + 9))
        self.assertEqual(case.longest_sum, 49)

    def test_random_shapes_are_those_that_bench_prints(self):
        with tempfile.TemporaryDirectory() as folder:
            bench = os.path.join(folder, "Bench")
            with open(bench, "w") as file:
                file.write(
                    "#!/bin/sh\n"
                    'test "$*" = "list --suite random --plain --seed 7 --count 2" || exit 1\n'
                    "echo lstm inference T5xN2xD9xH40\necho gru inference T5xN2xD9xH40\n"
                    "echo lstm training T200xN1xD1000xH8\n"
                )
            os.chmod(bench, 0o755)
            self.assertEqual(
                random_shapes(bench, 7, 2), [Shape(5, 2, 9, 40), Shape(200, 1, 1000, 8)]
            )

    def test_thread_counts_come_one_after_the_other(self):
        selected = select(["lstm", "gru"], MODES, SHAPES, [1, 2])
        self.assertEqual(len(selected), 120)
        self.assertEqual([case.threads for case in selected], [1] * 60 + [2] * 60)

    def test_who_takes_part(self):
        shape = SHAPES[0]
        self.assertEqual(names_for(Case("lstm", "inference", shape, 1), PEERS)[0], OURS)
        for mode in ("forward", "training"):
            for cell in ("lstm", "gru"):
                names = names_for(Case(cell, mode, shape, 1), PEERS)
                self.assertNotIn("onnxruntime", names)
                self.assertIn("torch", names)


@unittest.skipUnless(numpy, "needs NumPy")
class VerificationTests(unittest.TestCase):
    case = Case("lstm", "training", Shape.square(50, 64, 512), 1)

    def setUp(self):
        generator = numpy.random.default_rng(5)
        self.ours = {
            name: generator.standard_normal(size, dtype=numpy.float32)
            for name, size in (("outputs", 60), ("dU", 400))
        }
        self.theirs = {name: values.reshape(-1, 10).copy() for name, values in self.ours.items()}

    def difference(self):
        return verification.largest_difference(self.ours, self.theirs)

    def test_the_same_numbers_differ_by_nothing(self):
        self.ours["dInitialHidden"] = numpy.ones(3, numpy.float32)
        self.assertEqual(self.difference()[0], 0)

    def test_one_wrong_element_is_found_where_it_is(self):
        scale = numpy.abs(self.ours["dU"]).max()
        bound = verification.tolerance(self.case)
        self.theirs["dU"][7, 3] += 1.1 * bound * scale
        difference, place = self.difference()
        self.assertGreater(difference, bound)
        self.assertEqual(place, "dU")

    def test_what_proves_nothing_is_refused(self):
        for name, change in (
            ("not a number", lambda: self.theirs["dU"].fill(numpy.nan)),
            ("zero", lambda: self.ours["dU"].fill(0)),
            ("expected 400", lambda: self.theirs.update(dU=numpy.zeros(3, numpy.float32))),
            ("computes", lambda: self.theirs.pop("dU")),
        ):
            self.setUp()
            change()
            with self.assertRaisesRegex(ValueError, name):
                self.difference()

    def test_longer_sums_may_differ_more(self):
        self.assertAlmostEqual(verification.tolerance(self.case), 2e-5 * (3200 / 1024) ** 0.5)
        short = Case("lstm", "inference", Shape.square(25, 1, 64), 1)
        self.assertAlmostEqual(verification.tolerance(short), 2e-5)


@unittest.skipUnless(numpy, "needs NumPy")
class FileTests(unittest.TestCase):
    def test_both_must_have_read_the_same(self):
        ours = {"tensors": 4, "sum": 100.0}
        compare_files.verify({OURS: ours, "torch": {"tensors": 4, "sum": 100.0 + 1e-5}})
        for other in ({"tensors": 5, "sum": 100.0}, {"tensors": 4, "sum": 100.1},
                      {"tensors": 4, "sum": float("nan")}):
            with self.assertRaises(compare_files.WrongAnswer):
                compare_files.verify({OURS: ours, "torch": other})

    def test_a_ratio_is_theirs_by_ours(self):
        seconds = {OURS: [0.1, 0.2, 0.1], "torch": [0.2, 0.4, 0.2]}
        row = {
            "format": "pytorch", "bytes": 2 * 10**9, "peer": "torch",
            "seconds": {phase: seconds for phase in compare_files.PHASES},
            "ratios": {phase: [2.0, 2.0, 2.0] for phase in compare_files.PHASES},
        }
        header = {"cpu": "c", "cores": 2, "load": 0, "date": "d", "commit": "x"}
        text = compare_files.markdown(header, [row])
        self.assertIn(
            "| pytorch, torch | 2.00 | load | 100.0 ms | 200.0 ms | 2.00 [2.00, 2.00] |", text)


class ReportTests(unittest.TestCase):
    @staticmethod
    def row(mode="training", threads=1, hidden=64, **seconds):
        ours = [1e-3, 2e-3, 1e-3]
        times = {OURS: ours, **{name.replace("_", "-"): t for name, t in seconds.items()}}
        return {
            "cell": "lstm",
            "mode": mode,
            "T": 25,
            "N": 1,
            "H": hidden,
            "threads": threads,
            "flops": 1e6,
            "contestants": {
                name: {"seconds": values, "ratios": ratios.paired_ratios(values, ours)}
                for name, values in times.items()
            },
        }

    def test_the_fastest_peer_counts(self):
        row = self.row(torch=[4e-3, 8e-3, 4e-3], torch_native=[2e-3, 4e-3, 2e-3])
        self.assertEqual(report.peers(row), ["torch-native", "torch"])
        self.assertEqual(report.ratios_to_best(row), [2, 2, 2])
        self.assertEqual(report.ratios_to_best(row, ("torch",)), [4, 4, 4])
        self.assertIsNone(report.ratios_to_best(self.row()))
        text = report.rows_table([row])
        self.assertIn("**2.00 [2.00, 2.00]**", text)
        self.assertNotIn("**4.00", text)

    def test_only_certain_losses_are_listed(self):
        slower = self.row(torch=[0.9e-3, 1.8e-3, 0.9e-3])
        even = self.row(hidden=128, torch=[0.9e-3, 2.2e-3, 0.9e-3])
        lines = report.slower_lines([slower, even])
        self.assertIn("25,1,64", lines)
        self.assertNotIn("25,1,128", lines)
        self.assertEqual(report.slower_lines([even]), "None.\n")
        self.assertTrue(lines.startswith("1 of 2 rows.\n"))
        slower["again"] = self.row(torch=[2e-3, 4e-3, 2e-3])
        self.assertIn("not again: torch 2.00", report.slower_lines([slower]))
        slower["again"] = self.row(torch=[0.5e-3, 1e-3, 0.5e-3])
        self.assertIn("slower again: torch 0.50", report.slower_lines([slower]))

    def test_means_are_by_mode_and_thread_count(self):
        rows = [
            self.row(torch=[2e-3, 4e-3, 2e-3]),
            self.row(hidden=128, torch=[8e-3, 16e-3, 8e-3]),
            self.row(threads=2, mode="inference", onnxruntime=[3e-3, 6e-3, 3e-3]),
        ]
        lines = report.summary_table(rows).splitlines()
        self.assertIn("| LSTM forward+backward | 4.00 [4.00, 4.00] |  | 4.00 [4.00, 4.00] |", lines)
        self.assertIn("| LSTM inference |  | 3.00 [3.00, 3.00] | 3.00 [3.00, 3.00] |", lines)

    def test_memory_of_runs_with_other_contestants_is_shown_together(self):
        entry = {"cell": "gru", "T": 1, "N": 2, "H": 3, "threads": 1}
        sizes = {"start": 2**20, "peak": 5 * 2**20}
        alone = {**entry, "contestants": {OURS: sizes}}
        both = {**entry, "H": 4, "contestants": {OURS: sizes, "torch": sizes}}
        lines = report.memory_table([alone, both]).splitlines()
        self.assertEqual(lines[2:], ["| GRU 1,2,3 | 5 (1) |  |", "| GRU 1,2,4 | 5 (1) | 5 (1) |"])


if __name__ == "__main__":
    unittest.main()
