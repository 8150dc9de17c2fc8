"""The example programs run, and their parts do what they say."""

import csv
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = Path(os.environ.get("FORESIGHT_OWN_PARTS", ROOT / ".build/release/own-parts"))


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@unittest.skipUnless(PROGRAM.exists(), "the examples are not built")
class OwnParts(unittest.TestCase):
    def test_all_learn_something_in_their_tank(self):
        with tempfile.TemporaryDirectory() as directory:
            done = subprocess.run([PROGRAM, "300"], cwd=directory, capture_output=True, text=True, timeout=300,
                                  env={**os.environ, "FORESIGHT_HOME": str(ROOT)})
            self.assertEqual(done.returncode, 0, done.stdout[-2000:] + done.stderr[-2000:])
            runs = Path(directory) / "runs/tank"
            agents = {"pets", "tank-physics", "held-actions", "sac", "fourier-q", "hill-climbing"}
            self.assertEqual({path.name for path in runs.iterdir()}, agents)
            for agent in agents:
                self.assertEqual(rows(runs / agent / "seed-0/evaluations.csv")[-1]["environment_steps"], "300", agent)
            fitted = [row["outlet"] for row in rows(runs / "tank-physics/seed-0/training.csv") if row["outlet"]]
            self.assertAlmostEqual(float(fitted[-1]), 0.3, places=3)
            # uniformly random valves come to about -43
            returns = [float(row["return"]) for row in rows(runs / "tank-physics/seed-0/evaluations.csv")[-5:]]
            self.assertGreater(sum(returns) / len(returns), -15)


if __name__ == "__main__":
    unittest.main()
