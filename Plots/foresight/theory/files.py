"""Tables of the studies of theory: numbers are written with the same digits everywhere."""

import csv
from collections.abc import Iterable
from pathlib import Path

Row = dict[str, str]


def cell(value: object) -> str:
    """Text of a table's cell: six significant digits, nothing for None."""
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def text_rows(rows: Iterable[dict]) -> list[Row]:
    """The rows as they will stand in a file, so that what is drawn or summed up is what is kept."""
    return [{key: cell(value) for key, value in row.items()} for row in rows]


def write_rows(path: Path, rows: list[Row]) -> None:
    """Writes rows with the same keys, the first row's as header."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def read_rows(path: Path) -> list[Row]:
    """The rows of a file that `write_rows` wrote."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
