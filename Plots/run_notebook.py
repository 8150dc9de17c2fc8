"""Executes a notebook of Plots/notebooks, top to bottom, on a study or run.

python Plots/run_notebook.py DIR [--notebook NAME] [--out FILE.ipynb]
"""

import argparse
import os
import sys
from pathlib import Path

import nbformat
from foresight.program import leave
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError

NOTEBOOKS = Path(__file__).resolve().parent / "notebooks"
NAMES = ["first_look", "model_based_against_model_free", "diagnosing_a_model"]


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit status: 0, or 1 with the failing cell's error on standard error."""
    parser = argparse.ArgumentParser(description="Executes a notebook on a study or run, top to bottom.")
    parser.add_argument("folder", type=Path, metavar="DIR", help="the folder of the study, or of the run")
    parser.add_argument("--notebook", choices=NAMES, default=NAMES[1], help=f"which one (default: {NAMES[1]})")
    parser.add_argument("--out", type=Path, metavar="FILE", help="where to write the executed notebook (default: nowhere)")
    parser.add_argument("--timeout", type=int, default=120, metavar="SECONDS", help="for one cell (default: 120)")
    options = parser.parse_args(arguments)
    for variable in ("FORESIGHT_STUDY", "FORESIGHT_RUN"):
        os.environ[variable] = str(options.folder.resolve())
    notebook = nbformat.read(NOTEBOOKS / f"{options.notebook}.ipynb", as_version=4)
    client = NotebookClient(notebook, timeout=options.timeout, kernel_name="python3", extra_arguments=["--log-level=ERROR"],
                            resources={"metadata": {"path": str(NOTEBOOKS)}})
    try:
        client.execute()
    except (CellExecutionError, DeadKernelError, RuntimeError, TimeoutError) as error:
        print(f"error: {options.notebook}: {error}", file=sys.stderr)
        return 1
    if options.out is not None:
        nbformat.write(notebook, options.out)
        print(options.out)
    cells = sum(cell.cell_type == "code" for cell in notebook.cells)
    print(f"{options.notebook}: {cells} code cells executed")
    return 0


if __name__ == "__main__":
    leave(main)
