"""Times a piece of work and prints the rate; the only thing that every peer script shares."""

import json
import os
import statistics
import time
from collections.abc import Callable


def thread_count() -> int:
    """Threads that the comparison allows this process."""
    return int(os.environ.get("PEER_THREADS", "1"))


def report(work: Callable[[], None], amount: float, unit: str, warmup: int = 2) -> None:
    """Prints the median rate of `work`, which does `amount` units a call, over windows as one JSON line.

    PEER_WINDOWS windows of at least PEER_SECONDS each, after `warmup` untimed calls (compilation, caches).
    """
    windows, seconds = int(os.environ.get("PEER_WINDOWS", "5")), float(os.environ.get("PEER_SECONDS", "0.6"))
    for _ in range(warmup):
        work()
    start = time.perf_counter()
    work()
    calls = max(1, round(seconds / (time.perf_counter() - start)))
    rates = []
    for _ in range(windows):
        start = time.perf_counter()
        for _ in range(calls):
            work()
        rates.append(amount * calls / (time.perf_counter() - start))
    print(json.dumps({"value": statistics.median(rates), "unit": unit, "low": min(rates), "high": max(rates)}))
