"""Tests of the runner with stand-ins: python -m unittest discover -s Benchmarks/peers (any Python 3.11, no peers needed)."""

import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
from table import Measurement, format_table


def turns(name: str, *values: float | None, share: float | None = None) -> list[Measurement]:
    return [Measurement("sac-update", name, 2, turn, value, "updates/s", share) for turn, value in enumerate(values)]


class Table(unittest.TestCase):
    def test_ratio_of_medians(self):
        lines = format_table(turns("Foresight", 100, 300, 200, share=0.85) + turns("peer", 160, 10, 100)).splitlines()
        self.assertIn("85% of its limit", lines[1])
        self.assertIn("100..300", lines[1])
        self.assertIn("2.00 times as fast", lines[2])

    def test_a_failure_is_shown_and_spoils_no_median(self):
        lines = format_table(turns("Foresight", 100, None) + turns("peer", None)).splitlines()
        self.assertIn("100", lines[1])
        self.assertIn("failed", lines[2])


class Runner(unittest.TestCase):
    def run_compare(self, script: str, *arguments: str) -> tuple[subprocess.CompletedProcess, list[dict]]:
        """Runs a copy of the runner whose peers and Foresight are both `script`."""
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        folder = Path(directory.name)
        for name in ("compare.py", "table.py"):
            (folder / name).write_text((HERE / name).read_text())
        (folder / "cases.py").write_text(
            "from types import SimpleNamespace\n"
            "CASES = {'demo': [SimpleNamespace(name='peer', script='peer.py', arguments=())]}\n")
        (folder / "peer.py").write_text(script)
        foresight = folder / "foresight"
        foresight.write_text(f"#!{sys.executable}\n{script}")
        foresight.chmod(0o755)
        done = subprocess.run([sys.executable, folder / "compare.py", *arguments], capture_output=True, text=True,
                              env={**os.environ, "FORESIGHT": str(foresight)})
        results = folder / "results.jsonl"
        rows = [json.loads(line) for line in results.read_text().splitlines()] if results.exists() else []
        return done, rows

    def test_takes_turns_on_the_same_cores(self):
        script = ("import json, os\n"
                  "print('noise')\n"
                  "print(json.dumps({'value': len(os.sched_getaffinity(0)), 'unit': os.environ['OMP_NUM_THREADS']}))\n")
        done, rows = self.run_compare(script, "--threads", "1", "--rounds", "2")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual([(row["name"], row["round"]) for row in rows],
                         [("Foresight", 0), ("peer", 0), ("Foresight", 1), ("peer", 1)])
        self.assertTrue(all(row["value"] == 1 and row["unit"] == "1" for row in rows))
        self.assertIn("1.00 times as fast", done.stdout)

    def test_goes_on_after_a_failure(self):
        done, rows = self.run_compare("raise SystemExit('out of order')", "--threads", "1", "--rounds", "1")
        self.assertEqual(done.returncode, 1)
        self.assertEqual([row["value"] for row in rows], [None, None])
        self.assertIn("out of order", done.stderr)
        done, _ = self.run_compare("print('{}')", "--threads", "1", "--rounds", "1")
        self.assertIn("printed no measurement", done.stderr)

    def test_refuses_wrong_arguments(self):
        for arguments in (["elsewhere"], ["--threads", "0"], ["--rounds", "0"]):
            done, rows = self.run_compare("", *arguments)
            self.assertEqual((done.returncode, rows), (2, []))


if __name__ == "__main__":
    unittest.main()
