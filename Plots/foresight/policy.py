"""A run's policy: from an observation as the environment gives it to the action that it takes."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .layers import Operation
from .tables import StudyError

_FORMAT = "foresight-policy-1"


@dataclass(frozen=True)
class Policy:
    """What an agent does without exploration, with the normalisation of its observations and the scaling of its actions."""

    operations: list[Operation]
    observation_size: int
    action_size: int
    discrete: bool
    """Whether actions are indices of choices."""
    source: str
    """Agent, environment, seed and steps, for people."""
    shown: str = ""
    """How the environment's wrappers show observations, for people: these are what the policy takes."""

    @staticmethod
    def load(path: str | Path, program: str | Path | None = None) -> "Policy":
        """The policy of a run's newest checkpoint, or one that was exported to NumPy or safetensors.

        Of a run, `program` tells what actions its environment takes; default: the built one. Raises StudyError where there
        is no policy, as with agents that plan.
        """
        path = Path(path)
        if path.is_dir():
            from .checkpoint import read_policy

            return read_policy(path, Path(program) if program else None)
        return _read_file(path)

    def act(self, observation: np.ndarray | list[float]) -> np.ndarray:
        """The action [A] for one observation [D], or actions [N, A] for [N, D]; of choices an index or indices."""
        x = np.asarray(observation, dtype=np.float32)
        if x.shape[-1:] != (self.observation_size,) or x.ndim > 2:
            raise ValueError(f"an observation has {self.observation_size} numbers, found the shape {x.shape}")
        actions = self.core(x.reshape(-1, self.observation_size))
        if self.discrete:
            actions = actions.astype(np.int64)
        return actions[0] if x.ndim == 1 else actions

    def core(self, x: np.ndarray) -> np.ndarray:
        """Actions [N, A] as floats for float32 observations [N, D]."""
        for operation in self.operations:
            x = operation(x)
        return x

    def arrays(self) -> tuple[dict[str, np.ndarray], str]:
        """All arrays by name, and how they are put together, as JSON."""
        arrays = {f"{index}.{name}": array for index, operation in enumerate(self.operations)
                  for name, array in operation.arrays.items()}
        description = {
            "format": _FORMAT, "source": self.source, "observation_size": self.observation_size,
            "action_size": self.action_size, "discrete": self.discrete, "shown": self.shown,
            "operations": [{"kind": operation.kind, "arrays": list(operation.arrays), **operation.numbers}
                           for operation in self.operations]}
        return arrays, json.dumps(description)


def _read_file(path: Path) -> Policy:
    try:
        if path.suffix == ".safetensors":
            from safetensors import safe_open

            with safe_open(path, "np") as file:
                description = (file.metadata() or {}).get("policy")
                arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        else:
            with np.load(path, allow_pickle=False) as file:
                arrays = {name: file[name] for name in file.files}
            description = str(arrays.pop("policy", "")) or None
        if description is None:
            raise ValueError("it has no description of a policy")
        found = json.loads(description)
        if found.get("format") != _FORMAT:
            raise ValueError(f"its format is {found.get('format')}, not {_FORMAT}")
        operations = []
        for index, entry in enumerate(found["operations"]):
            numbers = {key: value for key, value in entry.items() if key not in ("kind", "arrays")}
            operations.append(Operation(entry["kind"], {name: arrays[f"{index}.{name}"] for name in entry["arrays"]}, numbers))
        return Policy(operations, found["observation_size"], found["action_size"], found["discrete"], found["source"],
                      found.get("shown", ""))
    except OSError as error:
        raise StudyError(f"{path}: {error.strerror or error}") from error
    except Exception as error:
        raise StudyError(f"{path}: not an exported policy: {error}") from error
