import json
import shutil
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parent))
from foresight.load import load_run, load_study
from foresight.tables import StudyError
from synthetic_study import write_wide_study

RUN = "task-0/agent-1/seed-0"


class Damage(unittest.TestCase):
    """What was cut or edited is refused with file, line and what was expected, and nothing of it is used."""

    @classmethod
    def setUpClass(cls):
        directory = tempfile.TemporaryDirectory()
        cls.addClassCleanup(directory.cleanup)
        cls.whole = write_wide_study(Path(directory.name) / "whole", tasks=2, agents=2, seeds=2, episodes=20)

    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.folder = Path(directory.name) / "study"
        shutil.copytree(self.whole, self.folder)

    def edit(self, name: str, change) -> None:
        path = self.folder / RUN / name if "/" not in name and name != "study.json" else self.folder / name
        lines = path.read_bytes().decode().splitlines(keepends=True)
        path.write_bytes("".join(change(lines)).encode())

    def refusal(self, look=None) -> str:
        with self.assertRaises(StudyError) as caught:
            (look or (lambda: load_study(self.folder)))()
        self.assertNotIn("\n", str(caught.exception))
        return str(caught.exception)

    def test_evaluations_cut_at_a_line(self):
        self.edit("evaluations.csv", lambda lines: lines[:31])
        wanted = f"{RUN}/evaluations.csv:31: the file ends at 4500 of 10000 steps, but its run is finished"
        self.assertIn(wanted, self.refusal())

    def test_a_run_without_evaluations_is_whole(self):
        self.edit("evaluations.csv", lambda lines: lines[:1])
        self.assertIn("evaluations.csv:1: the file has no rows", self.refusal())
        self.edit("manifest.json", lambda lines: [lines[0].replace('"interval": 500', '"interval": 500, "episodes": 0')])
        self.assertFalse(load_study(self.folder).select("task-0", "agent-1")[0].started)

    def test_evaluations_cut_within_an_evaluation(self):
        self.edit("evaluations.csv", lambda lines: lines[:31] + lines[32:])
        self.assertIn("evaluations.csv:32: episode must be 0, found 1", self.refusal())

    def test_an_evaluation_that_lacks_its_last_episode(self):
        self.edit("evaluations.csv", lambda lines: lines[:33] + lines[34:])
        self.assertIn("the evaluation after 5000 steps must have 3 episodes as the first one, found 2", self.refusal())

    def test_rows_in_another_order(self):
        self.edit("evaluations.csv", lambda lines: [lines[0], *lines[4:7], *lines[1:4], *lines[7:]])
        self.assertIn("evaluations.csv:5: environment_steps must not decrease: 0 after 500", self.refusal())

    def test_edited_numbers(self):
        for old, new, words in (("0,1,", "0,1,x", "return must be a finite number"), ("0,1,", "0,1,inf;", "a finite number"),
                                ("0,1,", "0,1,,", "4 cells wanted, 5 found"), ("0,1,", "0.5,1,", "a whole number")):
            with self.subTest(new=new):
                self.edit("evaluations.csv", lambda lines, o=old, n=new: [*lines[:2], n + lines[2].removeprefix(o), *lines[3:]])
                self.assertIn("evaluations.csv:3: ", message := self.refusal())
                self.assertIn(words, message)
                shutil.copy(self.whole / RUN / "evaluations.csv", self.folder / RUN / "evaluations.csv")

    def test_episodes_training_and_timing_when_they_are_used(self):
        run = self.folder / RUN
        self.edit("episodes.csv", lambda lines: lines[:5] + lines[6:])
        self.assertIn("episodes.csv:6: episode must be 4, found 5", self.refusal(lambda: load_run(run).episodes))
        self.edit("training.csv", lambda lines: [*lines[:2], "7,\n", lines[2].replace(",", ",?"), *lines[3:]])
        self.assertIn("training.csv:4: loss must be", self.refusal(lambda: load_run(run).training))
        self.edit("timing.csv", lambda lines: [*lines[:3], lines[3].replace(",", ";"), *lines[4:]])
        self.assertIn("timing.csv:4: 7 cells wanted", self.refusal(lambda: load_run(run).timing))
        self.edit("timing.csv", lambda lines: [*lines[:-1], lines[-1].replace(",0.1,", ",much,", 1)])
        self.assertIn("timing.csv:4:", self.refusal(lambda: load_run(run).timing))

    def test_manifest(self):
        path = self.folder / RUN / "manifest.json"
        text = path.read_text()
        path.write_text(text[:40])
        self.assertRegex(self.refusal(), r"manifest\.json:1:\d+: not JSON")
        path.write_text("[]")
        self.assertIn("manifest.json:1: a JSON object is expected, found list", self.refusal())
        path.write_text(json.dumps({**json.loads(text), "seed": 7}))
        self.assertIn("manifest.json: seed must be 0, as study.json says, found 7", self.refusal())

    def test_study(self):
        equal = {"scores": {"task-0": {"random": 1, "reference": 1}}}
        for key, value, words in (("runs", 3, "not a study's description"),
                                  ("thresholds", {"task-0": "high"}, "thresholds.task-0 must be a number, found"),
                                  ("figures", {"scores": {"task-9": {"random": 0}}}, "the study has no such environment"),
                                  ("figures", {"colors": {"agent-0": "red"}}, "six hexadecimal digits"),
                                  ("figures", {"colours": {}}, "figures.colours is unknown"),
                                  ("figures", equal, "two different finite numbers")):
            with self.subTest(words=words):
                described = json.loads((self.whole / "study.json").read_text())
                (self.folder / "study.json").write_text(json.dumps({**described, key: value}, indent=1))
                self.assertIn(words, self.refusal())

    def test_numbers_of_the_study_have_their_lines(self):
        described = json.loads((self.whole / "study.json").read_text())
        described["runs"][2]["seed"] = "2"
        path = self.folder / "study.json"
        path.write_text(json.dumps(described, indent=1))
        number = 1 + path.read_text().splitlines().index('   "seed": "2",')
        self.assertIn(f"study.json:{number}: runs.2.seed must be a whole number, found '2'", self.refusal())


if __name__ == "__main__":
    unittest.main()
