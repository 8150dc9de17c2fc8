import sys
import tempfile
import unittest
from pathlib import Path

import pandas as pd

PLOTS = Path(__file__).resolve().parents[1]
EXPERIMENT = PLOTS.parent / "Experiments/sample-efficiency"
sys.path.insert(0, str(PLOTS))
from foresight.experiments import between
from foresight.load import load_study
from foresight.tables import StudyError
from model_errors import BEGINS, ENDS, FILE, gather, main, medians, table


def diagnosed(folder: Path, agent: str, seed: int, errors: list[float], columns: str = "step,error,spread,persistence,count"):
    """A run's folder, with what `foresight diagnose` writes."""
    run = folder / f"Pendulum-v1/{agent}/seed-{seed}"
    (run / "diagnosis").mkdir(parents=True)
    (run / "manifest.json").write_text(
        f'{{"environment": "Pendulum-v1", "agent": "mbpo", "label": "{agent}", "seed": {seed}, "steps": 10, "settings": {{}}}}')
    rows = "".join(f"{step},{error},0.5,{2 * error},100\n" for step, error in enumerate(errors, 1))
    (run / "diagnosis/horizon.csv").write_text(f"{columns}\n{rows}")


class Gathered(unittest.TestCase):
    def test_medians_over_seeds(self):
        with tempfile.TemporaryDirectory() as name:
            for seed, errors in enumerate([[0.1, 0.2], [0.3, 0.8], [0.2, 0.4]]):
                diagnosed(Path(name), "mbpo-5", seed, errors)
            diagnosed(Path(name), "loop", 7, [1, 2])
            found = gather([Path(name)])
        self.assertEqual(list(found.columns), ["environment", "agent", "seed", "step", "error", "persistence"])
        self.assertEqual(len(found), 8)
        middle = medians(found).loc[("Pendulum-v1", "mbpo-5")]
        self.assertEqual((middle["error"][2], middle["persistence"][1]), (0.4, 0.4))
        self.assertEqual(medians(found).loc[("Pendulum-v1", "loop", 1), "error"], 1)

    def test_says_what_is_missing(self):
        with tempfile.TemporaryDirectory() as name:
            with self.assertRaisesRegex(StudyError, "has been diagnosed"):
                gather([Path(name)])
            diagnosed(Path(name), "mbpo", 0, [1], columns="step,mistake,spread,persistence,count")
            with self.assertRaisesRegex(StudyError, "mistake"):
                gather([Path(name)])
            self.assertEqual(main([str(EXPERIMENT), "--from", name]), 1)


class Committed(unittest.TestCase):
    def test_page_has_the_table_of_the_file(self):
        page = (EXPERIMENT / "README.md").read_text()
        told = table(load_study(EXPERIMENT), pd.read_csv(EXPERIMENT / FILE))
        self.assertEqual(between(page, BEGINS, ENDS, told), page, "run Plots/model_errors.py")


if __name__ == "__main__":
    unittest.main()
