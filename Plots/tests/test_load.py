import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parent))
from foresight.load import load_study
from foresight.tables import NUMBER, OPTIONAL_NUMBER, WHOLE, StudyError, _read_numbers, read_columns
from synthetic_study import write_csv, write_study

PLOTS = Path(__file__).resolve().parents[1]
RUN = "Pendulum-v1/pets/seed-0"
EVALUATION_COLUMNS = ["environment_steps", "episode", "return", "length"]


class LoadStudy(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.folder = Path(directory.name) / "study"

    def assert_refused(self, *fragments: str) -> None:
        with self.assertRaises(StudyError) as caught:
            load_study(self.folder)
        message = str(caught.exception)
        self.assertNotIn("\n", message)
        for fragment in fragments:
            self.assertIn(fragment, message)

    def run_of(self, study, environment: str, agent: str, seed: int):
        return next(run for run in study.select(environment, agent) if run.seed == seed)

    def test_reads_every_run(self):
        study = load_study(write_study(self.folder))
        self.assertEqual(len(study.runs), 12)
        run = self.run_of(study, "Pendulum-v1", "pets", 0)
        self.assertEqual(list(run.evaluation_steps), list(range(0, 2001, 200)))
        self.assertEqual(len(run.episodes), 10)
        self.assertAlmostEqual(run.wall_seconds, 40.0)
        self.assertTrue(all(run.finished for run in study.runs))

    def test_averages_the_episodes_of_an_evaluation(self):
        write_study(self.folder)
        rows = [[0, 0, 1.0, 5], [0, 1, 3.0, 5], [100, 0, 10.0, 5], [100, 1, 30.0, 5]]
        write_csv(self.folder / RUN / "evaluations.csv", EVALUATION_COLUMNS, rows)
        run = self.run_of(load_study(self.folder), "Pendulum-v1", "pets", 0)
        np.testing.assert_array_equal(run.evaluation_means, [2, 20])

    def test_leaves_out_an_evaluation_still_running(self):
        write_study(self.folder)
        rows = [[0, 0, 1.0, 5], [0, 1, 3.0, 5], [100, 0, 10.0, 5]]
        write_csv(self.folder / RUN / "evaluations.csv", EVALUATION_COLUMNS, rows)
        run = self.run_of(load_study(self.folder), "Pendulum-v1", "pets", 0)
        self.assertEqual(list(run.evaluation_steps), [0])

    def test_marks_unfinished_runs(self):
        study = load_study(write_study(self.folder, cut={("Pendulum-v1", "sac", 1): 3500}))
        self.assertEqual([(run.environment, run.agent, run.seed) for run in study.runs if not run.finished],
                         [("Pendulum-v1", "sac", 1)])

    def test_a_budget_between_evaluations_is_finished(self):
        write_study(self.folder)
        description = json.loads((self.folder / "study.json").read_text())
        for run in description["runs"]:
            run["steps"] += 50
        (self.folder / "study.json").write_text(json.dumps(description))
        self.assertTrue(all(run.finished for run in load_study(self.folder).runs))

    def test_results_stand_in_for_absent_run_folders(self):
        before = load_study(write_study(self.folder))
        for path in sorted(self.folder.rglob("evaluations.csv")):
            path.unlink()
        after = load_study(self.folder)
        for left, right in zip(before.runs, after.runs):
            np.testing.assert_array_equal(left.evaluation_means, right.evaluation_means)

    def test_accepts_both_line_breaks_and_quoted_cells(self):
        write_study(self.folder)
        text = 'environment_steps,episode,return,length\r\n0,0,"1.5",5\r\n100,0,2.5e-1,5\r\n'
        (self.folder / RUN / "evaluations.csv").write_bytes(text.encode())
        run = self.run_of(load_study(self.folder), "Pendulum-v1", "pets", 0)
        np.testing.assert_array_equal(run.evaluation_means, [1.5, 0.25])

    def test_the_quick_reader_reads_what_the_careful_one_does(self):
        columns = {"steps": WHOLE, "a": NUMBER, "b": OPTIONAL_NUMBER, "c": OPTIONAL_NUMBER}
        random = np.random.default_rng(0)
        rows = [[int(random.integers(2**50)), random.normal() * 10.0 ** random.integers(-300, 300),
                 *("" if random.random() < 0.4 else random.normal() for _ in range(2))] for _ in range(200)]
        path = self.folder.with_suffix(".csv")
        for end in ("\r\n", "\n"):
            text = end.join([",".join(columns), *(",".join(map(str, row)) for row in rows)]) + end
            self.assertIsNotNone(_read_numbers(text.encode(), columns))
            path.write_bytes((text + "7,1.").encode())  # a line that is being written
            quick = read_columns(path, columns)
            path.write_bytes(text.replace("steps,", '"steps",', 1).encode())
            careful = read_columns(path, columns)
            for name in columns:
                self.assertEqual(quick[name].dtype, careful[name].dtype)
                np.testing.assert_array_equal(quick[name], careful[name])

    def test_the_quick_reader_leaves_all_else_to_the_careful_one(self):
        columns = {"steps": WHOLE, "a": NUMBER, "b": OPTIONAL_NUMBER}
        for row in ("1.0,2,3", "-1,2,3", "1,,3", "1,2", "1,2,3,4", "1,nan,3", "1,2,inf", "1,1e999,3", "1,2,x", "1, 2,3",
                    "1,2 ,3", '"1",2,3', "", "99999999999999999,2,3"):
            self.assertIsNone(_read_numbers(f"steps,a,b\n1,2,3\n{row}\n".encode(), columns), row)

    def test_accepts_episodes_without_the_columns_added_later(self):
        before = load_study(write_study(self.folder))
        for path in self.folder.glob("*/*/*/episodes.csv"):
            lines = path.read_text(encoding="utf-8").splitlines()
            path.write_text("".join(line.rsplit(",", 1)[0] + "\n" for line in lines), encoding="utf-8")
        for old, new in zip(before.runs, load_study(self.folder).runs, strict=True):
            self.assertTrue(len(new.episodes) > 0 and old.episodes.equals(new.episodes))

    def test_decisions_are_no_measure(self):
        write_study(self.folder)
        folder = self.folder / "Pendulum-v1" / "sac" / "seed-0"
        for name in ("episodes", "evaluations", "timing"):
            lines = (folder / f"{name}.csv").read_bytes().decode().splitlines()
            measure, value = (",final_distance", ",0.5") if name == "evaluations" else ("", "")
            lines = [lines[0] + measure + ",decisions", *(line + value + ",7" for line in lines[1:])]
            (folder / f"{name}.csv").write_bytes(("\r\n".join(lines) + "\r\n").encode())
        run = load_study(self.folder).select("Pendulum-v1", "sac")[0]
        self.assertEqual(list(run.measured.columns), ["environment_steps", "final_distance"])
        self.assertGreater(len(run.episodes), 0)
        self.assertIsNotNone(run.wall_seconds)

    def test_folders_are_those_that_the_study_names(self):
        """The folder of `tasks:NAME` has other characters than its name."""
        write_study(self.folder)
        (self.folder / "Pendulum-v1").rename(self.folder / "tasks_Pendulum-v1")
        description = json.loads((self.folder / "study.json").read_text())
        for run in description["runs"]:
            if run["environment"] == "Pendulum-v1":
                run.update(environment="tasks:Pendulum-v1", folder=run["folder"].replace("Pendulum", "tasks_Pendulum"))
        description["environments"] = [name.replace("Pendulum-v1", "tasks:Pendulum-v1") for name in description["environments"]]
        (self.folder / "study.json").write_text(json.dumps(description))
        for path in (self.folder / "tasks_Pendulum-v1").rglob("evaluations.csv"):
            lines = path.read_bytes().decode().splitlines()
            lines = [lines[0] + ",success,decisions", *(line + ",1,0" for line in lines[1:])]
            path.write_bytes(("\r\n".join(lines) + "\r\n").encode())
        result = subprocess.run(
            [sys.executable, PLOTS / "measures.py", self.folder, "--reach", "success>=1"], capture_output=True, text=True)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("tasks:Pendulum-v1", result.stdout)
        self.assertIn("success >= 1", result.stdout)
        self.assertNotIn("decisions", result.stdout)

    def test_a_reader_that_leaves_early_is_no_error(self):
        write_study(self.folder)
        command = f"{sys.executable} {PLOTS / 'plot.py'} {self.folder} --no-figures"
        for script in (command, f"{sys.executable} {PLOTS / 'measures.py'} --help"):
            result = subprocess.run(
                ["bash", "-c", f"set -o pipefail; {script} | (exec <&-; sleep 0.5)"], capture_output=True, text=True)
            self.assertEqual((result.returncode, result.stderr), (0, ""))

    def test_leaves_out_a_line_still_being_written(self):
        write_study(self.folder)
        text = "environment_steps,episode,return,length\n0,0,1.5,5\n100,0,2.5,5\n200,0,2."
        (self.folder / RUN / "evaluations.csv").write_text(text)
        run = self.run_of(load_study(self.folder), "Pendulum-v1", "pets", 0)
        self.assertEqual(list(run.evaluation_steps), [0, 100])

    def test_refuses_what_is_not_a_study(self):
        self.assert_refused("no such folder")
        self.folder.mkdir()
        self.assert_refused("not a study folder", "study.json")
        (self.folder / "study.json").write_text('{"study": "x",\n oops}')
        self.assert_refused("study.json:2:", "not JSON")
        (self.folder / "study.json").write_text('{"study": "x", "runs": []}')
        self.assert_refused("study.json", "'environments' is missing")

    def test_refuses_a_study_without_results(self):
        write_study(self.folder)
        for path in [*self.folder.rglob("evaluations.csv"), self.folder / "results.csv"]:
            path.unlink()
        self.assert_refused("no results yet", "12 runs")

    def test_names_the_file_and_line_of_bad_rows(self):
        write_study(self.folder)
        path = self.folder / RUN / "evaluations.csv"
        good = "environment_steps,episode,return,length\n0,0,1.5,5\n"
        cases = [
            ("steps,return\n", ":1: the header must be environment_steps,episode,return,length"),
            ("", ":1: the header must be"),
            (good + "100,0,2.5\n", ":3: 4 cells wanted, 3 found"),
            (good + "100,0,fast,5\n", ":3: return must be a finite number, found 'fast'"),
            (good + "100,0,nan,5\n", ":3: return must be a finite number, found 'nan'"),
            (good + "-1,0,2.5,5\n", ":3: environment_steps must be a whole number"),
            (good + "100,0,2.5,5\n200,0,2.5,\n", ":4: length must be a whole number"),
            (good + '100,0,"2.5,5\n', ":3: not a CSV file"),
        ]
        for text, message in cases:
            with self.subTest(message=message):
                path.write_text(text)
                self.assert_refused(f"{RUN}/evaluations.csv{message}")
        path.write_bytes(good.encode() + b"100,0,\xff,5\n")
        self.assert_refused("evaluations.csv:3: not UTF-8")


if __name__ == "__main__":
    unittest.main()
