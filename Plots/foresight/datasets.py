"""Datasets of transitions as NumPy's NPZ, as HDF5 as D4RL has it, and as Minari's local datasets.

What the names say: `.npz` is Foresight's own format (see 'foresight dataset'), `.hdf5` or `.h5` D4RL's, `minari:NAME` a
dataset of Minari. `make offline` installs what the last two need.
"""

from pathlib import Path

import numpy as np

FLOATS = ("observations", "actions", "rewards", "next_observations")
FLAGS = ("terminated", "truncated")
D4RL = {"terminated": "terminals", "truncated": "timeouts"}


class DatasetError(Exception):
    """A dataset cannot be read or written; the message is one line for the user."""


def read_npz(path: str) -> dict:
    with np.load(path) as arrays:
        found = dict(arrays)
    missing = [name for name in (*FLOATS, *FLAGS) if name not in found]
    if missing:
        raise DatasetError(f"{path} lacks {', '.join(missing)}")
    found["environment"] = bytes(found.get("environment", np.zeros(0, np.uint8))).decode()
    return found


def write_npz(path: str, data: dict) -> None:
    count = len(data["rewards"])
    arrays = {name: np.ascontiguousarray(data[name], np.float32).reshape(count, -1) for name in FLOATS}
    arrays["rewards"] = arrays["rewards"].reshape(count)
    arrays |= {name: np.asarray(data[name]).astype(np.uint8).reshape(count) for name in FLAGS}
    arrays["environment"] = np.frombuffer(data["environment"].encode(), np.uint8)
    np.savez(path, **arrays)


def read_hdf5(path: str) -> dict:
    import h5py

    with h5py.File(path) as file:
        data = {name: file[D4RL.get(name, name)][:] for name in ("observations", "actions", "rewards", "terminated")}
        timeouts = file["timeouts"][:] if "timeouts" in file else np.zeros(len(data["rewards"]), bool)
        data["truncated"] = timeouts.astype(bool) & ~data["terminated"].astype(bool)
        data["environment"] = str(file.attrs.get("environment", ""))
        if "next_observations" in file:
            data["next_observations"] = file["next_observations"][:]
            return data
    # without next observations the last step of an episode that was cut off leads nowhere
    done = (data["terminated"].astype(bool) | data["truncated"])[:-1]
    data["next_observations"] = np.concatenate([data["observations"][1:], data["observations"][-1:]])
    kept = np.append(~done, False) | data["terminated"].astype(bool)
    # the step before one that is left out is now the last of its episode
    data["truncated"] = np.append(~kept[1:], True) & ~data["terminated"].astype(bool)
    return {name: values[kept] if name != "environment" else values for name, values in data.items()}


def write_hdf5(path: str, data: dict) -> None:
    import h5py

    with h5py.File(path, "w") as file:
        for name in FLOATS:
            file[name] = np.asarray(data[name], np.float32)
        for name in FLAGS:
            file[D4RL[name]] = np.asarray(data[name]).astype(bool)
        file.attrs["environment"] = data["environment"]


def flat(values: object) -> np.ndarray:
    """The rows of an array or, for a Dict of arrays, of its arrays side by side in the keys' order."""
    if isinstance(values, dict):
        return np.concatenate([flat(values[key]) for key in sorted(values)], axis=1)
    values = np.asarray(values)
    return values.reshape(len(values), -1)


def read_minari(name: str) -> dict:
    import minari

    parts: dict[str, list] = {key: [] for key in (*FLOATS, *FLAGS)}
    dataset = minari.load_dataset(name)
    for episode in dataset.iterate_episodes():
        observations = flat(episode.observations)
        parts["observations"].append(observations[:-1])
        parts["next_observations"].append(observations[1:])
        parts["actions"].append(flat(episode.actions))
        parts["rewards"].append(np.asarray(episode.rewards))
        terminated = np.asarray(episode.terminations).astype(bool)
        truncated = np.asarray(episode.truncations).astype(bool) & ~terminated
        truncated[-1] = not terminated[-1]
        parts["terminated"].append(terminated)
        parts["truncated"].append(truncated)
    spec = dataset.env_spec
    return {key: np.concatenate(values) for key, values in parts.items()} | {"environment": spec.id if spec else ""}


def write_minari(name: str, data: dict) -> None:
    import minari
    from gymnasium import spaces
    from minari.data_collector import EpisodeBuffer

    actions, observations = np.asarray(data["actions"]), np.asarray(data["observations"])
    ends = np.flatnonzero(np.asarray(data["terminated"]) | np.asarray(data["truncated"]))
    if not len(ends) or ends[-1] != len(observations) - 1:
        ends = np.append(ends, len(observations) - 1)
    buffers, start = [], 0
    for index, end in enumerate(ends):
        rows = slice(start, end + 1)
        truncated = np.asarray(data["truncated"])[rows].astype(bool)
        terminated = np.asarray(data["terminated"])[rows].astype(bool)
        truncated[-1] = not terminated[-1]
        buffers.append(EpisodeBuffer(
            id=index, observations=np.concatenate([observations[rows], np.asarray(data["next_observations"])[end:end + 1]]),
            actions=actions[rows], rewards=np.asarray(data["rewards"], float)[rows], terminations=terminated,
            truncations=truncated))
        start = end + 1
    box = {
        key: spaces.Box(-np.inf, np.inf, (values.shape[1],), np.float32)
        for key, values in (("observation_space", observations), ("action_space", actions))
    }
    if name in minari.list_local_datasets():
        raise DatasetError(f"minari:{name} is there already: delete it with 'minari delete {name}'")
    minari.create_dataset_from_buffers(
        name, buffers, algorithm_name="Foresight", requirements=[], author="", author_email="", code_permalink="",
        description=f"transitions of {data['environment'] or 'an environment that is not named'}", **box)


def kind(name: str) -> str:
    if name.startswith("minari:"):
        return "minari"
    suffix = Path(name).suffix
    if suffix not in (".npz", ".hdf5", ".h5"):
        raise DatasetError(f"{name}: give .npz, .hdf5 or .h5, or minari:NAME")
    return "npz" if suffix == ".npz" else "hdf5"


READERS = {"npz": read_npz, "hdf5": read_hdf5, "minari": read_minari}
WRITERS = {"npz": write_npz, "hdf5": write_hdf5, "minari": write_minari}


def load_dataset(source: str | Path) -> dict:
    """The transitions of a file or of `minari:NAME`, in the order in which they were taken, as a dictionary.

    `observations` and `next_observations` [N, D], `actions` [N, A], `rewards` [N], `terminated` and `truncated` [N] are
    arrays; `environment` is the environment's name, or empty. Raises DatasetError.
    """
    source = str(source)
    try:
        data = READERS[kind(source)](source.removeprefix("minari:"))
    except ModuleNotFoundError as error:
        raise DatasetError(f"{error.name} is missing: run 'make offline'") from error
    except (OSError, KeyError, ValueError) as error:
        raise DatasetError(f"{source}: {error}") from error
    if not len(data["rewards"]):
        raise DatasetError(f"{source} holds no transitions")
    return data


def save_dataset(data: dict, target: str | Path) -> None:
    """Writes transitions as `load_dataset` gives them; `environment` may be left out. Raises DatasetError."""
    target = str(target)
    missing = [name for name in (*FLOATS, *FLAGS) if name not in data]
    if missing:
        raise DatasetError(f"the transitions lack {', '.join(missing)}")
    count = len(data["rewards"])
    wrong = [name for name in (*FLOATS, *FLAGS) if len(data[name]) != count]
    if wrong:
        raise DatasetError(f"there are {count} rewards, but {len(data[wrong[0]])} {wrong[0]}")
    try:
        WRITERS[kind(target)](target.removeprefix("minari:"), {"environment": "", **data})
    except ModuleNotFoundError as error:
        raise DatasetError(f"{error.name} is missing: run 'make offline'") from error
    except (OSError, ValueError) as error:
        raise DatasetError(f"{target}: {error}") from error


def convert(source: str, target: str, environment: str | None = None) -> int:
    """Writes what `source` holds as `target`; the number of transitions."""
    data = load_dataset(source)
    if environment is not None:
        data["environment"] = environment
    save_dataset(data, target)
    return len(data["rewards"])
