"""Reads the transitions of a run's replay from the files of records beside its checkpoint.

A file `records-SERIES-FIRST.segment` is blocks of a 40-byte header (`FSRECORD`, number of the first record, number of
records, bytes that follow, two checksums) and columns: actions, rewards, continues, times where they are kept,
observations and next observations, little-endian.
"""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
from safetensors import safe_open

HEADER = struct.Struct("<8sqqqII")


def read_replay(checkpoint: Path, name: str, observation_size: int) -> dict[str, np.ndarray]:
    """Observations [N, D], actions [N, A] and rewards [N] of the replay `name` (the end of its scope, as `agent.replay.`),
    oldest first. Replays of images, or with times, are not read."""
    with safe_open(checkpoint, "numpy") as file:
        entries = json.loads((file.metadata() or {}).get("records", "[]"))
        key = next(key for key in file.keys() if key.endswith(f"{name}count"))  # noqa: SIM118
        held = int(file.get_tensor(key))
    entry = next(entry for entry in entries if entry["name"].endswith(name))
    oldest = entry["end"] - held
    parts: dict[str, list[np.ndarray]] = {"observations": [], "actions": [], "rewards": []}
    for part in entry["files"]:
        path = checkpoint.parent / f"records-{entry['series']}-{part['first']}.segment"
        data = path.read_bytes()[:part["length"]]
        place = 0
        while place < len(data):
            magic, first, count, size, *_ = HEADER.unpack_from(data, place)
            if magic != b"FSRECORD":
                raise ValueError(f"{path} has no block at byte {place}")
            values = np.frombuffer(data, "<f4", size // 4, place + HEADER.size)
            place += HEADER.size + size
            width = values.size // count - 2 - 2 * observation_size
            actions, rewards, _, observations, _ = np.split(
                values, np.cumsum([count * width, count, count, count * observation_size]))
            skipped = max(0, oldest - first)
            parts["actions"].append(actions.reshape(count, width)[skipped:])
            parts["rewards"].append(rewards[skipped:])
            parts["observations"].append(observations.reshape(count, observation_size)[skipped:])
    return {key: np.concatenate(value) for key, value in parts.items()}
