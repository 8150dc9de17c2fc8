"""Reads one CSV file of known columns, and says where it is wrong."""

import csv
import functools
import io
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd


class StudyError(Exception):
    """A study's folder cannot be used; the message is one line for the user."""


@dataclass(frozen=True, eq=False)
class Column:
    """How the cells of one column are read: `parse` raises ValueError on a bad one."""

    parse: Callable[[str], object]
    wanted: str
    kind: type | str
    missing_allowed: bool = False


def _whole(text: str) -> int:
    value = int(text)
    if not 0 <= value < 2**63:
        raise ValueError
    return value


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError
    return value


GRADIENT_STEPS = "gradient_steps"
"""First column of the tables of runs that learn from a dataset alone."""
TEXT = Column(str, "a text", str)
WHOLE = Column(_whole, "a whole number, 0 or more", "int64")
NUMBER = Column(_finite, "a finite number", "float64")
OPTIONAL_NUMBER = Column(_finite, "a finite number or nothing", "float64", missing_allowed=True)


SHORT = 1000
"""Lines of a table that is read without pandas' reader."""
Columns = dict[str, np.ndarray]
"""A table as one array for each column, which takes a fraction of a data frame's time to make."""


def read_table(
    path: Path | str, columns: dict[str, Column], added: dict[str, Column] | None = None, further: Column | None = None
) -> pd.DataFrame:
    """The table that `read_columns` reads, as a data frame."""
    return pd.DataFrame(read_columns(path, columns, added, further))


def read_columns(
    path: Path | str, columns: dict[str, Column], added: dict[str, Column] | None = None, further: Column | None = None
) -> Columns:
    """The rows of `path`, whose header must be exactly `columns`, in that order, and perhaps the first of `added`.

    A run that learned offline counts gradient steps: its first column is taken as environment_steps.
    With `further`, columns of other names may follow, which hold what it says: what environments measure.

    Only whole lines count: a last line without its line break is still being written, and left out.
    Raises StudyError with the file and the line (counted from 1) of the first bad row.
    """
    data = _read_bytes(path)
    if data.startswith(GRADIENT_STEPS.encode() + b",") and "environment_steps" in columns:
        data = b"environment_steps" + data[len(GRADIENT_STEPS):]
    header = data[:data.find(b"\n") + 1 or None].decode("utf-8", "replace").rstrip("\r\n").split(",")
    if added and header[: len(columns)] == list(columns):
        rest, names = header[len(columns):], list(added)
        known = next((i for i, pair in enumerate(zip(rest, names)) if pair[0] != pair[1]), min(len(rest), len(names)))
        if further or known == len(rest):
            columns = {**columns, **{name: added[name] for name in names[:known]}}
    if further and header[: len(columns)] == list(columns):
        columns = {**columns, **dict.fromkeys(header[len(columns):], further)}
    if header == list(columns):
        numbers = _read_numbers(data, columns)
        if numbers is not None:
            return numbers
    text = _decoded(path, data)
    text = text[: text.rfind("\n") + 1]
    table = _read_plain(text, columns)
    if table is not None:
        return table
    cells: list[list] = [[] for _ in columns]
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        _check_header(path, next(reader, None), list(columns))
        for row in reader:
            _append(path, reader.line_num, row, columns, cells)
    except csv.Error as error:
        raise StudyError(f"{path}:{reader.line_num}: not a CSV file: {error}") from error
    return {name: np.array(values, dtype=object if column.kind is str else column.kind)
            for (name, column), values in zip(columns.items(), cells)}


_NUMBER = rb"-?\d++(?:\.\d++)?+(?:[eE][-+]?+\d++)?+"
_CELLS = {WHOLE: rb"\d++", NUMBER: _NUMBER, OPTIONAL_NUMBER: rb"(?:" + _NUMBER + rb")?+"}


@functools.cache
def _rows_of(kinds: tuple[Column, ...]) -> re.Pattern[bytes]:
    """Whole lines with cells of these kinds, in their usual forms."""
    return re.compile(rb"(?:" + rb",".join(_CELLS[kind] for kind in kinds) + rb"\r?+\n)*+")


def _read_numbers(data: bytes, columns: dict[str, Column]) -> Columns | None:
    """The rows of a table of numbers alone, in one scan; None where anything is unusual or wrong, for other readers to say."""
    kinds = tuple(columns.values())
    start, end = data.find(b"\n") + 1, data.rfind(b"\n") + 1
    if not start or not all(kind in _CELLS for kind in kinds) or not _rows_of(kinds).fullmatch(data, start, end):
        return None
    body = data[start:end].replace(b"\r", b"").replace(b"\n", b",")
    while b",," in body:
        body = body.replace(b",,", b",nan,")
    values = np.fromstring(body[:-1], dtype=np.float64, sep=",").reshape(-1, len(kinds)) if body else np.empty((0, len(kinds)))
    whole = [place for place, kind in enumerate(kinds) if kind is WHOLE]
    if np.isinf(values).any() or (values[:, whole] > 2**53).any():
        return None
    return {name: np.array(values[:, place], dtype=column.kind) for place, (name, column) in enumerate(columns.items())}


def _read_plain(text: str, columns: dict[str, Column]) -> Columns | None:
    """The same rows by pandas' reader, which is fast; None where anything is unusual or wrong, for the slow reader to say."""
    lines = text.splitlines()
    if len(lines) < 2 or lines[0] != ",".join(columns) or '"' in text or " " in text:
        return None
    commas = len(columns) - 1
    if any(line.count(",") != commas for line in lines):
        return None
    if len(lines) <= SHORT:
        return _read_short(lines, columns)
    kinds = {name: column.kind for name, column in columns.items()}
    try:
        table = pd.read_csv(io.StringIO(text), dtype=kinds, na_values={name: [""] for name in columns}, keep_default_na=False,
                            na_filter=True, float_precision="round_trip", skip_blank_lines=False)
    except (ValueError, OverflowError):
        return None
    arrays: Columns = {}
    for name, column in columns.items():
        values = arrays[name] = table[name].to_numpy(dtype=object if column.kind is str else column.kind)
        if column.kind == "int64" and len(values) and values.min() < 0:
            return None
        if column.kind == "float64":
            missing = np.isnan(values)
            if (missing.any() and not column.missing_allowed) or np.isinf(values).any():
                return None
        if column.kind is str and table[name].isna().any():
            return None
    return arrays


def _read_short(lines: list[str], columns: dict[str, Column]) -> Columns | None:
    """The rows of a short table, which pandas' reader would take longer to begin than this one to end; None as above."""
    arrays: Columns = {}
    for (name, column), cells in zip(columns.items(), zip(*(line.split(",") for line in lines[1:]))):
        try:
            if column.kind is str:
                if "" in cells:
                    return None
                arrays[name] = np.array(cells, dtype=object)
            elif column.kind == "int64":
                arrays[name] = np.array([column.parse(cell) for cell in cells], dtype=np.int64)
            elif column.missing_allowed:
                arrays[name] = np.array([column.parse(cell) if cell else math.nan for cell in cells])
            else:
                arrays[name] = np.array([column.parse(cell) for cell in cells])
        except (ValueError, OverflowError):
            return None
    return arrays


def _read_bytes(path: Path | str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise StudyError(f"{path}: {error.strerror}") from error


def _decoded(path: Path | str, data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise StudyError(f"{path}:{line}: not UTF-8 text") from error


def _check_header(path: Path | str, header: list[str] | None, names: list[str]) -> None:
    if header != names:
        found = "nothing" if header is None else ",".join(header)
        raise StudyError(f"{path}:1: the header must be {','.join(names)}, found {found}")


def _append(path: Path | str, line: int, row: list[str], columns: dict[str, Column], cells: list[list]) -> None:
    if len(row) != len(columns):
        raise StudyError(f"{path}:{line}: {len(columns)} cells wanted, {len(row)} found")
    for values, (name, column), text in zip(cells, columns.items(), row):
        if column.missing_allowed and text == "":
            values.append(math.nan)
            continue
        try:
            values.append(column.parse(text))
        except ValueError:
            raise StudyError(f"{path}:{line}: {name} must be {column.wanted}, found '{text}'") from None
