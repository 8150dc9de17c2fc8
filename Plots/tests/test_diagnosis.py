import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from PIL import Image

PLOTS = Path(__file__).resolve().parents[1]

TABLES = {
    "likelihood.csv": ["component,error,scale,negative_log_likelihood,baseline", "0,0.1,1.0,-0.5,1.4", "1,0.2,1.0,,1.4"],
    "calibration.csv": ["component,level,frequency", "all,0.5,0.45", "all,0.9,0.8", "0,0.5,0.4", "0,0.9,0.85"],
    "horizon.csv": ["step,error,spread,persistence,count", "1,0.1,0.1,0.5,20", "2,0.2,0.15,0.8,19"],
    "disagreement.csv": ["disagreement,error,count", "0.01,0.1,10", "0.1,0.3,10"],
}


class Diagnosis(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.folder = Path(directory.name)
        for name, lines in TABLES.items():
            (self.folder / name).write_text("\r\n".join(lines) + "\r\n")

    def draw(self):
        return subprocess.run([sys.executable, PLOTS / "diagnosis.py", self.folder], capture_output=True, text=True)

    def test_draws_the_figure(self):
        result = self.draw()
        self.assertEqual(result.returncode, 0, result.stderr)
        path = self.folder / "model-quality.png"
        self.assertEqual(result.stdout.strip(), str(path))
        with Image.open(path) as image:
            self.assertGreater(len(image.convert("RGB").getcolors(1 << 24)), 10)

    def test_single_members_have_no_disagreement(self):
        (self.folder / "disagreement.csv").write_text("disagreement,error,count\r\n")
        self.assertEqual(self.draw().returncode, 0)

    def test_each_missing_or_wrong_table_is_named(self):
        for name in TABLES:
            whole = (self.folder / name).read_text()
            (self.folder / name).write_text("a,b\r\n1,2\r\n")
            result = self.draw()
            self.assertEqual(result.returncode, 1)
            self.assertIn(name, result.stderr)
            (self.folder / name).unlink()
            result = self.draw()
            self.assertEqual(result.returncode, 1)
            self.assertIn(name, result.stderr)
            (self.folder / name).write_text(whole)


if __name__ == "__main__":
    unittest.main()
