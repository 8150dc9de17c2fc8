"""How a study wants its agents and environments shown: the key `figures` of its file."""

import re
from dataclasses import dataclass, field

from .entries import EntryError

_KEYS = {"names": dict, "colors": dict, "scores": dict, "groups": dict, "baseline": str}


@dataclass(frozen=True)
class Display:
    """Names, colours and comparisons of a study's figures."""

    names: dict[str, str] = field(default_factory=dict)
    """What an agent or environment is called in figures and tables, where that is not its name."""
    colors: dict[str, str] = field(default_factory=dict)
    """Colours of agents, as `#rrggbb`."""
    scores: dict[str, dict] = field(default_factory=dict)
    """Of an environment: its `random` and `reference` return."""
    groups: dict[str, list[str]] = field(default_factory=dict)
    """Groups of environments that get aggregates of their own."""
    baseline: str | None = None
    """The agent that others are compared with."""

    def name(self, thing: str) -> str:
        return self.names.get(thing, thing)


def read_display(entry: object, environments: list[str], agents: list[str]) -> Display:
    """Checks the value of `figures`; raises EntryError with the key that is wrong."""
    if entry is None:
        return Display()
    if not isinstance(entry, dict):
        raise EntryError(("figures",), " must be a mapping")
    for key, value in entry.items():
        if key not in _KEYS:
            raise EntryError(("figures", key), f" is unknown; its keys are {', '.join(_KEYS)}")
        if not isinstance(value, _KEYS[key]):
            raise EntryError(("figures", key), f" must be a {'mapping' if _KEYS[key] is dict else 'name'}")
    for key, allowed in (("names", environments + agents), ("colors", agents), ("scores", environments)):
        for name in entry.get(key, {}):
            if name not in allowed:
                raise EntryError(("figures", key, name),
                                 f": the study has no such {'environment' if key == 'scores' else 'agent'}")
    for name, color in entry.get("colors", {}).items():
        if not re.fullmatch(r"#[0-9A-Fa-f]{6}", str(color)):
            raise EntryError(("figures", "colors", name), f": a colour is '#' and six hexadecimal digits, found '{color}'")
    for name, scale in entry.get("scores", {}).items():
        if not isinstance(scale, dict) or not scale or set(scale) - {"random", "reference"} or any(
                isinstance(value, bool) or not isinstance(value, int | float) for value in scale.values()):
            raise EntryError(("figures", "scores", name), ": must have numbers random and reference")
    for name, members in entry.get("groups", {}).items():
        if not isinstance(members, list) or not members or any(member not in environments for member in members):
            raise EntryError(("figures", "groups", name), ": must be a list of the study's environments")
    baseline = entry.get("baseline")
    if baseline is not None and baseline not in agents:
        raise EntryError(("figures", "baseline"), f": the study has no agent '{baseline}'")
    return Display({str(key): str(value) for key, value in entry.get("names", {}).items()}, entry.get("colors", {}),
                   entry.get("scores", {}), entry.get("groups", {}), baseline)
