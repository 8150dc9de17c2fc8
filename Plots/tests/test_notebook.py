import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import nbformat

PLOTS = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PLOTS / "tests"))
from synthetic_study import write_study


def run(*arguments) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, PLOTS / "run_notebook.py", *map(str, arguments)], capture_output=True, text=True)


class Notebook(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.folder = Path(directory.name)

    def test_runs_top_to_bottom(self):
        executed = self.folder / "executed.ipynb"
        done = run(write_study(self.folder / "study"), "--out", executed)
        self.assertEqual(done.returncode, 0, done.stderr)
        cells = [cell for cell in nbformat.read(executed, as_version=4).cells if cell.cell_type == "code"]
        figures = sum("image/png" in output.get("data", {}) for cell in cells for output in cell.outputs)
        self.assertEqual(figures, 6)

    def test_fails_where_there_is_no_study(self):
        done = run(self.folder)
        self.assertEqual(done.returncode, 1)
        self.assertIn("not a study folder", done.stderr)

    def test_is_committed_without_outputs(self):
        for cell in nbformat.read(PLOTS / "sample_efficiency.ipynb", as_version=4).cells:
            self.assertFalse(cell.get("outputs"))
            self.assertIsNone(cell.get("execution_count"))


if __name__ == "__main__":
    unittest.main()
