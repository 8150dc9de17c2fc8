import csv
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import numpy as np

PLOTS = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PLOTS))
sys.path.insert(0, str(PLOTS / "tests"))
from foresight.local_models import (
    ELLIPSE_DEVIATIONS,
    gain_figure,
    iteration_figure,
    load_local_run,
    policy_figure,
    trajectory_figure,
    write_local_figures,
)
from foresight.measures import Goal, format_measures, parse_goal, summarize_measures
from foresight.tables import StudyError
from synthetic_study import write_csv, write_study

COLUMNS = [
    "environment_steps", "iteration", "condition", "trajectories", "cost", "cost_least", "cost_largest",
    "expected_cost", "predicted_improvement", "actual_improvement", "kl_bound", "kl", "eta", "eta_low", "eta_high",
    "backward_passes", "fit_log_likelihood", "outcome",
]
COVARIANCE = np.array([[4.0, 1.0], [1.0, 2.0]])
HORIZON, ITERATIONS, CONDITIONS = 6, 3, 2


def write_run(folder: Path, policy: bool = False, details: bool = True) -> Path:
    """A run of two conditions, three iterations, two state components and one action; the second update of condition 1
    fails."""
    folder.mkdir(parents=True)
    iterations, trajectories = [], []
    for iteration in range(ITERATIONS):
        steps = (iteration + 1) * 10 * HORIZON
        for condition in range(CONDITIONS):
            cost, failed = 100.0 / 10**iteration + condition, (iteration, condition) == (1, 1)
            gains = ["", ""] if iteration == 0 else [cost / 2, cost / 3]
            update = ["", "", "", "", ""] if failed else [4.0, 0.1, 0.01, 1.0, 5]
            row = [steps, iteration, condition, 5, cost, cost / 2, cost * 2, cost * 1.1, *gains, 0.7, *update, 3.5]
            row.append("not-positive-definite" if failed else "updated")
            iterations.append(row + ([0.5 / (iteration + 1), 0.01] if policy else []))
            for time in range(HORIZON + 1):
                acting = time < HORIZON
                trajectories.append([
                    steps, iteration, condition, time, *([1.0, 0.1, 0.2] if acting else ["", "", ""]),
                    float(time), float(condition), 4.0, 1.0, 2.0,
                    *([0.5 * time, -1.0, -2.0, 0.25, 0.1] if acting else [""] * 5),
                ])
    write_csv(folder / "agent-iterations.csv", COLUMNS + (["policy_kl", "policy_weight"] if policy else []), iterations)
    if details:
        names = [
            "environment_steps", "iteration", "condition", "time", "fit_log_likelihood", "kl", "eta", "state_0", "state_1",
            "state_covariance_0_0", "state_covariance_1_0", "state_covariance_1_1", "action_0", "gain_0_0", "gain_0_1",
            "offset_0", "deviation_0",
        ]
        write_csv(folder / "agent-trajectories.csv", names, trajectories)
    episodes = [[(index + 1) * HORIZON, index, -float(index), HORIZON, "truncated", 0] for index in range(30)]
    write_csv(folder / "episodes.csv", ["environment_steps", "episode", "return", "length", "ending", "clipped_actions"],
              episodes)
    evaluations = [[steps, episode, -90.0 / (1 + steps), HORIZON] for steps in (0, 60, 120, 180) for episode in (0, 1)]
    write_csv(folder / "evaluations.csv", ["environment_steps", "episode", "return", "length"], evaluations)
    return folder


class Folder(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.folder = Path(directory.name) / "run"


class LocalModels(Folder):
    def test_iterations(self):
        figure = iteration_figure(load_local_run(write_run(self.folder)))
        costs, divergence, multiplier, improvement = figure.axes
        lines = [line for line in costs.lines if line.get_label() == "condition 1"]
        np.testing.assert_allclose(lines[0].get_ydata(), [101, 11, 2])
        failed = [line for line in costs.lines if line.get_gid() == "failed"]
        self.assertEqual([list(line.get_xdata()) for line in failed], [[], [1]])
        bounds = [line for line in divergence.lines if line.get_gid() == "bound"]
        np.testing.assert_allclose(bounds[0].get_ydata(), [0.7 * HORIZON] * ITERATIONS)
        self.assertEqual((multiplier.get_yscale(), improvement.get_yscale()), ("log", "symlog"))

    def test_bound_needs_the_horizon(self):
        run = load_local_run(write_run(self.folder, details=False))
        self.assertEqual([line for line in iteration_figure(run).axes[1].lines if line.get_gid() == "bound"], [])
        self.assertIsNone(trajectory_figure(run))
        self.assertIsNone(gain_figure(run))

    def test_ellipses_are_level_sets(self):
        figure = trajectory_figure(load_local_run(write_run(self.folder)))
        self.assertEqual(len(figure.axes), ITERATIONS)
        self.assertEqual(len(figure.axes[0].patches), CONDITIONS * (HORIZON + 1))
        ellipse = figure.axes[0].patches[3]
        np.testing.assert_allclose(ellipse.center, [3, 0])
        angle = np.radians(ellipse.angle)
        for turn in np.linspace(0, 2 * np.pi, 9):
            along = ellipse.width / 2 * np.cos(turn) * np.array([np.cos(angle), np.sin(angle)])
            across = ellipse.height / 2 * np.sin(turn) * np.array([-np.sin(angle), np.cos(angle)])
            point = along + across
            self.assertAlmostEqual(point @ np.linalg.solve(COVARIANCE, point), ELLIPSE_DEVIATIONS**2)

    def test_components_are_checked(self):
        with self.assertRaisesRegex(StudyError, "no component 7"):
            trajectory_figure(load_local_run(write_run(self.folder)), 0, 7)

    def test_gains(self):
        figure = gain_figure(load_local_run(write_run(self.folder)), condition=1)
        gains, plan = figure.axes
        np.testing.assert_allclose(gains.lines[1].get_ydata()[:-1], [-2.0] * HORIZON)
        np.testing.assert_allclose(plan.lines[0].get_ydata()[:-1], 0.5 * np.arange(HORIZON))
        with self.assertRaisesRegex(StudyError, "no condition 5"):
            gain_figure(load_local_run(self.folder), condition=5)

    def test_policy_against_teachers(self):
        self.assertIsNone(policy_figure(load_local_run(write_run(self.folder / "plain"))))
        figure = policy_figure(load_local_run(write_run(self.folder / "guided", policy=True)))
        teachers, policy = figure.axes[0].lines
        # ten episodes an iteration, the first ten costing 0 to 9
        np.testing.assert_allclose(teachers.get_xydata(), [[60, 4.5], [120, 14.5], [180, 24.5]])
        np.testing.assert_allclose(policy.get_ydata(), [90, 90 / 61, 90 / 121, 90 / 181])
        np.testing.assert_allclose(figure.axes[1].lines[1].get_ydata(), [0.5, 0.25, 0.5 / 3])

    def test_files_and_errors_of_the_command(self):
        write_run(self.folder, policy=True)
        paths = write_local_figures(load_local_run(self.folder), self.folder / "figures", "svg")
        self.assertEqual([path.stem for path in paths], ["iterations", "trajectories", "gains", "policy"])
        first = [path.read_bytes() for path in paths]
        again = write_local_figures(load_local_run(self.folder), self.folder / "again", "svg")
        self.assertEqual(first, [path.read_bytes() for path in again])
        (self.folder / "agent-iterations.csv").write_text("iteration,cost\r\n1,2\r\n")
        done = subprocess.run([sys.executable, PLOTS / "local_models.py", self.folder], capture_output=True, text=True)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"^error: .*agent-iterations.csv:1: the header lacks environment_steps, condition")
        with self.assertRaisesRegex(StudyError, "not a run with local models"):
            load_local_run(self.folder / "figures")


class Measures(Folder):
    def write(self) -> Path:
        write_study(self.folder)
        for seed in range(3):
            path = self.folder / "Pendulum-v1" / "sac" / f"seed-{seed}" / "evaluations.csv"
            with path.open(newline="") as file:
                rows = list(csv.reader(file))
            # an evaluation's mean distance halves with each, from 1 + seed on
            steps = sorted({int(row[0]) for row in rows[1:]})
            rows = [rows[0] + ["final_distance"]] + [
                row + [(1 + seed) * 0.5 ** steps.index(int(row[0]))] for row in rows[1:]]
            write_csv(path, rows[0], rows[1:])
        self.steps = steps
        return self.folder

    def test_summary(self):
        rows = summarize_measures(self.write(), [parse_goal("final_distance<=0.5")])
        self.assertEqual([(row.environment, row.agent, row.measure) for row in rows],
                         [("Pendulum-v1", "sac", "final_distance")])
        last = 0.5 ** (len(self.steps) - 1)
        np.testing.assert_allclose(rows[0].finals, [last, 2 * last, 3 * last])
        self.assertEqual(rows[0].arrivals, [self.steps[1], self.steps[2], self.steps[3]])
        text = format_measures(rows)
        self.assertIn(f"{self.steps[2]:,} (3/3 seeds)", text)
        self.assertIn("final_distance <= 0.5", text)

    def test_folders_are_those_that_the_study_names(self):
        folder = self.write()
        before = summarize_measures(folder, [])
        (folder / "Pendulum-v1").rename(folder / "tasks_Pendulum-v1")
        for name in ("study.json", "results.csv"):
            text = (folder / name).read_text().replace("Pendulum-v1/", "tasks_Pendulum-v1/")
            (folder / name).write_text(re.sub(r"Pendulum-v1(?=[\",\]])", "tasks:Pendulum-v1", text))
        after = summarize_measures(folder, [])
        self.assertEqual([row.environment for row in after], ["tasks:Pendulum-v1"])
        self.assertEqual([row.finals for row in after], [row.finals for row in before])

    def test_goals(self):
        self.assertEqual(parse_goal("success>=0.8"), Goal("success", 0.8, False))
        self.assertTrue(parse_goal("success>=0.8").is_met(0.8))
        for text in ("success=1", "success<=much", ">=1"):
            with self.assertRaisesRegex(StudyError, "is no goal"):
                parse_goal(text)

    def test_studies_without_measures(self):
        write_study(self.folder)
        with self.assertRaisesRegex(StudyError, "measure nothing"):
            summarize_measures(self.folder, [])

    def test_bad_cells_are_named(self):
        self.write()
        path = self.folder / "Pendulum-v1" / "sac" / "seed-1" / "evaluations.csv"
        path.write_text(path.read_text().replace("1.0", "far", 1))
        with self.assertRaisesRegex(StudyError, "must be a finite number"):
            summarize_measures(self.folder, [])


if __name__ == "__main__":
    unittest.main()
