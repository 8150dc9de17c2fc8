"""The commands of the first pages work as they are printed and in that order, with fewer steps and smaller networks."""

import os
import re
import shlex
import signal
import subprocess
import tempfile
import unittest
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = Path(os.environ.get("FORESIGHT_PROGRAM", ROOT / ".build/release/foresight"))
FENCE = re.compile(r"^```\w*\n(.*?)^```", re.MULTILINE | re.DOTALL)
SAVED = re.compile(r"Save this as `([^`]+)`:\s+```yaml\n(.*?)^```", re.MULTILINE | re.DOTALL)
STEPS = "400"
SMALL = {
    "train sac": ["agent.random_steps=200", "learner.hidden=[8]", "evaluation.episodes=2"],
    "train mbpo": ["agent.random_steps=200", "agent.updates=1", "learner.hidden=[8]", "model.hidden=[8]",
                   "model.weight_decay=[1e-5]", "model.epochs=1", "evaluation.episodes=2"],
    "train pets": ["planner.population=20", "planner.elites=4", "planner.iterations=1", "planner.horizon=3",
                   "model.hidden=[8,8]", "model.weight_decay=[1e-5]", "model.epochs=2", "evaluation.episodes=1"],
    "train ppo": ["agent.steps=200"],
    "train iql": ["learner.hidden=[8]"],
}
"""Settings that are added to commands which begin so."""
STUDY = """\
name: demo
environments: [cartpole-swingup, Pendulum-v1]
seeds: 1
settings: {evaluation.interval: 200, evaluation.episodes: 1}
thresholds: {Pendulum-v1: -200}
agents:
  pets-icem:
    steps: 210
    settings:
      planner: {horizon: 3, population: 20, elites: 4, iterations: 1}
      model: {hidden: [8], weight_decay: [1.0e-5], epochs: 2}
  sac: {steps: 400, settings: {learner.hidden: [8], agent.random_steps: 200}}
"""
"""Stands for the demo's study, with the same environments and agents."""


def commands(page: str) -> list[str]:
    """The program's commands in a page's blocks, without the remarks that follow two spaces or a hash."""
    text = (ROOT / page).read_text(encoding="utf-8")
    lines = [line for block in FENCE.findall(text) for line in block.splitlines()]
    return [re.split(r"\s{2,}|\s#", line)[0] for line in lines if line.startswith("foresight ")]


def small_study(text: str) -> str:
    """A printed study with one seed, fewer steps and smaller networks."""
    tree = yaml.safe_load(text)
    tree |= {"seeds": 1, "steps": int(STEPS)}
    for agent, part in tree["agents"].items():
        part["settings"] |= {key: yaml.safe_load(value) for key, value in
                             (setting.split("=") for setting in SMALL[f"train {agent}"])}
    return yaml.safe_dump(tree)


def shortened(command: str) -> list[str]:
    """The command's words with fewer steps and the settings that make it small."""
    words = shlex.split(command)
    if "--steps" in words:
        place = words.index("--steps") + 1
        words[place] = str(min(int(words[place]), int(STEPS)))
    elif words[1] == "train":
        words += ["--steps", STEPS]
    for setting in SMALL.get(" ".join(words[1:3]), []):
        words += ["--set", setting]
    if words[1:] == ["bench"]:
        words += ["sum-tree", "--windows", "1", "--seconds", "0.01"]
    return words


@unittest.skipUnless(PROGRAM.exists(), "the program is not built")
class Commands(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.folder = Path(directory.name)
        (self.folder / "programs").mkdir()
        (self.folder / "programs" / "foresight").symlink_to(PROGRAM)
        study = self.folder / "Experiments/demo/study.yaml"
        study.parent.mkdir(parents=True)
        study.write_text(STUDY)
        path = f"{self.folder / 'programs'}:{os.environ['PATH']}"
        (self.folder / "Examples").symlink_to(ROOT / "Examples")
        self.environment = {**os.environ, "PATH": path, "FORESIGHT_HOME": str(ROOT), "OPENBLAS_NUM_THREADS": "1"}

    def watch(self, words: list[str]) -> None:
        """Runs a command that goes on until it is ended, by Ctrl-C or, as a script's background job, which ignores that, by
        SIGTERM, once it has printed its address."""
        for interrupts, ending in ((signal.SIG_DFL, signal.SIGINT), (signal.SIG_IGN, signal.SIGTERM)):
            with subprocess.Popen(words, cwd=self.folder, env=self.environment, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, text=True,
                                  preexec_fn=lambda kept=interrupts: signal.signal(signal.SIGINT, kept)) as process:
                try:
                    self.assertIn("http://127.0.0.1:", process.stdout.readline())
                    process.send_signal(ending)
                    process.communicate(timeout=30)  # to the end of the pipe: what it has started has ended, too
                finally:
                    process.kill()

    def run_all(self, page: str) -> int:
        """Runs a page's commands one after the other; how many there are."""
        for name, text in SAVED.findall((ROOT / page).read_text(encoding="utf-8")):
            (self.folder / name).write_text(small_study(text))
        listed = commands(page)
        for command in listed:
            words = shortened(command)
            if words[1] == "watch":
                self.watch(words)
                continue
            done = subprocess.run(words, cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=120)
            self.assertEqual(done.returncode, 0, f"{shlex.join(words)}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
        return len(listed)

    def test_readme(self):
        self.assertGreater(self.run_all("README.md"), 15)

    def test_quick_start(self):
        self.assertGreater(self.run_all("Documentation/quick-start.md"), 10)

    def test_extending(self):
        self.assertEqual(self.run_all("Documentation/extending.md"), 3)


if __name__ == "__main__":
    unittest.main()
