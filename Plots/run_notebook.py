"""Executes sample_efficiency.ipynb, top to bottom, on a study: python Plots/run_notebook.py DIR [--out FILE.ipynb]."""

import argparse
import os
import sys
from pathlib import Path

import nbformat
from foresight.program import leave
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError

NOTEBOOK = Path(__file__).resolve().parent / "sample_efficiency.ipynb"


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit status: 0, or 1 with the failing cell's error on standard error."""
    parser = argparse.ArgumentParser(description=f"Executes {NOTEBOOK.name} on a study, top to bottom.")
    parser.add_argument("study", type=Path, metavar="DIR", help="the study's folder")
    parser.add_argument("--out", type=Path, metavar="FILE", help="where to write the executed notebook (default: nowhere)")
    parser.add_argument("--timeout", type=int, default=120, metavar="SECONDS", help="for one cell (default: 120)")
    options = parser.parse_args(arguments)
    os.environ["FORESIGHT_STUDY"] = str(options.study.resolve())
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    client = NotebookClient(notebook, timeout=options.timeout, kernel_name="python3", extra_arguments=["--log-level=ERROR"],
                            resources={"metadata": {"path": str(NOTEBOOK.parent)}})
    try:
        client.execute()
    except (CellExecutionError, DeadKernelError, RuntimeError, TimeoutError) as error:
        print(f"error: {NOTEBOOK.name}: {error}", file=sys.stderr)
        return 1
    if options.out is not None:
        nbformat.write(notebook, options.out)
        print(options.out)
    cells = sum(cell.cell_type == "code" for cell in notebook.cells)
    print(f"{NOTEBOOK.name}: {cells} code cells executed")
    return 0


if __name__ == "__main__":
    leave(main)
