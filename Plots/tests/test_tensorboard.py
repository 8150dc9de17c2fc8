import importlib.util
import json
import math
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parent))
from foresight.defaults import find_program
from foresight.load import EVALUATIONS, EVALUATIONS_ADDED, Run, load_run
from foresight.tables import NUMBER, read_table
from synthetic_study import write_manifests, write_study

PROGRAM = find_program()
READER = importlib.util.find_spec("tensorboard")


def scalars(run: Run) -> Iterator[tuple[str, int, float]]:
    """(tag, steps, value) of everything that a run's tables say, by pandas."""
    evaluations = read_table(run.folder / "evaluations.csv", EVALUATIONS, EVALUATIONS_ADDED, NUMBER)
    means = evaluations.groupby("environment_steps").mean().drop(columns=["episode", "decisions"], errors="ignore")
    for name in means.columns:
        yield from ((f"evaluation/{name}", int(step), float(value)) for step, value in means[name].dropna().items())
    episodes = run.episodes
    yield from (("training/return", int(step), float(value)) for step, value in
                zip(episodes["environment_steps"], episodes["return"]))
    for table, prefix in ((run.training, "training"), (run.timing, "timing")):
        for name in table.columns.drop("environment_steps"):
            rows = table[["environment_steps", name]].dropna()
            yield from ((f"{prefix}/{name}", int(step), float(value)) for step, value in rows.itertuples(index=False))


@unittest.skipUnless(PROGRAM and READER, "the program or TensorBoard is not there (make build; requirements-tools.txt)")
class Events(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.root = Path(directory.name)

    def read(self, folder: Path) -> dict[str, list[tuple[int, float, float]]]:
        """By TensorBoard's own reader: tag to step, value and time."""
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

        accumulator = EventAccumulator(str(folder), size_guidance={"scalars": 0})
        accumulator.Reload()
        return {tag: [(event.step, event.value, event.wall_time) for event in accumulator.Scalars(tag)]
                for tag in accumulator.Tags()["scalars"]}

    def assert_same(self, folder: Path, run: Run) -> dict[str, list[tuple[int, float, float]]]:
        """The events in `folder` are what the run's tables say; returns them."""
        wanted: dict[str, list[tuple[int, float]]] = {}
        for tag, step, value in scalars(run):
            wanted.setdefault(tag, []).append((step, value))
        found = self.read(folder)
        self.assertEqual(set(found) - {"training/length"}, set(wanted))
        for tag, values in wanted.items():
            self.assertEqual([step for step, *_ in found[tag]], [step for step, _ in values], tag)
            for (_, value, _), (_, other) in zip(found[tag], values):
                self.assertTrue(math.isclose(value, other, rel_tol=1e-6, abs_tol=1e-9), (tag, value, other))
        return found

    def foresight(self, *arguments, **options) -> subprocess.CompletedProcess:
        return subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True, timeout=120, **options)

    def test_of_a_study_hold_every_number_of_the_tables(self):
        study, out = self.root / "study", self.root / "events"
        write_study(study, seeds=1)
        write_manifests(study)
        for _ in range(2):  # the second time they take the place of the first
            done = self.foresight("export", "tensorboard", study, "--out", out)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertEqual(done.stdout.count(" values\n"), 4)
        for path in sorted(study.glob("*/*/seed-0")):
            run = load_run(path)
            found = self.assert_same(out / path.relative_to(study), run)
            times = [time for _, _, time in found["evaluation/return"]]
            self.assertEqual(times, sorted(times))
            self.assertAlmostEqual(times[-1] - times[0], run.wall_seconds, places=3)
            self.assertEqual(len(list((out / path.relative_to(study)).iterdir())), 1)

    def test_refused_without_a_run_and_beside_those_of_another_program(self):
        done = self.foresight("export", "tensorboard", self.root)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertRegex(done.stderr, r"^error: .* is neither a study's folder nor a run's .*\n$")
        write_study(self.root / "study", seeds=1)
        write_manifests(self.root / "study")
        out = self.root / "events"
        out.mkdir()
        (out / "events.out.tfevents.1.other").touch()
        done = self.foresight("export", "tensorboard", self.root / "study/Pendulum-v1/sac/seed-0", "--out", out)
        self.assertEqual(done.returncode, 1)
        self.assertIn("has event files of another program", done.stderr)

    def test_of_a_run_that_was_killed_are_those_of_a_studys_that_was_not(self):
        settings = {"agent.random_steps": 100, "agent.batch_size": 16, "learner.hidden": [8], "log.interval": 100,
                    "evaluation.interval": 200, "evaluation.episodes": 2, "checkpoint.interval": 150}
        study = {"name": "s", "environments": ["Pendulum-v1"], "agents": ["sac"], "seeds": 1, "steps": 3000,
                 "settings": settings}
        (self.root / "study.yaml").write_text(json.dumps(study))
        done = self.foresight("study", "run", self.root / "study.yaml", "--out", self.root / "whole", "--tensorboard")
        self.assertEqual(done.returncode, 0, done.stderr)
        arguments = ["train", "sac", "Pendulum-v1", "--steps", "3000", "--tensorboard", "--out", self.root / "killed"]
        arguments += [part for name, value in settings.items() for part in ("--set", f"{name}={value}")]
        one, other = (self.root / name / "Pendulum-v1/sac/seed-0" for name in ("whole", "killed"))
        process = subprocess.Popen([PROGRAM, *map(str, arguments)], stdout=subprocess.DEVNULL)
        table = other / "training.csv"
        for _ in range(2000):
            if process.poll() is not None or (table.exists() and table.read_bytes().count(b"\n") > 6):
                break
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        process.wait()
        done = self.foresight(*arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        found = [self.assert_same(folder, load_run(folder)) for folder in (one, other)]
        self.assertIn("training/critic_loss", found[0])
        for tag, events in found[0].items():
            if not tag.startswith("timing/"):
                self.assertEqual([event[:2] for event in events], [event[:2] for event in found[1][tag]], tag)
        self.assertEqual(len(list(other.glob("events.out.tfevents.*"))), 1)


if __name__ == "__main__":
    unittest.main()
