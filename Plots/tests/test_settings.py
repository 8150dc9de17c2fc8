import os
import sys
import unittest
from pathlib import Path

PLOTS = Path(__file__).resolve().parents[1]
ROOT = PLOTS.parent
sys.path.insert(0, str(PLOTS))
import settings

PROGRAM = Path(os.environ.get("FORESIGHT_PROGRAM", ROOT / ".build/release/foresight"))
METHODS = sorted((ROOT / "Sources/Methods").glob("*/README.md"))
HEADINGS = ["## Method", "## Run it", "## Settings", "## Expected result", "## Where it differs", "## How it is checked"]


class Tables(unittest.TestCase):
    SUBJECT = {
        "name": "a", "presets": [{"environments": ["E"], "settings": ["x=1"]}],
        "settings": [
            {"key": "x", "default": "2", "range": "1...3", "meaning": "An x", "group": "", "group_meaning": ""},
            {"key": "g.y", "default": "", "range": "a, b", "meaning": "a | b", "group": "g", "group_meaning": "Of g"},
        ],
    }

    def test_has_a_table_for_each_group(self):
        text = settings.table(self.SUBJECT, [])
        self.assertIn("| `x` | `2` | 1...3 | An x |", text)
        self.assertIn("**Of g** (`g`)", text)
        self.assertIn("| `g.y` |  | a, b | a \\| b |", text)
        self.assertIn("- E: `x=1`", text)

    def test_takes_the_groups_asked_for(self):
        text = settings.table(self.SUBJECT, ["g"])
        self.assertNotIn("`x`", text)
        self.assertIn("`g.y`", text)
        with self.assertRaisesRegex(settings.SettingsError, "no settings in h"):
            settings.table(self.SUBJECT, ["h"])


class Pages(unittest.TestCase):
    def test_have_one_shape(self):
        self.assertGreater(len(METHODS), 15)
        for page in METHODS:
            with self.subTest(page=page.parent.name):
                text = page.read_text(encoding="utf-8")
                places = [text.find(f"\n{heading}") for heading in HEADINGS]
                self.assertNotIn(-1, places, HEADINGS[places.index(-1)] if -1 in places else "")
                self.assertEqual(places, sorted(places))
                self.assertRegex(text, r"\n```\nforesight train ")
                self.assertRegex(text, settings.MARK)

    def test_have_the_settings_that_the_program_has(self):
        if not PROGRAM.exists():
            self.assertNotIn("CI", os.environ, f"{PROGRAM} is missing")
            self.skipTest(f"{PROGRAM} is missing")
        for page in METHODS:
            with self.subTest(page=page.parent.name):
                text = page.read_text(encoding="utf-8")
                self.assertEqual(settings.updated(text, PROGRAM), text, "run Plots/settings.py")


if __name__ == "__main__":
    unittest.main()
