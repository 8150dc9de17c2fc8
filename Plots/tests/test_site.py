import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class Site(unittest.TestCase):
    """`make docs`, where a warning is an error."""

    def test_has_all_pages_figures_and_a_search(self):
        with tempfile.TemporaryDirectory() as folder:
            site = Path(folder) / "site"
            done = subprocess.run([sys.executable, ROOT / "Documentation/build.py", "--out", site],
                                  capture_output=True, text=True)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            for page in ROOT.glob("Sources/Methods/*/README.md"):
                html = (site / page.relative_to(ROOT).parent / "index.html").read_text(encoding="utf-8")
                for source in re.findall(r'<img [^>]*src="([^"]+)"', html):
                    self.assertTrue((site / page.relative_to(ROOT).parent / source).exists(), source)
            home = (site / "index.html").read_text(encoding="utf-8")
            self.assertIn('href="Sources/Methods/PETS/index.html"', home)
            self.assertIn("Cross-entropy", (site / "search/search_index.json").read_text(encoding="utf-8"))


if __name__ == "__main__":
    unittest.main()
