import importlib.util
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parent))
from foresight.load import load_run
from foresight.tables import StudyError
from foresight.tensorboard import EventWriter, export, scalars
from synthetic_study import write_manifests, write_study

READY = all(importlib.util.find_spec(name) for name in ("tensorboard", "tensorboardX"))


@unittest.skipUnless(READY, "TensorBoard is not installed (requirements-tools.txt)")
class Events(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.folder, self.out = Path(directory.name) / "study", Path(directory.name) / "events"
        write_study(self.folder, seeds=1)
        write_manifests(self.folder)

    def read(self, folder: Path) -> dict[str, list[tuple[int, float, float]]]:
        """By TensorBoard's own reader: tag to step, value and time."""
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

        accumulator = EventAccumulator(str(folder), size_guidance={"scalars": 0})
        accumulator.Reload()
        return {tag: [(event.step, event.value, event.wall_time) for event in accumulator.Scalars(tag)]
                for tag in accumulator.Tags()["scalars"]}

    def test_hold_every_number_of_the_tables(self):
        written = export(self.folder, self.out)
        self.assertEqual(len(written), 4)
        for folder, count in written:
            environment, agent, seed = folder.parts[-3:]
            run = load_run(self.folder / environment / agent / seed)
            wanted: dict[str, list[tuple[int, float]]] = {}
            for tag, step, value in scalars(run):
                wanted.setdefault(tag, []).append((step, value))
            found = self.read(folder)
            self.assertEqual(set(found), set(wanted))
            self.assertIn("training/loss", found)
            self.assertEqual(sum(map(len, found.values())), count)
            for tag, events in found.items():
                self.assertEqual([step for step, *_ in events], [step for step, _ in wanted[tag]])
                for (_, value, _), (_, other) in zip(events, wanted[tag]):
                    self.assertAlmostEqual(value, other, delta=1e-6 * abs(other) + 1e-9)
        times = [time for _, _, time in found["evaluation/return"]]
        self.assertAlmostEqual(times[-1] - times[0], run.wall_seconds, places=3)

    def test_following_appends_only_what_is_new(self):
        folder = self.folder / "Pendulum-v1" / "sac" / "seed-0"
        path = folder / "evaluations.csv"
        lines = path.read_text().splitlines(keepends=True)
        path.write_text("".join(lines[:4]))
        writer = EventWriter(self.out)
        first = writer.write(load_run_unchecked(folder))
        path.write_text("".join(lines))
        second = writer.write(load_run(folder))
        writer.close()
        self.assertGreater(first, 0)
        self.assertEqual(second, 10)
        self.assertEqual(len(self.read(self.out)["evaluation/return"]), 11)

    def test_refuses_a_folder_that_has_events(self):
        export(self.folder, self.out)
        with self.assertRaisesRegex(StudyError, "has event files already"):
            export(self.folder, self.out)


def load_run_unchecked(folder: Path):
    """The run as it was before it had finished."""
    path = folder / "manifest.json"
    text = path.read_text()
    path.write_text(text.replace('"finished"', '"running"'))
    run = load_run(folder)
    _ = run.episodes, run.training, run.timing
    path.write_text(text)
    return run


if __name__ == "__main__":
    unittest.main()
