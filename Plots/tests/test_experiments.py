import csv
import io
import json
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import numpy as np

PLOTS = Path(__file__).resolve().parents[1]
EXPERIMENTS = PLOTS.parent / "Experiments"
sys.path.insert(0, str(PLOTS))
sys.path.insert(0, str(PLOTS / "tests"))
from foresight.experiments import TABLE_BEGINS, TABLE_ENDS, keep_runs, with_table, write_summary
from foresight.figures import value_accuracy
from foresight.load import load_study
from foresight.measures import parse_goal, summarize_measures
from foresight.table import format_table, summarize, write_table
from foresight.tables import StudyError
from synthetic_study import write_csv, write_study

TABULAR = {"dyna-maze", "blocking-maze", "cliff-walking", "maximization-bias", "random-walk"}
"""Studies without evaluations, whose tables scripts of their own make."""
PLAN = """
name: demo
environments: [cart-pole-swing-up, Pendulum-v1]
agents: {pets: {steps: 2000}, sac: {steps: 10000}}
seeds: 3
thresholds: {cart-pole-swing-up: 150, Pendulum-v1: -200}
"""


class KeptStudy(unittest.TestCase):
    """A made-up study, before and after what is kept of it was taken from its runs."""

    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.results = write_study(Path(directory.name) / "results")
        for place, path in enumerate(sorted(self.results.glob("*/*/*/manifest.json"))):
            environment, agent, seed = path.parts[-4:-1]
            manifest = {"environment": environment, "agent": agent, "label": agent, "seed": int(seed[5:]),
                        "steps": 2000 if agent == "pets" else 10_000, "settings": {"rate": 1e-5, "place": place}}
            path.write_text(json.dumps(manifest, indent=2) + "\n")
        self.kept = Path(directory.name) / "kept"
        self.kept.mkdir()
        (self.kept / "study.yaml").write_text(PLAN)

    def test_has_the_same_table(self):
        before = format_table(summarize(load_study(self.results)))
        keep_runs(self.results, self.kept)
        self.assertEqual(before, format_table(summarize(load_study(self.kept))))
        self.assertIn("40.0 s", before)  # times are kept, too

    def test_variants_of_a_sweep_stand_in_the_place_of_their_agent(self):
        keep_runs(self.results, self.kept)
        kept = self.kept / "manifests.jsonl"
        runs = [json.loads(line) for line in kept.read_text().splitlines()]
        sac = [run for run in runs if run["label"] == "sac"]
        others = [run for run in runs if run["label"] != "sac"]
        for variant in ("sac-tau-0.02", "sac-tau-0.005"):
            others += [run | {"label": variant} for run in sac]
        kept.write_text("".join(json.dumps(run) + "\n" for run in others))
        agents = "agents: {sac: {sweep: {grid: {learner.tau: [0.02, 0.005]}}}, pets: {}}"
        (self.kept / "study.yaml").write_text(re.sub(r"agents: .*", agents, PLAN))
        self.assertEqual(load_study(self.kept).agents, ["sac-tau-0.02", "sac-tau-0.005", "pets"])

    def test_keeps_results_and_manifests_as_they_are(self):
        keep_runs(self.results, self.kept)
        self.assertEqual((self.kept / "results.csv").read_bytes(), (self.results / "results.csv").read_bytes())
        lines = (self.kept / "manifests.jsonl").read_text().splitlines()
        self.assertEqual(len(lines), 12)
        self.assertTrue(all('"rate": 1e-05' in line for line in lines))

    def test_keeps_the_last_evaluation_just_beyond_the_budget(self):
        """Where a step is several, runs end there; evaluations of a longer budget are not kept."""
        for path in (self.results / "Pendulum-v1").glob("pets/*/evaluations.csv"):
            rows = [[steps, 0, -150.0, 5] for steps in (0, 1002, 2004, 3006)]
            write_csv(path, ["environment_steps", "episode", "return", "length"], rows)
        keep_runs(self.results, self.kept)
        runs = load_study(self.kept).select("Pendulum-v1", "pets")
        self.assertEqual([(list(run.evaluation_steps), run.finished) for run in runs], [([0, 1002, 2004], True)] * 3)

    def test_keeps_what_environments_measured(self):
        for path in (self.results / "Pendulum-v1").glob("pets/*/evaluations.csv"):
            rows = [[0, 0, -900.0, 5, 0.5], [2000, 0, -150.0, 5, 0.25]]
            write_csv(path, ["environment_steps", "episode", "return", "length", "final_distance"], rows)
        goals = [parse_goal("final_distance<=0.3")]
        before = summarize_measures(self.results, goals)
        keep_runs(self.results, self.kept)
        self.assertEqual(before, summarize_measures(self.kept, goals))
        self.assertEqual([(row.agent, row.finals, row.arrivals) for row in before], [("pets", [0.25] * 3, [2000.0] * 3)])

    def test_keeps_and_draws_what_agents_expected(self):
        header = ["environment_steps", "episode", "return", "length", "predicted_value", "discounted_return", "success"]
        for path in (self.results / "Pendulum-v1").glob("*/*/evaluations.csv"):
            values = [5.0, 4.0, 8.0, 4.0] if "sac" in path.parts else [""] * 4
            rows = [[0, 0, -900.0, 5, *values[:2], 0], [2000, 0, -150.0, 5, *values[2:], 1]]
            write_csv(path, header, rows)
        keep_runs(self.results, self.kept)
        self.assertIn("return,success,predicted_value,discounted_return", (self.kept / "results.csv").read_text())
        for folder in (self.results, self.kept):
            study = load_study(folder)
            self.assertEqual([len(run.values) for run in study.select("Pendulum-v1", "pets")], [0, 0, 0])
            found = study.select("Pendulum-v1", "sac")[0]
            self.assertEqual(found.values["predicted_value"].tolist(), [5.0, 8.0])
            self.assertEqual(list(found.measured.columns), ["environment_steps", "success"])
            figure = value_accuracy(study, "Pendulum-v1")
            self.assertEqual([list(line.get_ydata()) for line in figure.axes[0].lines[:2]], [[5.0, 8.0], [4.0, 4.0]])
            self.assertIsNone(value_accuracy(study, "cart-pole-swing-up"))

    def test_makes_the_table_and_the_figures_that_the_page_shows(self):
        keep_runs(self.results, self.kept)
        page = self.kept / "README.md"
        page.write_text(f"# T\n\n{TABLE_BEGINS}\noutdated\n{TABLE_ENDS}\n\n![a](sample-efficiency.png)\n![b](other.png)\n")
        write_summary(self.kept)
        self.assertIn("| `Pendulum-v1` | `pets` | 3 | -200 |", page.read_text())
        self.assertNotIn("outdated", page.read_text())
        self.assertEqual([path.name for path in self.kept.glob("*.png")], ["sample-efficiency.png"])

    def test_times_between_are_on_a_line_where_the_whole_is_kept(self):
        keep_runs(self.results, self.kept)
        run = load_study(self.kept).select("Pendulum-v1", "sac")[0]
        np.testing.assert_allclose(run.seconds_at(np.array([0, 500, 10_000])), run.wall_seconds * np.array([0, 0.05, 1]))

    def test_refuses_what_is_not_finished_or_damaged(self):
        next(self.results.glob("*/*/*/manifest.json")).unlink()
        with self.assertRaisesRegex(StudyError, "no run yet"):
            keep_runs(self.results, self.kept)
        (self.kept / "manifests.jsonl").write_text('{"environment": "e"}\n')
        with self.assertRaisesRegex(StudyError, "manifests.jsonl: not the manifests"):
            load_study(self.kept)
        (self.kept / "manifests.jsonl").write_text('{}\n{"a"\n')
        with self.assertRaisesRegex(StudyError, "manifests.jsonl:2:5: not JSON"):
            load_study(self.kept)
        (self.kept / "study.yaml").write_text("name: [a\n")
        with self.assertRaisesRegex(StudyError, "study.yaml:2:1: not YAML"):
            load_study(self.kept)


class Committed(unittest.TestCase):
    """What lies in Experiments."""

    def test_tables_are_those_of_the_results(self):
        for path in sorted(EXPERIMENTS.glob("*/manifests.jsonl")):
            if path.parent.name in TABULAR:
                continue
            with self.subTest(study=path.parent.name):
                rows = summarize(load_study(path.parent))
                with tempfile.TemporaryDirectory() as folder:
                    write_table(rows, Path(folder) / "table.csv")
                    self.assertEqual((Path(folder) / "table.csv").read_bytes(), (path.parent / "table.csv").read_bytes())
                text = (path.parent / "README.md").read_text()
                if TABLE_BEGINS in text:
                    self.assertEqual(with_table(text, rows), text, "run Plots/collect.py")

    def test_every_study_has_its_files_and_stands_in_the_index(self):
        index = (EXPERIMENTS / "README.md").read_text()
        for folder in sorted(path.parent for path in EXPERIMENTS.glob("*/README.md")):
            with self.subTest(study=folder.name):
                self.assertIn(f"({folder.name}/README.md)", index)
                text = (folder / "README.md").read_text()
                self.assertIn("**Question.**", text)
                self.assertIn("**What it does not show.**", text)
                self.assertTrue((folder / "results.csv").exists() and (folder / "table.csv").exists())
                if (folder / "study.yaml").exists():
                    self.assertIn(f"foresight study run Experiments/{folder.name}/study.yaml\n", text)
                    self.assertTrue((folder / "manifests.jsonl").exists())
                figures = set(re.findall(r"!\[[^]]*\]\(([^)/]+)\)", text))
                self.assertEqual(figures, {path.name for path in folder.glob("*.png")})

    def test_tabular_tables_are_those_of_the_results(self):
        import episode_blocks
        import random_walk
        import tabular

        cases = [("dyna-maze", lambda folder: tabular.draw("steps", folder)),
                 ("blocking-maze", lambda folder: tabular.draw("rewards", folder)),
                 ("cliff-walking", lambda folder: episode_blocks.draw("return", folder)),
                 ("maximization-bias", lambda folder: episode_blocks.draw("left", folder)),
                 ("random-walk", random_walk.draw)]
        for name, draw in cases:
            with self.subTest(study=name), tempfile.TemporaryDirectory() as folder:
                for file in ("study.yaml", "manifests.jsonl", "results.csv"):
                    (Path(folder) / file).symlink_to(EXPERIMENTS / name / file)
                draw(Path(folder))
                self.assertEqual((Path(folder) / "table.csv").read_bytes(), (EXPERIMENTS / name / "table.csv").read_bytes())

    def test_gradient_variances_are_those_of_the_results(self):
        folder = EXPERIMENTS / "gradient-variance"
        with tempfile.TemporaryDirectory() as out:
            script = PLOTS / "gradient_variance.py"
            subprocess.run([sys.executable, script, folder / "results.csv", "--out", out], check=True, capture_output=True)
            for name in ("results.csv", "table.csv"):
                self.assertEqual((Path(out) / name).read_bytes(), (folder / name).read_bytes())
        rows = list(csv.DictReader(io.StringIO((folder / "table.csv").read_text())))
        self.assertEqual(len(rows), 24)


if __name__ == "__main__":
    unittest.main()
