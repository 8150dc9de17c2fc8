import csv
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import numpy as np
from PIL import Image

PLOTS = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PLOTS))
sys.path.insert(0, str(PLOTS / "tests"))
from foresight.figures import sample_efficiency, save
from foresight.load import load_study
from foresight.table import SummaryRow, format_duration, format_steps, format_table, summarize
from synthetic_study import EVALUATION_EPISODES, write_csv, write_study


def plot(*arguments) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, PLOTS / "plot.py", *map(str, arguments)], capture_output=True, text=True)


class Folder(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.folder = Path(directory.name) / "study"


class Table(Folder):
    def summary(self, environment: str, agent: str, **options) -> SummaryRow:
        write_study(self.folder, **options)
        return self.row(environment, agent)

    def row(self, environment: str, agent: str) -> SummaryRow:
        rows = summarize(load_study(self.folder))
        return next(row for row in rows if (row.environment, row.agent) == (environment, agent))

    def set_evaluations(self, agent: str, seed: int, curve: dict[int, float]) -> None:
        rows = [[steps, episode, value, 200] for steps, value in curve.items() for episode in range(EVALUATION_EPISODES)]
        path = self.folder / "Pendulum-v1" / agent / f"seed-{seed}" / "evaluations.csv"
        write_csv(path, ["environment_steps", "episode", "return", "length"], rows)

    def test_hand_computed_row(self):
        write_study(self.folder)
        self.set_evaluations("pets", 0, {0: -900.0, 1000: -150.0, 2000: -180.0})
        self.set_evaluations("pets", 1, {0: -900.0, 1000: -300.0, 2000: -120.0})
        self.set_evaluations("pets", 2, {0: -900.0, 1000: -800.0, 2000: -600.0})
        row = self.row("Pendulum-v1", "pets")
        self.assertEqual((row.seeds, row.reached, row.unfinished), (3, 2, 0))
        self.assertEqual(format_steps(row), "2,000 (2/3 seeds)")
        self.assertAlmostEqual(row.final_return, -300.0)
        self.assertEqual((row.final_low, row.final_high), (-600.0, -120.0))
        self.assertAlmostEqual(row.wall_seconds, 40.0)

    def test_median_seed_not_there(self):
        write_study(self.folder)
        for seed in range(2):
            self.set_evaluations("pets", seed, {0: -900.0, 1000: -900.0, 2000: -900.0})
        self.assertEqual(format_steps(self.row("Pendulum-v1", "pets")), "> 2,000 (1/3 seeds)")

    def test_unfinished_runs_bound_what_was_searched(self):
        row = self.summary("Pendulum-v1", "sac", cut={("Pendulum-v1", "sac", seed): 1000 * seed + 1500 for seed in range(2)})
        self.assertEqual((row.unfinished, row.reached), (2, 1))
        self.assertEqual(format_steps(row), "> 1,000 (1/3 seeds)")
        text = format_table(summarize(load_study(self.folder)))
        self.assertIn("3 (2 unfinished*)", text)
        self.assertIn("* 2 runs have not finished", text)

    def test_one_seed_has_no_interval(self):
        row = self.summary("Pendulum-v1", "pets", seeds=1)
        self.assertIsNone(row.final_low)
        self.assertNotIn("[", format_table([row]))

    def test_columns_are_aligned(self):
        write_study(self.folder)
        lines = format_table(summarize(load_study(self.folder))).splitlines()
        self.assertEqual(len(lines), 7)
        self.assertEqual(len({len(line) for line in lines[:-1]}), 1)
        self.assertEqual(lines[-1], "Intervals: range over 3 seeds.")

    def test_durations(self):
        self.assertEqual([format_duration(s) for s in (8.26, 59.96, 125, 3599.6, 3720)],
                         ["8.3 s", "1 min 00 s", "2 min 05 s", "1 h 00 min", "1 h 02 min"])


class Command(Folder):
    def test_writes_what_it_says(self):
        write_study(self.folder)
        done = plot(self.folder)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        paths = [Path(line) for line in done.stdout.split("\n\n")[-1].splitlines()]
        pictures = [path for path in paths if path.suffix == ".png"]
        self.assertEqual({path.suffix for path in paths}, {".png", ".csv", ".md", ".tex"})
        self.assertEqual(len(pictures), 15)
        for path in pictures:
            with self.subTest(path=path.name):
                pixels = np.asarray(Image.open(path).convert("RGB"))
                self.assertGreater(min(pixels.shape[:2]), 300)
                self.assertGreater((pixels < 128).any(axis=2).mean(), 0.003, "the figure is blank")
                colors = {tuple(color) for color in pixels.reshape(-1, 3)}
                self.assertIn((0, 0x72, 0xB2), colors, "the first agent is not drawn")
                self.assertIn((0xD5, 0x5E, 0), colors, "the second agent is not drawn")
        with open(paths[0], newline="") as file:
            table = list(csv.DictReader(file))
        self.assertEqual([row["agent"] for row in table], ["pets", "sac"] * 2)
        self.assertTrue(all(row["seeds_reached"] == "3" and float(row["steps_to_threshold"]) > 0 for row in table))

    def test_is_repeatable_between_processes(self):
        write_study(self.folder)
        outs = [self.folder / f"figures-{index}" for index in range(2)]
        for out in outs:
            only = ("sample-efficiency", "seeds-at-threshold", "training-Pendulum-v1")
            done = plot(self.folder, "--out", out, *(part for name in only for part in ("--only", name)))
            self.assertEqual(done.returncode, 0)
        names = sorted(path.name for path in outs[0].iterdir())
        self.assertIn("sample-efficiency.png", names)
        for name in names:
            self.assertEqual((outs[0] / name).read_bytes(), (outs[1] / name).read_bytes(), name)

    def test_returns_against_seconds(self):
        study = load_study(write_study(self.folder))
        axes = sample_efficiency(study, "seconds").axes[0]
        ends = [max(line.get_xdata()) for line in axes.lines if line.get_gid() not in ("threshold", "leader")]
        np.testing.assert_allclose(ends[:2], [40, 60])  # 2,000 steps of 0.02 s, 10,000 of 0.006 s
        self.assertIn("seconds", axes.get_xlabel())

    def test_vector_formats_are_repeatable(self):
        study = load_study(write_study(self.folder))
        for suffix in ("svg", "pdf"):
            paths = [self.folder / f"{index}.{suffix}" for index in range(2)]
            for path in paths:
                save(sample_efficiency(study), path)
            self.assertGreater(paths[0].stat().st_size, 5000)
            self.assertEqual(paths[0].read_bytes(), paths[1].read_bytes(), suffix)

    def test_table_only(self):
        write_study(self.folder)
        done = plot(self.folder, "--no-figures", "--out", self.folder / "out")
        self.assertEqual(done.returncode, 0)
        self.assertEqual(sorted(path.name for path in (self.folder / "out").iterdir()),
                         ["aggregates.csv", "aggregates.md", "aggregates.tex", "table.csv", "table.md", "table.tex"])

    def test_draws_one_seed_just_begun(self):
        cut = {("Pendulum-v1", agent, 0): 0 for agent in ("pets", "sac")}
        write_study(self.folder, seeds=1, cut=cut)
        done = plot(self.folder, "--only", "training-Pendulum-v1", "--only", "learning-curve-Pendulum-v1")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertNotIn("training-Pendulum-v1", done.stdout)
        self.assertIn("learning-curve-Pendulum-v1", done.stdout)

    def test_errors_are_one_line(self):
        done = plot(self.folder)
        self.assertEqual((done.returncode, done.stderr), (1, f"error: {self.folder}: no such folder\n"))
        write_study(self.folder)
        (self.folder / "out").write_text("in the way")
        done = plot(self.folder, "--out", self.folder / "out")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr.count("\n"), 1)
        self.assertIn("out: File exists", done.stderr)


if __name__ == "__main__":
    unittest.main()
