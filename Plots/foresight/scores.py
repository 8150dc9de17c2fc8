"""Normalised scores: a task's return on a line where a random policy has 0 and a reference has 1."""

import math
from dataclasses import dataclass
from importlib import resources

import yaml

from .entries import EntryError


@dataclass(frozen=True)
class Scale:
    """The two returns that a task's scores are measured by."""

    random: float
    """Mean return of uniformly random actions."""
    reference: float
    """Return that counts as 1."""
    source: str
    """Where the two are from."""

    def normalize(self, returns):
        """The score of a return, or of an array of them."""
        return (returns - self.random) / (self.reference - self.random)


def known_scales() -> dict[str, Scale]:
    """The tasks whose returns are known (known_scores.yaml), by name."""
    text = resources.files(__package__).joinpath("known_scores.yaml").read_text(encoding="utf-8")
    return {name: Scale(float(entry["random"]), float(entry["reference"]), str(entry["source"]))
            for name, entry in yaml.safe_load(text).items()}


def scales_of(
    environments: list[str], own: dict, thresholds: dict[str, float], random_returns: dict[str, float]
) -> dict[str, Scale]:
    """The scale of each environment that has one.

    A number of the study's file (`own`: environment to `random` and `reference`) comes before a known one; then the mean return
    of an agent `random` in the study stands for 0, and the study's threshold for 1.
    """
    known, scales = known_scales(), {}
    for environment in environments:
        given, table = own.get(environment) or {}, known.get(environment)
        random = given.get("random", table.random if table else random_returns.get(environment))
        reference = given.get("reference", table.reference if table else thresholds.get(environment))
        if random is None or reference is None:
            continue
        random, reference = float(random), float(reference)
        if not (math.isfinite(random) and math.isfinite(reference)) or random == reference:
            raise EntryError(("figures", "scores", environment), f": random ({random:g}) and reference ({reference:g}) must be "
                             "two different finite numbers")
        source = "the study's file" if given else table.source if table else "the agent random and the threshold"
        scales[environment] = Scale(random, reference, source)
    return scales
