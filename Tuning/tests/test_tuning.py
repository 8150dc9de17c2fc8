import csv
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

import yaml

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from tuning.plan import TuningError, load_plan
from tuning.runs import interquartile_mean, read_curve, rungs, score

PLAN = """
name: fake
agent: fake
environment: Known-v0
steps: 400
seeds: 2
trials: 12
rungs: 2
sampler_seed: 3
settings: {evaluation.interval: 100, fixed: 1}
search:
  x: {low: 0.0, high: 10.0, also: z}
  y: [0, 5]
start: [{x: 9.0, y: 5}]
"""


class Folder(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.folder = Path(directory.name)
        self.program = self.folder / "foresight"
        self.program.write_text(f"#!/bin/sh\nexec {sys.executable} {HERE / 'fake_foresight.py'} \"$@\"\n")
        self.program.chmod(0o755)

    def write(self, text: str) -> Path:
        path = self.folder / "tune.yaml"
        path.write_text(text)
        return path

    def command(self, *arguments) -> list[str]:
        return [sys.executable, str(HERE.parent / "tune.py"), str(self.folder / "tune.yaml"), "--out", str(self.folder / "out"),
                "--program", str(self.program), *arguments]

    def tune(self, *arguments, **variables) -> subprocess.CompletedProcess:
        return subprocess.run(self.command(*arguments), capture_output=True, text=True, env={**os.environ, **variables})

    def trials(self) -> list[dict[str, str]]:
        with (self.folder / "out" / "trials.csv").open(newline="") as file:
            return list(csv.DictReader(file))


class Numbers(Folder):
    def test_scores(self):
        curve = [(0, -10.0), (100, -6.0), (300, 0.0)]
        self.assertEqual(score(curve, "final", 300), 0)
        self.assertEqual(score(curve, "final", 200), -6)
        self.assertAlmostEqual(score(curve, "area", 300), (-8 * 100 - 3 * 200) / 300)
        self.assertEqual(interquartile_mean([5.0, -100.0, 1.0, 3.0]), 2)

    def test_only_whole_lines_count(self):
        (self.folder / "evaluations.csv").write_bytes(
            b"environment_steps,episode,return\r\n0,0,1\r\n0,1,3\r\n100,0,7\r\n100,1,9999")
        self.assertEqual(read_curve(self.folder), [(0, 2), (100, 7)])
        (self.folder / "evaluations.csv").write_bytes(b"environment_steps,episode,return\r\n0,0,x\r\n")
        with self.assertRaisesRegex(TuningError, "evaluations.csv:2: expected a count"):
            read_curve(self.folder)

    def test_rungs_are_multiples_of_the_interval(self):
        plan = load_plan(self.write(PLAN.replace("steps: 400", "steps: 5000").replace("rungs: 2", "rungs: 4")))
        self.assertEqual(rungs(plan, 500), [1000, 2500, 4000, 5000])
        self.assertEqual(rungs(plan, 10_000), [5000])


class Mistakes(Folder):
    def test_they_are_named(self):
        for wrong, words in [
            ("steps: 400", "'steps' is missing"), ("high: 10.0", "search.x.high: expected a number"),
            ("low: 0.0, high: 10.0", "low must be less than high"), ("trials: 12", "trials = 0: must be a whole number"),
            ("name: fake", "unknown key 'nam'"), ("x: 9.0", "x: 99.0 is not between 0 and 10"),
            ("seeds: 2", "seed 1000 is one"),
        ]:
            right = {"steps: 400": "", "high: 10.0": "high: ten", "low: 0.0, high: 10.0": "low: 1.0, high: 1.0",
                     "trials: 12": "trials: 0", "name: fake": "nam: fake", "x: 9.0": "x: 99.0", "seeds: 2": "seeds: [1000]"}
            self.write(PLAN.replace(wrong, right[wrong]))
            done = self.tune()
            self.assertEqual(done.returncode, 64)
            self.assertIn(words, done.stderr)


class Search(Folder):
    def test_it_finds_better_settings_and_says_so(self):
        self.write(PLAN)
        done = self.tune()
        self.assertEqual(done.returncode, 0, done.stderr)
        trials = self.trials()
        self.assertEqual(len(trials), 12)
        self.assertEqual((trials[0]["x"], trials[0]["y"]), ("9.0", "5"))
        states = [trial["state"] for trial in trials]
        self.assertIn("pruned", states)
        pruned = trials[states.index("pruned")]
        self.assertEqual(pruned["steps"], "200")
        # a pruned trial's runs were never brought beyond the rung
        calls = (self.folder / "out" / "runs" / "Known-v0" / pruned["trial"] / "seed-0" / "calls").read_text().splitlines()
        self.assertEqual([line.split()[0] for line in calls], ["200"])
        best = max((trial for trial in trials if trial["state"] == "complete"), key=lambda trial: float(trial["value"]))
        self.assertGreater(float(best["value"]), float(trials[0]["value"]) + 10)
        study = yaml.safe_load((self.folder / "out" / "best.yaml").read_text())
        tuned = study["agents"]["tuned"]["settings"]
        self.assertEqual((tuned["x"], tuned["z"], tuned["fixed"]), (float(best["x"]), float(best["x"]), 1))
        self.assertEqual((study["seeds"][0], study["steps"], study["settings"]), (1000, 400, {"evaluation.interval": 100}))
        self.assertEqual(study["agents"]["default"], {"agent": "fake", "settings": {"fixed": 1}})

    def test_the_same_command_does_nothing_more_and_another_search_is_refused(self):
        self.write(PLAN.replace("trials: 12", "trials: 2"))
        self.assertEqual(self.tune("--storage", "sqlite").returncode, 0)
        self.assertEqual(self.tune("--storage", "sqlite").returncode, 0)
        self.assertEqual(len(self.trials()), 2)
        self.assertEqual(self.tune("--trials", "3", "--storage", "sqlite").returncode, 0)
        self.assertEqual(len(self.trials()), 3)
        self.assertIn("the other --storage", self.tune().stderr)
        self.write(PLAN.replace("high: 10.0", "high: 11.0"))
        self.assertIn("another search", self.tune("--storage", "sqlite").stderr)

    def test_failed_runs_fail_their_trial_alone(self):
        self.write(PLAN.replace("low: 0.0", "low: -10.0").replace("trials: 12", "trials: 8"))
        done = self.tune()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("failed: seed 0: x is below 0", done.stdout)
        self.assertEqual({trial["state"] for trial in self.trials()} - {"pruned"}, {"complete", "fail"})

    def test_workers_share_a_search_and_a_dead_ones_trial_is_taken_over(self):
        self.write(PLAN.replace("trials: 12", "trials: 6"))
        variables = {**os.environ, "FAKE_SECONDS": "30"}
        worker = subprocess.Popen(self.command(), env=variables, stdout=subprocess.DEVNULL)
        calls = self.folder / "out" / "runs" / "Known-v0" / "trial-0000" / "seed-0" / "calls"
        deadline = time.monotonic() + 60
        while not calls.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        worker.send_signal(signal.SIGKILL)
        worker.wait()
        workers = [subprocess.Popen(self.command(), stdout=subprocess.PIPE, text=True) for _ in range(2)]
        said = [process.communicate()[0] for process in workers]
        self.assertEqual([process.returncode for process in workers], [0, 0])
        self.assertIn("1 trials of workers that are gone are queued again", said[0] + said[1])
        self.assertEqual(self.tune("--report").returncode, 0)
        trials = self.trials()
        labels = [trial["trial"] for trial in trials if trial["state"] in ("complete", "pruned")]
        self.assertEqual(len(labels), len(set(labels)))
        self.assertIn("trial-0000", labels)
        # two workers may both begin a last trial
        self.assertIn(len(labels), (6, 7))

    def test_a_signal_saves_and_the_same_command_continues(self):
        self.write(PLAN.replace("trials: 12", "trials: 2"))
        worker = subprocess.Popen(self.command(), env={**os.environ, "FAKE_SECONDS": "30"}, stdout=subprocess.DEVNULL)
        calls = self.folder / "out" / "runs" / "Known-v0" / "trial-0000" / "seed-0" / "calls"
        deadline = time.monotonic() + 60
        while not calls.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        worker.send_signal(signal.SIGTERM)
        self.assertEqual(worker.wait(), 128 + signal.SIGTERM)
        self.assertEqual(self.tune().returncode, 0)
        labels = [trial["trial"] for trial in self.trials() if trial["state"] != "fail"]
        self.assertEqual(len(labels), 2)
        self.assertIn("trial-0000", labels)


if __name__ == "__main__":
    unittest.main()
