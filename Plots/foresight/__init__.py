"""Studies and runs of Foresight in Python: read, compared, drawn, reported, and their policies used.

`load_study(folder)` and `load_run(folder)` read what the program has written; see README.md for the files and the figures.
`load_dataset` and `save_dataset` read and write transitions.
"""

from .datasets import DatasetError, load_dataset, save_dataset
from .load import Run, Study, load_run, load_study
from .policy import Policy
from .tables import StudyError

__version__ = "0.1.0"
__all__ = ["DatasetError", "Policy", "Run", "Study", "StudyError", "load_dataset", "load_run", "load_study", "save_dataset"]
