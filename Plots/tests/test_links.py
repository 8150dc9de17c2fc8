import re
import subprocess
import unittest
from pathlib import Path
from urllib.parse import unquote

ROOT = Path(__file__).resolve().parents[2]
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)(?:\s+\"[^\"]*\")?\)")
FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)


def pages() -> list[Path]:
    """Every Markdown page of the repository."""
    listed = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"], cwd=ROOT,
                            capture_output=True, text=True, check=True)
    return [ROOT / line for line in listed.stdout.splitlines() if (ROOT / line).exists()]


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    found: set[str] = set()
    for heading in re.findall(r"^#{1,6}\s+(.+?)\s*#*$", FENCE.sub("", page.read_text(encoding="utf-8")), re.MULTILINE):
        name = re.sub(r"[^\w\- ]", "", re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()).replace(" ", "-")
        number = 0
        while (f"{name}-{number}" if number else name) in found:
            number += 1
        found.add(f"{name}-{number}" if number else name)
    return found


def broken(page: Path) -> list[str]:
    """The links of a page that lead nowhere within the repository."""
    wrong = []
    text = re.sub(r"`[^`\n]*`", "", FENCE.sub("", page.read_text(encoding="utf-8")))
    for target in LINK.findall(text):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = unquote(target).partition("#")
        place = (page.parent / path).resolve() if path else page
        if not place.exists():
            wrong.append(f"{target}: no such file")
        elif not place.is_relative_to(ROOT):
            wrong.append(f"{target}: outside the repository")
        elif anchor and anchor not in anchors(place):
            wrong.append(f"{target}: no such heading")
    return wrong


class Links(unittest.TestCase):
    def test_lead_somewhere(self):
        found = pages()
        self.assertGreater(len(found), 20)
        for page in found:
            with self.subTest(page=str(page.relative_to(ROOT))):
                self.assertEqual(broken(page), [])

    def test_table_cells_can_be_read(self):
        for page in pages():
            for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
                if line.startswith("|"):
                    longest = max(len(re.sub(r"\]\([^)]*\)", "]", cell)) for cell in line.split("|"))
                    with self.subTest(page=str(page.relative_to(ROOT)), line=number):
                        self.assertLessEqual(longest, 300)


if __name__ == "__main__":
    unittest.main()
