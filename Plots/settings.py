"""Writes the settings tables of the methods' pages: python Plots/settings.py [--program PATH] [--check].

A page says where: between `<!-- settings: NAME -->` and `<!-- end of settings -->` comes the table of what
`foresight describe NAME --json` prints. `<!-- settings: NAME GROUP ... -->` takes those groups alone, such as `planner`.
"""

import argparse
import json
import re
import subprocess
import sys
from pathlib import Path

from foresight.program import leave

ROOT = Path(__file__).resolve().parents[1]
MARK = re.compile(r"<!-- settings: ([^ >]+)((?: [^ >]+)*) -->\n(.*?)<!-- end of settings -->", re.DOTALL)
HEADINGS = ("setting", "default", "range", "meaning")


class SettingsError(Exception):
    """The program does not know what a page asks for."""


def describe(program: Path, name: str) -> dict:
    """What the program says of an agent (where a planner has the same name, of the agent)."""
    done = subprocess.run([program, "describe", name, "--json"], capture_output=True, text=True)
    if done.returncode:
        raise SettingsError(f"{name}: {done.stderr.strip()}")
    return json.loads(done.stdout)[0]


def table(subject: dict, groups: list[str]) -> str:
    """The settings, a table for each group, and the presets unless only some groups are asked for."""
    settings = subject["settings"]
    if groups:
        settings = [item for item in settings if any(within(item["group"], group) for group in groups)]
        if not settings:
            raise SettingsError(f"{subject['name']} has no settings in {', '.join(groups)}")
    parts: list[str] = []
    for index, item in enumerate(settings):
        if index == 0 or item["group"] != settings[index - 1]["group"]:
            title = f"**{item['group_meaning']}** (`{item['group']}`)\n\n" if item["group_meaning"] else ""
            rows = f"| {' | '.join(HEADINGS)} |\n|{' --- |' * len(HEADINGS)}\n"
            parts.append(title + rows)
        cells = [code(item["key"]), code(item["default"]), escaped(item["range"]), escaped(item["meaning"])]
        parts[-1] += f"| {' | '.join(cells)} |\n"
    if not groups and subject["presets"]:
        lines = [f"- {', '.join(preset['environments'])}: {' '.join(map(code, preset['settings']))}\n"
                 for preset in subject["presets"]]
        parts.append("Defaults that differ in some environments:\n\n" + "".join(lines))
    return "\n".join(parts) if parts else "It has no settings.\n"


def within(key: str, group: str) -> bool:
    return key == group or key.startswith(group + ".")


def escaped(text: str) -> str:
    return text.replace("|", "\\|")


def code(text: str) -> str:
    return f"`{escaped(text)}`" if text else ""


def updated(text: str, program: Path) -> str:
    """A page's text with its tables as the program has them now."""

    def made(mark: re.Match) -> str:
        name, groups, _ = mark.groups()
        tables = table(describe(program, name), groups.split())
        return f"<!-- settings: {name}{groups} -->\n\n{tables}\n<!-- end of settings -->"

    return MARK.sub(made, text)


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit status: 0, or 1 where --check found an outdated page or the program does not know a name."""
    parser = argparse.ArgumentParser(description="Writes the settings tables of the methods' pages.")
    parser.add_argument("--program", type=Path, default=ROOT / ".build/release/foresight", metavar="PATH",
                        help="the program that is asked (default: .build/release/foresight)")
    parser.add_argument("--check", action="store_true", help="write nothing; name the pages that are not current")
    options = parser.parse_args(arguments)
    outdated = []
    for page in sorted(ROOT.glob("Sources/**/README.md")):
        text = page.read_text(encoding="utf-8")
        try:
            new = updated(text, options.program.resolve())
        except (SettingsError, OSError) as error:
            print(f"error: {page.relative_to(ROOT)}: {error}", file=sys.stderr)
            return 1
        if new != text:
            outdated.append(page)
            if not options.check:
                page.write_text(new, encoding="utf-8")
    for page in outdated:
        print(page.relative_to(ROOT))
    return 1 if outdated and options.check else 0


if __name__ == "__main__":
    leave(main)
