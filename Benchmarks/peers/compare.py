"""Runs Foresight and its peers in turn and prints their medians and ratios. Started by run.sh."""

import argparse
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from cases import CASES
from table import Measurement, format_table

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
# glibc gives freed large blocks back to the kernel and faults them in again at the next use, which slows the peers'
# planners by up to half. Told to keep them, as here, the peers run at their best.
KEEP_MEMORY = {"MALLOC_MMAP_THRESHOLD_": "1073741824", "MALLOC_TRIM_THRESHOLD_": "8589934592", "MALLOC_TOP_PAD_": "268435456"}
THREAD_VARIABLES = ["OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS", "PEER_THREADS"]
TIMEOUT_SECONDS = 900


def main() -> int:
    """Returns the exit status: 0, 1 if a measurement failed, 2 for wrong arguments."""
    options = parse_arguments()
    measurements: list[Measurement] = []
    with open(options.out, "w", encoding="utf-8") as lines:
        for case in options.cases or CASES:
            for threads in options.threads:
                cores = sorted(os.sched_getaffinity(0))[-threads:]
                for turn in range(options.rounds):
                    for name, command in contestants(case, threads, options):
                        print(f"{case}, {threads} threads, round {turn + 1} of {options.rounds}: {name}", file=sys.stderr)
                        measured = measure(case, name, threads, turn, command, cores, options)
                        measurements.append(measured)
                        print(measured.to_json(), file=lines, flush=True)
                print(format_table([m for m in measurements if (m.case, m.threads) == (case, threads)]), "\n", flush=True)
    if len(options.cases or CASES) * len(options.threads) > 1:
        print(format_table(measurements))
    print(options.out)
    return 1 if any(m.value is None for m in measurements) else 0


def parse_arguments() -> argparse.Namespace:
    cores = len(os.sched_getaffinity(0))
    parser = argparse.ArgumentParser(prog="run.sh", description="Compares Foresight with its peers, in turn, in one run.")
    parser.add_argument("cases", nargs="*", metavar="CASE", help=f"of {', '.join(CASES)} (default: all)")
    parser.add_argument("--threads", type=int, action="append", metavar="N", help=f"repeatable (default: 1 and {cores})")
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="turns that each gets (default: 3)")
    parser.add_argument("--seconds", type=float, default=0.6, help="least length of a timed window (default: 0.6)")
    parser.add_argument("--windows", type=int, default=5, help="windows in a turn (default: 5)")
    parser.add_argument("--peers-only", action="store_true", help="leave Foresight out")
    parser.add_argument("--out", type=Path, default=HERE / "results.jsonl", help="every measurement, one JSON line each")
    options = parser.parse_args()
    for case in options.cases:
        if case not in CASES:
            parser.error(f"unknown case '{case}' (one of {', '.join(CASES)})")
    options.threads = options.threads or sorted({1, cores})
    for threads in options.threads:
        if not 1 <= threads <= cores:
            parser.error(f"--threads {threads}: between 1 and this process's {cores} cores")
    if options.rounds < 1 or options.windows < 1 or not options.seconds > 0:
        parser.error("--rounds and --windows must be at least 1, --seconds above 0")
    if shutil.which("taskset") is None:
        parser.error("taskset is not installed (Debian: apt-get install util-linux)")
    options.foresight = Path(os.environ.get("FORESIGHT", REPOSITORY / ".build/release/foresight")).absolute()
    if not options.peers_only and not os.access(options.foresight, os.X_OK):
        parser.error(f"{options.foresight}: no such executable; run `make build`, or set FORESIGHT, or say --peers-only")
    return options


def contestants(case: str, threads: int, options: argparse.Namespace) -> list[tuple[str, list[str]]]:
    """Each one's name and command, in the order in which a round runs them."""
    own = [str(options.foresight), "bench", case, "--threads", str(threads), "--json"]
    own += ["--seconds", str(options.seconds), "--windows", str(options.windows)]
    peers = [(peer.name, [sys.executable, str(HERE / peer.script), *peer.arguments]) for peer in CASES[case]]
    return peers if options.peers_only else [("Foresight", own), *peers]


def measure(case: str, name: str, threads: int, turn: int, command: list[str], cores: list[int],
            options: argparse.Namespace) -> Measurement:
    """Runs one command on the given cores and reads the last JSON line that it prints for this case."""
    environment = {**os.environ, **KEEP_MEMORY, **{variable: str(threads) for variable in THREAD_VARIABLES}}
    environment |= {
        "PEER_WINDOWS": str(options.windows), "PEER_SECONDS": str(options.seconds), "CUDA_VISIBLE_DEVICES": "",
        "JAX_PLATFORMS": "cpu", "PYTHONWARNINGS": "ignore", "PYTHONDONTWRITEBYTECODE": "1",
    }
    pinned = ["taskset", "--cpu-list", ",".join(map(str, cores)), *command]
    empty = Measurement(case, name, threads, turn, None, "", None)
    try:
        done = subprocess.run(pinned, env=environment, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return failed(empty, f"not done after {TIMEOUT_SECONDS} s")
    if done.returncode != 0:
        return failed(empty, f"exit status {done.returncode}: {last_line(done.stderr)}")
    found = [entry for entry in json_objects(done.stdout) if entry.get("case", case) == case]
    if not found or not isinstance(found[-1].get("value"), (int, float)):
        return failed(empty, "printed no measurement")
    entry = found[-1]
    unit, share = str(entry.get("unit", "")), entry.get("share_of_limit")
    return Measurement(case, name, threads, turn, float(entry["value"]), unit, share)


def failed(measurement: Measurement, reason: str) -> Measurement:
    print(f"warning: {measurement.name}: {reason}", file=sys.stderr)
    return measurement


def json_objects(text: str) -> list[dict]:
    objects = []
    for line in text.splitlines():
        try:
            value = json.loads(line)
        except json.JSONDecodeError:
            continue
        if isinstance(value, dict):
            objects.append(value)
    return objects


def last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1] if lines else "no message"


if __name__ == "__main__":
    sys.exit(main())
