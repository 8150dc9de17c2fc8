"""Measurements, and the table of their medians and ratios."""

import json
import statistics
from dataclasses import asdict, dataclass

FORESIGHT = "Foresight"


@dataclass(frozen=True)
class Measurement:
    """One turn of one contestant. `value` is a rate (more is better), None if it failed."""

    case: str
    name: str
    threads: int
    round: int
    value: float | None
    unit: str
    share_of_limit: float | None
    """Share of the rate at which the case's matrix products alone run in the same process, where measured."""

    def to_json(self) -> str:
        return json.dumps(asdict(self))


def format_table(measurements: list[Measurement]) -> str:
    """One line for each case, thread count and contestant: median over rounds, range, Foresight / contestant."""
    lines = [["case", "threads", "implementation", "median", "unit", "lowest..highest", "Foresight is"]]
    groups: dict[tuple[str, int], dict[str, list[Measurement]]] = {}
    for measurement in measurements:
        groups.setdefault((measurement.case, measurement.threads), {}).setdefault(measurement.name, []).append(measurement)
    for (case, threads), contestants in groups.items():
        own = median(contestants.get(FORESIGHT, []))
        for name, turns in contestants.items():
            values = [turn.value for turn in turns if turn.value is not None]
            if not values:
                lines.append([case, str(threads), name, "failed", "", "", ""])
                continue
            unit = next(turn.unit for turn in turns if turn.value is not None)
            spread = f"{number(min(values))}..{number(max(values))}"
            lines.append([case, str(threads), name, number(statistics.median(values)), unit, spread,
                          verdict(name, own, turns)])
    widths = [max(map(len, column)) for column in zip(*lines)]
    numeric = {1, 3, 5}
    return "\n".join("  ".join(cell.rjust(width) if index in numeric else cell.ljust(width)
                               for index, (cell, width) in enumerate(zip(line, widths))).rstrip() for line in lines)


def verdict(name: str, own: float | None, turns: list[Measurement]) -> str:
    if name == FORESIGHT:
        shares = [turn.share_of_limit for turn in turns if turn.share_of_limit is not None]
        return f"{statistics.median(shares):.0%} of its limit" if shares else ""
    peer = median(turns)
    return "" if own is None or peer is None else f"{own / peer:.2f} times as fast"


def median(turns: list[Measurement]) -> float | None:
    values = [turn.value for turn in turns if turn.value is not None]
    return statistics.median(values) if values else None


def number(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.4g}"
