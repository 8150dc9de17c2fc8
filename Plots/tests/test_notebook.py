import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import nbformat

PLOTS = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PLOTS / "tests"))
from synthetic_study import write_manifests, write_study
from test_diagnosis import TABLES


def run(*arguments) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, PLOTS / "run_notebook.py", *map(str, arguments)], capture_output=True, text=True)


class Notebook(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.folder = Path(directory.name)

    def figures(self, notebook: str, folder: Path) -> int:
        """Executes the notebook and counts its figures."""
        executed = self.folder / "executed.ipynb"
        done = run(folder, "--notebook", notebook, "--out", executed)
        self.assertEqual(done.returncode, 0, done.stderr)
        cells = [cell for cell in nbformat.read(executed, as_version=4).cells if cell.cell_type == "code"]
        return sum("image/png" in output.get("data", {}) for cell in cells for output in cell.outputs)

    def test_model_based_against_model_free(self):
        self.assertEqual(self.figures("model_based_against_model_free", write_study(self.folder / "study")), 5)

    def test_runs_of_a_single_run(self):
        write_study(self.folder / "study", seeds=1)
        write_manifests(self.folder / "study")
        run_folder = self.folder / "study" / "Pendulum-v1" / "sac" / "seed-0"
        self.assertEqual(self.figures("first_look", run_folder), 1)
        (run_folder / "diagnosis").mkdir()
        for name, lines in TABLES.items():
            (run_folder / "diagnosis" / name).write_text("\r\n".join(lines) + "\r\n")
        self.assertEqual(self.figures("diagnosing_a_model", run_folder), 1)

    def test_fails_where_there_is_no_study(self):
        done = run(self.folder)
        self.assertEqual(done.returncode, 1)
        self.assertIn("not a study folder", done.stderr)

    def test_is_committed_without_outputs(self):
        paths = sorted((PLOTS / "notebooks").glob("*.ipynb"))
        self.assertEqual(len(paths), 3)
        for cell in (cell for path in paths for cell in nbformat.read(path, as_version=4).cells):
            self.assertFalse(cell.get("outputs"))
            self.assertIsNone(cell.get("execution_count"))


if __name__ == "__main__":
    unittest.main()
