import html
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
                page_text = (site / page.relative_to(ROOT).parent / "index.html").read_text(encoding="utf-8")
                for source in re.findall(r'<img [^>]*src="([^"]+)"', page_text):
                    self.assertTrue((site / page.relative_to(ROOT).parent / source).exists(), source)
            home = (site / "index.html").read_text(encoding="utf-8")
            self.assertIn('href="Sources/Methods/PETS/index.html"', home)
            code = re.sub(r"<[^>]+>", "", (site / "Documentation/extending.html").read_text(encoding="utf-8"))
            for part in sorted((ROOT / "Examples/own-parts").iterdir()):
                if part.name != "main.swift":
                    last = [line.strip() for line in part.read_text(encoding="utf-8").splitlines() if "=" in line][-1]
                    self.assertIn(html.escape(last, quote=False), code, part.name)
            self.assertIn("Cross-entropy", (site / "search/search_index.json").read_text(encoding="utf-8"))


if __name__ == "__main__":
    unittest.main()
