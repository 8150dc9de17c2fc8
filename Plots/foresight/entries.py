"""Errors of the entries of a study's description, and the lines of its file where those are."""

from pathlib import Path

import yaml

from .tables import StudyError


class EntryError(Exception):
    """What is wrong with the entry at `path`: names in mappings, numbers in lists. The problem is the rest of the sentence."""

    def __init__(self, path: tuple, problem: str):
        super().__init__(problem)
        self.path = path
        self.problem = problem

    def of(self, source: Path) -> StudyError:
        """The error for users: file, line, entry, problem."""
        return StudyError(f"{_place(source, self.path)}: {'.'.join(str(part) for part in self.path)}{self.problem}")


def _place(source: Path, path: tuple) -> str:
    """`source` with the line of the entry at `path`, or of as much of it as there is. YAML's reader, which keeps lines, reads
    JSON too."""
    try:
        node = yaml.compose(source.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return str(source)
    line = None
    for part in path:
        if isinstance(node, yaml.MappingNode):
            found = [(key, value) for key, value in node.value if key.value == str(part)]
            if not found:
                break
            place, node = found[-1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            place = node = node.value[part]
        else:
            break
        line = place.start_mark.line + 1
    return str(source) if line is None else f"{source}:{line}"
