"""The pages of study files and of tuning name every key that there is."""

import re
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Tuning"))
from tuning.plan import CHOICE_KEYS, KEYS, RANGE_KEYS

SOURCES = ("Study", "Sweep", "SearchRange")
CHECK = re.compile(r"allowed:\s*\[([^\]]*)\]")


def words(page: str) -> set[str]:
    """What stands in a page's code: between backticks and in blocks."""
    text = (ROOT / "Documentation" / page).read_text(encoding="utf-8")
    blocks = re.findall(r"^```.*?^```", text, re.MULTILINE | re.DOTALL)
    return set(re.findall(r"[a-z_]+", " ".join(blocks + re.findall(r"`[^`\n]+`", text))))


class Keys(unittest.TestCase):
    def test_of_study_files(self):
        keys: set[str] = set()
        for source in SOURCES:
            text = (ROOT / "Sources/Laboratory" / f"{source}.swift").read_text(encoding="utf-8")
            keys |= {key for found in CHECK.findall(text) for key in re.findall(r'"(\w+)"', found)}
        self.assertTrue({"environments", "sweep", "baseline", "count", "log"} <= keys, keys)
        self.assertEqual(keys - words("studies.md"), set())

    def test_of_tuning_files(self):
        self.assertEqual(({*KEYS} | RANGE_KEYS | CHOICE_KEYS) - words("tuning.md"), set())


if __name__ == "__main__":
    unittest.main()
