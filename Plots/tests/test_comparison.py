import json
import sys
import tempfile
import unittest
import warnings
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parent))
from foresight import aggregate_table
from foresight.comparison import arrivals, compare, evaluation_shares, final_scores, groups, score_curves
from foresight.load import load_study
from synthetic_study import write_manifests, write_study, write_wide_study

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from rliable import metrics


class Comparisons(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        directory = tempfile.TemporaryDirectory()
        cls.addClassCleanup(directory.cleanup)
        cls.folder = write_wide_study(Path(directory.name) / "wide", tasks=3, agents=3, seeds=4, episodes=5)
        cls.study = load_study(cls.folder)

    def test_numbers_are_those_of_rliable_on_the_study(self):
        whole, half = groups(self.study)
        self.assertEqual((whole.name, half.name, half.environments), ("all 3 tasks", "easy half", ["task-0"]))
        found = compare(self.study, whole)
        matrices = {agent: np.stack(final_scores(self.study, whole, agent), axis=1) for agent in whole.agents}
        self.assertEqual(matrices["agent-0"].shape, (4, 3))
        for agent, matrix in matrices.items():
            self.assertAlmostEqual(found.estimates[agent]["iqm"].value, float(metrics.aggregate_iqm(matrix)))
        self.assertEqual(list(found.improvement), ["agent-0", "agent-1"])
        wanted = metrics.probability_of_improvement(matrices["agent-0"], matrices["agent-2"])
        self.assertAlmostEqual(found.improvement["agent-0"].value, float(wanted))
        self.assertGreater(found.ratios["agent-0"].value, 1)
        self.assertEqual(found.interval, "bootstrap interval (about 87 %)")

    def test_curves_are_at_equal_shares_of_the_budget(self):
        whole = groups(self.study)[0]
        shares = evaluation_shares(self.study, whole)
        np.testing.assert_allclose(shares, np.linspace(0, 1, 21))
        curves = score_curves(self.study, whole, "agent-1", shares)
        for curve, last in zip(curves, final_scores(self.study, whole, "agent-1")):
            self.assertEqual(curve.shape, (4, 21))
            np.testing.assert_array_equal(curve[:, -1], last)

    def test_shares_that_are_no_round_numbers_are_of_their_own_evaluation(self):
        described = json.loads((self.folder / "study.json").read_text())
        with tempfile.TemporaryDirectory() as folder:
            for path in self.folder.iterdir():
                if path.is_dir():
                    (Path(folder) / path.name).symlink_to(path)
            described["runs"] = [{**run, "steps": 10_500} for run in described["runs"]]  # 500 / 10,500 is a periodic fraction
            (Path(folder) / "study.json").write_text(json.dumps(described))
            study = load_study(folder)
            whole = groups(study)[0]
            curves = score_curves(study, whole, "agent-0", evaluation_shares(study, whole))
        run = study.select("task-0", "agent-0")[0]
        np.testing.assert_allclose(curves[0][0, :21], study.scales["task-0"].normalize(run.evaluation_means))

    def test_an_agent_without_some_of_the_tasks_is_left_out_by_name(self):
        described = json.loads((self.folder / "study.json").read_text())
        described["runs"] = [run for run in described["runs"]
                             if (run["environment"], run["agent"]) != ("task-2", "agent-1")]
        described["figures"]["scores"].pop("task-1")
        described["thresholds"].pop("task-1")
        with tempfile.TemporaryDirectory() as folder:
            for path in self.folder.iterdir():
                if path.is_dir():
                    (Path(folder) / path.name).symlink_to(path)
            (Path(folder) / "study.json").write_text(json.dumps(described))
            study = load_study(folder)
            found = aggregate_table.comparisons(study)
            text = aggregate_table.text_table(study, found)
        wanted = [["agent-0", "agent-2"], ["agent-0", "agent-1", "agent-2"]]
        self.assertEqual([comparison.group.agents for comparison in found], wanted)
        self.assertIn("all 2 tasks: without agent-1, which have no runs in some of the tasks", text)
        self.assertIn("no aggregate has task-1", text)
        self.assertIn("Fast agent", text)

    def test_unfinished_seeds_are_censored_where_they_stand(self):
        with tempfile.TemporaryDirectory() as folder:
            study = load_study(write_study(Path(folder) / "s", cut={("Pendulum-v1", "sac", 1): 1500}))
        sample = arrivals(study.select("Pendulum-v1", "sac"), -200.0)
        self.assertEqual((sample.steps[1], bool(sample.reached[1])), (1000.0, False))
        self.assertTrue(sample.reached[[0, 2]].all())

    def test_updates_and_seconds(self):
        with tempfile.TemporaryDirectory() as folder:
            write_study(Path(folder) / "s", seeds=1)
            write_manifests(Path(folder) / "s")
            study = load_study(Path(folder) / "s")
            run = study.select("Pendulum-v1", "sac")[0]
            np.testing.assert_array_equal(run.updates_at(np.array([0, 500, 700])), [0, 0, 1000])
            np.testing.assert_allclose(run.seconds_at(np.array([0, 500, 2000])), [0, 3, 12])
            self.assertIsNone(study.select("Pendulum-v1", "pets")[0].updates_at(np.array([1])))


if __name__ == "__main__":
    unittest.main()
