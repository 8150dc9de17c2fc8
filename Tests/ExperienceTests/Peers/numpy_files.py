"""Reads an episode file by NumPy and saves its arrays again."""

import json
import pathlib
import sys

import numpy as np

question = json.loads(pathlib.Path(sys.argv[1]).read_text())
with np.load(question["path"]) as file:
    arrays = {name: file[name] for name in file.files}
np.savez(question["out"], **arrays)
pathlib.Path(sys.argv[2]).write_text(json.dumps({name: array.tolist() for name, array in arrays.items()}))
