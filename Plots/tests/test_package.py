import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

PLOTS = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PLOTS))
sys.path.insert(0, str(PLOTS / "tests"))
from foresight.figures import learning_curve
from foresight.load import load_study
from foresight.scores import known_scales
from foresight.style import save
from synthetic_study import write_study, write_wide_study


class Package(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.folder = Path(directory.name)

    def test_installs_and_reads_a_study_from_elsewhere(self):
        source = self.folder / "source"  # building leaves files behind
        shutil.copytree(PLOTS, source, ignore=shutil.ignore_patterns("tests", "*.ipynb", "__pycache__"))
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--target",
                   self.folder / "site", source]
        done = subprocess.run(command, capture_output=True, text=True, cwd=self.folder)
        self.assertEqual(done.returncode, 0, done.stderr)
        write_study(self.folder / "study", seeds=1)
        code = ("import foresight, foresight.report, foresight.scores; print(foresight.__file__); "
                "s = foresight.load_study('study'); print(len(s.runs), len(foresight.scores.known_scales()) > 5, "
                "len(foresight.report.render(s, figures=[])) > 1000)")
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=self.folder,
                              env={"PYTHONPATH": str(self.folder / "site"), "PATH": ""})
        self.assertEqual(done.returncode, 0, done.stderr)
        place, facts = done.stdout.splitlines()
        self.assertTrue(place.startswith(str(self.folder / "site")))
        self.assertEqual(facts, "4 True True")

    def test_a_pdf_has_its_fonts_in_it(self):
        study = load_study(write_study(self.folder / "study", seeds=1))
        save(learning_curve(study, "Pendulum-v1"), self.folder / "a.pdf")
        content = (self.folder / "a.pdf").read_bytes()
        fonts = re.findall(rb"/FontDescriptor /FontName", content) + re.findall(rb"/Type /FontDescriptor", content)
        self.assertTrue(fonts)
        self.assertEqual(len(re.findall(rb"/Type /FontDescriptor", content)), len(re.findall(rb"/FontFile2 ", content)))
        self.assertNotIn(b"/Subtype /Type3", content)

    def test_names_and_colours_of_the_study(self):
        study = load_study(write_wide_study(self.folder / "wide", tasks=1, agents=3, seeds=2, episodes=3))
        figure = learning_curve(study, "task-0")
        labels = {text.get_text() for text in figure.axes[0].texts}
        self.assertEqual(labels, {"Fast agent", "agent-1", "agent-2"})

    def test_known_scores_are_in_order(self):
        for name, scale in known_scales().items():
            self.assertLess(scale.random, scale.reference, name)
            self.assertEqual((scale.normalize(scale.random), scale.normalize(scale.reference)), (0, 1))


if __name__ == "__main__":
    unittest.main()
