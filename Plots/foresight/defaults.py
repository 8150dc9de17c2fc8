"""Settings of runs that differ from the program's defaults, which the program itself tells (`foresight describe --json`)."""

import json
import os
import subprocess
from pathlib import Path

from .load import Study


def find_program() -> Path | None:
    """The built program: what FORESIGHT_PROGRAM says, or that of the package's folder."""
    given = os.environ.get("FORESIGHT_PROGRAM")
    path = Path(given) if given else Path(__file__).resolve().parents[2] / ".build" / "release" / "foresight"
    return path if path.is_file() and os.access(path, os.X_OK) else None


class Defaults:
    """The program's defaults, asked for when needed."""

    def __init__(self, program: Path | None):
        self.program = program or find_program()
        self._described: dict[str, list[dict]] = {}

    @property
    def known(self) -> bool:
        return self.program is not None

    def of(self, agent: str, environment: str) -> dict[str, str]:
        """Text of the default by setting, for an agent in an environment; empty if the program does not know them."""
        found: dict[str, str] = {}
        for name in ("run", environment, agent):
            for subject in self._describe(name):
                for setting in subject["settings"]:
                    found[setting["key"]] = setting["default"]
        for subject in self._describe(agent):
            for preset in subject["presets"]:
                if environment in preset["environments"]:
                    found.update(line.split("=", 1) for line in preset["settings"] if "=" in line)
        return found

    def _describe(self, name: str) -> list[dict]:
        if name not in self._described:
            self._described[name] = []
            if self.program is not None:
                done = subprocess.run([self.program, "describe", name, "--json"], capture_output=True, text=True, timeout=60)
                if done.returncode == 0:
                    self._described[name] = json.loads(done.stdout)
        return self._described[name]


def leaves(settings: dict, prefix: str = "") -> dict[str, object]:
    """Nested settings as `group.key` to value."""
    found: dict[str, object] = {}
    for key, value in settings.items():
        if isinstance(value, dict):
            found.update(leaves(value, f"{prefix}{key}."))
        else:
            found[prefix + key] = value
    return found


def changed_settings(study: Study, defaults: Defaults) -> list[tuple[str, list[tuple[str, str, str]]]]:
    """Of each agent: setting, value and default, where they differ; in which environments, if not in all.

    Where the default is not known, settings are shown that differ between the study's agents and environments.
    """
    groups = []
    for agent in study.agents:
        values: dict[tuple[str, str, str], list[str]] = {}
        environments = []
        for environment in study.environments:
            runs = [run for run in study.select(environment, agent) if run.manifest.get("settings")]
            if not runs:
                continue
            environments.append(environment)
            known = defaults.of(str(runs[0].manifest.get("agent", agent)), environment)
            for key, value in leaves(runs[0].manifest["settings"]).items():
                default = known.get(key)
                if default is not None and not _same(value, default):
                    values.setdefault((key, _text(value), default), []).append(environment)
        lines = []
        for (key, value, default), where in values.items():
            note = "" if where == environments else f" in {', '.join(map(study.display.name, where))}"
            lines.append((key, value + note, default))
        groups.append((study.display.name(agent), lines))
    return groups


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _same(value: object, default: str) -> bool:
    text = _text(value)
    if text == default or text.replace(" ", "") == default.replace(" ", ""):
        return True
    try:
        return json.loads(text) == json.loads(default)
    except ValueError:
        return False
