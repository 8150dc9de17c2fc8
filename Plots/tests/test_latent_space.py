import contextlib
import io
import json
import sys
import tempfile
import unittest
from pathlib import Path

import numpy as np
import pandas as pd

PLOTS = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PLOTS))
sys.path.insert(0, str(PLOTS / "tests"))
import latent_space
from foresight.checkpoint import newest_checkpoint
from foresight.records import read_replay
from latent_space import main, places, rank_correlation, steps_between
from test_export import CODES, PROGRAM, train

EXPERIMENT = PLOTS.parent / "Experiments/latent-fitted-q"


class Maze(unittest.TestCase):
    def test_places_are_those_of_the_agent(self):
        images = np.zeros((4, 16, 16), np.float32)
        images[:, 2:4, 2:4] = 100
        for image, (row, column) in zip(images, [(3, 5), (0, 7), (3, 5), (7, 0)]):
            image[2 * row:2 * row + 2, 2 * column:2 * column + 2] = 255
        kept, cells = places(images.reshape(4, -1))
        self.assertEqual(cells.tolist(), [[0, 7], [3, 5], [7, 0]])
        np.testing.assert_array_equal(kept, images.reshape(4, -1)[[1, 0, 3]])

    def test_steps_go_through_cells(self):
        steps = steps_between([(0, 0), (0, 1), (1, 1), (2, 1), (2, 0), (5, 5)])
        self.assertEqual(steps[0].tolist(), [0, 1, 2, 3, 4, np.inf])
        np.testing.assert_array_equal(steps, steps.T)

    def test_rank_correlation_of_known_codes(self):
        cells = [(0, column) for column in range(6)]
        steps = steps_between(cells)
        straight = np.array([[3 * column, 0] for _, column in cells])
        self.assertAlmostEqual(rank_correlation(straight, steps), 1)
        curved = straight ** 3
        self.assertLess(rank_correlation(curved, steps), 0.99)
        noise = np.random.default_rng(1).normal(size=(6, 2))
        self.assertLess(abs(rank_correlation(noise, steps)), 0.6)


@unittest.skipUnless(PROGRAM, "the program is not built")
class Runs(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.folder = Path(directory.name)

    def study(self, settings: list[str]) -> Path:
        """A run of 80 steps that is a study; returns the run's folder."""
        run = train(self.folder / "results", "fitted-q", "pixel-maze", 80, [*CODES, *settings])
        entry = {"environment": "pixel-maze", "agent": "codes", "seed": 0, "steps": 80,
                 "folder": str(run.relative_to(self.folder / "results"))}
        (self.folder / "results/study.json").write_text(json.dumps({
            "study": "codes", "environments": ["pixel-maze"], "agents": ["codes"], "seeds": [0], "thresholds": {},
            "runs": [entry]}))
        return run

    def draw(self) -> tuple[int, str]:
        errors = io.StringIO()
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(errors):
            return main([str(self.folder)]), errors.getvalue()

    def test_codes_of_all_cells_in_the_replay(self):
        run = self.study(["learner.latent.size=2"])
        self.assertEqual(self.draw(), (0, ""))
        codes = pd.read_csv(self.folder / "codes.csv")
        images = read_replay(newest_checkpoint(run), "agent.replay.", 576)["observations"]
        self.assertEqual(len(codes), len(np.unique(images, axis=0)))
        self.assertGreater(len(codes), 5)
        self.assertGreater(codes["code_0"].nunique(), 5)
        self.assertTrue((self.folder / "codes.png").stat().st_size > 10_000)
        self.assertEqual(pd.read_csv(self.folder / "codes-summary.csv")["cells"].tolist(), [len(codes)])

    def test_other_codes_are_refused(self):
        self.study(["learner.latent.size=3"])
        status, errors = self.draw()
        self.assertEqual(status, 1)
        self.assertIn("codes of two numbers", errors)


class Committed(unittest.TestCase):
    def test_summary_is_that_of_the_codes(self):
        with tempfile.TemporaryDirectory() as directory:
            folder = Path(directory)
            (folder / "codes.csv").write_bytes((EXPERIMENT / "codes.csv").read_bytes())
            latent_space.draw(folder)
            self.assertEqual((folder / "codes-summary.csv").read_bytes(), (EXPERIMENT / "codes-summary.csv").read_bytes())


if __name__ == "__main__":
    unittest.main()
