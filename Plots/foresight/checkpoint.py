"""Reads a run's policy from its newest checkpoint: which tensors it is in, by the agent that wrote them."""

import itertools
import json
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .defaults import find_program
from .layers import Operation, perceptron, perceptron_size
from .policy import Policy
from .tables import StudyError

ACTORS = {"sac", "redq", "droq", "mbpo", "mve", "dyna", "td3", "ddpg", "mve-td3", "mve-ddpg", "dyna-td3", "dyna-ddpg",
          "policy-backpropagation"}
ADVANTAGE = {"naf", "naf-workers", "dyna-naf", "mba"}
STOCHASTIC = {"reinforce", "actor-critic", "a2c", "npg", "trpo", "ppo", "kl-penalty", "me-trpo", "me-ppo", "behaviour-cloning",
              "dagger"}
VALUES = {"dqn", "double-dqn", "dueling-dqn", "per-dqn", "c51", "qr-dqn", "noisy-dqn", "rainbow", "online-q", "batch-q",
          "dyna-dqn"}
STUDENTS = {"distill": "student", "distill-dqn": "student", "distral": "shared", "divide-and-conquer": "shared"}
GUIDED = {"gps-badmm", "gps-mirror"}
TABLES = {"sarsa", "q-learning", "dyna-q"}
_WHY_NOT = {
    "random": "random has no policy: its actions are drawn uniformly",
    "lqr-flm": "lqr-flm has a controller for each start and time step, no policy of observations; gps-mirror and gps-badmm "
               "fit one to such controllers",
    "maximized-q": "maximized-q searches for the action of the greatest value at each step; td3 and naf learn a policy",
    "qt-opt": "qt-opt searches for the action of the greatest value at each step; td3 and naf learn a policy",
    "td-lambda": "td-lambda values a policy and learns none",
}
_REMAPPED = {"discretized_actions": "auto", "frame_stack": 1, "grayscale": False, "resized": []}


@dataclass(frozen=True)
class Actions:
    """What actions an environment takes."""

    low: np.ndarray | None
    high: np.ndarray | None
    counts: list[int]

    @property
    def size(self) -> int:
        return len(self.counts) if self.low is None else len(self.low)


def read_policy(run: Path, program: Path | None = None) -> Policy:
    """The policy in the newest checkpoint of the run in `run`; raises StudyError where there is none."""
    manifest = read_manifest(run)
    agent, environment, settings = manifest["agent"], manifest["environment"], manifest["settings"]
    _refuse(agent, settings)
    path = newest_checkpoint(run)
    tensors = _read(path)
    actions = _environment_actions(environment, settings, program or find_program())
    size = _observation_size(tensors)
    try:
        operations = _body(agent, settings.get("learner", {}), settings, tensors, size, actions)
    except (KeyError, IndexError, ValueError) as error:
        raise StudyError(f"{path}: the policy of {agent} is not there as expected: {error}") from error
    wrappers = settings.get("environment", {}).get("wrappers", {})
    if wrappers.get("rescale_actions") and actions.low is not None:
        operations.append(_scaling(*environment_bounds(environment, settings, program or find_program())))
    if wrappers.get("normalize_observations"):
        operations.insert(0, _standardization(tensors, size, wrappers.get("normalized_limit")))
    steps = path.stem.split("-")[-1]
    return Policy(operations, size, actions.size, actions.low is None,
                  f"{manifest['label']} in {environment}, seed {manifest['seed']}, {steps} steps")


def read_manifest(run: Path) -> dict:
    try:
        return json.loads((run / "manifest.json").read_text(encoding="utf-8"))
    except OSError:
        raise StudyError(f"{run}: not a run's folder (no manifest.json)") from None
    except json.JSONDecodeError as error:
        raise StudyError(f"{run / 'manifest.json'}:{error.lineno}:{error.colno}: not JSON: {error.msg}") from error


def newest_checkpoint(run: Path) -> Path:
    """The checkpoint of the most steps."""
    found = [path for path in run.glob("checkpoint-*.safetensors") if re.fullmatch(r"checkpoint-\d+", path.stem)]
    if not found:
        raise StudyError(f"{run}: no checkpoint yet")
    return max(found, key=lambda path: int(path.stem.split("-")[1]))


def _refuse(agent: str, settings: dict) -> None:
    if agent in _WHY_NOT:
        raise StudyError(_WHY_NOT[agent])
    known = {*ACTORS, *ADVANTAGE, *STOCHASTIC, *VALUES, *STUDENTS, *GUIDED, *TABLES, "crossq"}
    if agent not in known and "planner" in settings:
        raise StudyError(f"{agent} plans each action anew and has no policy that could be exported: 'behaviour-cloning' or "
                         "'dagger' fit one to an expert's decisions, and 'distill' trains one from teachers")
    if agent not in known:
        raise StudyError(f"the policy of {agent} cannot be exported")
    wrappers = settings.get("environment", {}).get("wrappers", {})
    for name, without in _REMAPPED.items():
        if wrappers.get(name, without) != without:
            raise StudyError(f"a policy behind environment.wrappers.{name} cannot be exported: it does not see the "
                             "environment's own observations and actions")


def _read(path: Path) -> dict[str, np.ndarray]:
    """The tensors of the agent and of the environment's statistics."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "np") as file:
            names = [name for name in file.keys() if ".replay" not in name and "optimizer" not in name]  # noqa: SIM118
            return {name: file.get_tensor(name) for name in names}
    except (SafetensorError, OSError) as error:
        raise StudyError(f"{path}: damaged: {error}") from error


def _observation_size(tensors: dict[str, np.ndarray]) -> int:
    return int(tensors["interaction.observation"].shape[-1])


def _find(tensors: dict[str, np.ndarray], *endings: str) -> np.ndarray:
    """The agent's tensor whose name ends so."""
    for ending in endings:
        found = [name for name in tensors if name.startswith("interaction.agent.") and name.endswith("." + ending)]
        if found:
            return tensors[min(found, key=len)]
    raise KeyError(f"no tensor '{endings[0]}'")


def _outputs(count: int, size: int, hidden: list[int], normalized: bool = False) -> int:
    """Outputs of the perceptron that has so many parameters."""
    last = hidden[-1] if hidden else size
    outputs, left = divmod(count - perceptron_size(size, hidden, 0, normalized), last + 1)
    if left or outputs < 1:
        raise ValueError(f"{count} parameters do not make layers of {hidden}")
    return outputs


def _body(agent: str, learner: dict, settings: dict, tensors: dict, size: int, actions: Actions) -> list[Operation]:
    """From the observation as the agent sees it to the action as it gives it."""
    if agent in ACTORS:
        parameters = _find(tensors, "learner.actor")
        outputs = _outputs(len(parameters), size, learner["hidden"])
        return [*perceptron(parameters, size, learner["hidden"], outputs, learner["activation"]),
                Operation("take", numbers={"first": 0, "count": actions.size}), *_squash(actions)]
    if agent == "crossq":
        hidden = learner.get("hidden") or learner["actor_hidden"]
        parameters = _fold(_find(tensors, "learner.actor"), _find(tensors, "learner.actor_statistics"), size, hidden,
                           2 * actions.size)
        return [*perceptron(parameters, size, hidden, 2 * actions.size, "relu"),
                Operation("take", numbers={"first": 0, "count": actions.size}), *_squash(actions)]
    if agent in ADVANTAGE:
        parameters, normalized = _find(tensors, "learner.network"), bool(learner.get("layer_normalization"))
        outputs = 1 + actions.size + actions.size * (actions.size + 1) // 2
        return [*perceptron(parameters, size, learner["hidden"], outputs, learner["activation"], normalized),
                Operation("take", numbers={"first": 1, "count": actions.size}), *_squash(actions)]
    if agent in STOCHASTIC:
        return _stochastic(learner, settings, _find(tensors, "learner.parameters", "parameters"), size, actions)
    if agent in VALUES:
        return _values(learner, _find(tensors, "learner.network"), size, actions)
    if agent in STUDENTS:
        student = settings.get("student") or settings.get("shared") or learner
        parameters = _find(tensors, f"{STUDENTS[agent]}.network")
        hidden = student["hidden"]
        outputs = _outputs(len(parameters), size, hidden)
        body = perceptron(parameters, size, hidden, outputs, student["activation"])
        if actions.low is None:
            return [*body, Operation("take", numbers={"first": 0, "count": actions.counts[0]}),
                    Operation("argmax", numbers={"counts": actions.counts})]
        return [*body, Operation("take", numbers={"first": 0, "count": actions.size}), *_squash(actions)]
    if agent in GUIDED:
        return _guided(settings, tensors, size, actions)
    table = _find(tensors, "learner.values", "values").astype(np.float32).reshape(size, actions.counts[0])
    return [Operation("affine", {"weight": table, "bias": np.zeros(actions.counts[0], np.float32)}),
            Operation("argmax", numbers={"counts": actions.counts})]


def _squash(actions: Actions) -> list[Operation]:
    return [Operation("tanh"), _scaling(actions.low, actions.high)]


def _scaling(low: np.ndarray, high: np.ndarray) -> Operation:
    half = np.float32(0.5)
    return Operation("scale", {"half": half * (high - low), "center": half * (low + high)})


def _stochastic(learner: dict, settings: dict, parameters: np.ndarray, size: int, actions: Actions) -> list[Operation]:
    policy = learner.get("policy") or settings["policy"]
    choices = sum(2 if count < 2 else count for count in actions.counts)
    needed = choices if actions.low is None else actions.size * (2 if policy.get("spread") == "state" else 1)
    if learner.get("shared_network"):
        needed += 1
    count = perceptron_size(size, policy["hidden"], needed)
    if count > len(parameters):
        raise ValueError(f"{len(parameters)} parameters, {count} expected of the policy alone")
    body = perceptron(parameters[:count], size, policy["hidden"], needed, policy["activation"])
    if actions.low is None:
        return [*body, Operation("take", numbers={"first": 0, "count": choices}),
                Operation("argmax", numbers={"counts": actions.counts})]
    body.append(Operation("take", numbers={"first": 0, "count": actions.size}))
    if policy.get("squashed"):
        return [*body, *_squash(actions)]
    return [*body, Operation("clip", {"low": actions.low, "high": actions.high})]


def _values(learner: dict, parameters: np.ndarray, size: int, actions: Actions) -> list[Operation]:
    hidden, normalized, count = learner["hidden"], bool(learner.get("layer_normalization")), actions.counts[0]
    atoms = 1 if learner.get("distribution", "expected") == "expected" else int(learner["atoms"])
    vectors = count + 1 if learner.get("dueling") else count
    if len(parameters) != perceptron_size(size, hidden, vectors * atoms, normalized):
        raise ValueError("networks with convolutions are not exported")
    operations = perceptron(parameters, size, hidden, vectors * atoms, learner["activation"], normalized)
    if learner.get("dueling"):  # V + A - mean A, a linear map of each atom
        mix = np.full((count + 1, count), -1 / count, np.float32)
        mix[0] = 1
        mix[1:] += np.eye(count, dtype=np.float32)
        weight = np.kron(mix, np.eye(atoms, dtype=np.float32))
        operations.append(Operation("affine", {"weight": weight, "bias": np.zeros(count * atoms, np.float32)}))
    if learner.get("distribution") == "categorical":
        low, span = float(learner["lowest_return"]), float(learner["return_range"])
        operations.append(Operation("expectation", {"atoms": np.linspace(low, low + span, atoms, dtype=np.float32)}))
    elif atoms > 1:
        weight = np.kron(np.eye(count, dtype=np.float32), np.full((atoms, 1), 1 / atoms, np.float32))
        operations.append(Operation("affine", {"weight": weight, "bias": np.zeros(count, np.float32)}))
    return [*operations, Operation("argmax", numbers={"counts": actions.counts})]


def _guided(settings: dict, tensors: dict, size: int, actions: Actions) -> list[Operation]:
    policy = settings.get("policy") or settings["global"]
    parameters = _find(tensors, "global.policy.parameters")
    means, scales = _find(tensors, "global.policy.input_means"), _find(tensors, "global.policy.input_scales")
    outputs = _outputs(len(parameters), len(means), policy["hidden"])
    if len(means) != size:
        raise ValueError("it sees only some components of the observation")
    # its network's outputs are in units of half the actions' range, and not squashed
    return [Operation("standardize", {"mean": means, "scale": 1 / scales}),
            *perceptron(parameters, len(means), policy["hidden"], outputs, policy["activation"]),
            _scaling(actions.low, actions.high), Operation("clip", {"low": actions.low, "high": actions.high})]


def _fold(parameters: np.ndarray, statistics: np.ndarray, size: int, hidden: list[int], outputs: int) -> np.ndarray:
    """Parameters of the plain perceptron that a batch-renormalized one is with its running averages."""
    plain, place, at = [], 0, 0
    widths = [size, *hidden, outputs]
    for a, b in itertools.pairwise(widths):
        gain, shift, weight, bias = np.split(parameters[place:place + 2 * a + a * b + b].astype(np.float32),
                                             [a, 2 * a, 2 * a + a * b])
        mean, variance = statistics[at:at + a], statistics[at + a:at + 2 * a]
        place, at = place + 2 * a + a * b + b, at + 2 * a
        scale = gain / np.sqrt(variance + np.float32(1e-3))
        weight = weight.reshape(a, b)
        plain += [(scale[:, None] * weight).ravel(), bias + (shift - scale * mean) @ weight]
    if place != len(parameters):
        raise ValueError(f"{len(parameters)} parameters do not make layers of {hidden}")
    return np.concatenate(plain)


def _standardization(tensors: dict[str, np.ndarray], size: int, limit: float | None) -> Operation:
    names = [name for name in tensors if re.fullmatch(r"interaction\.environment\.(?!.*scaling).*moments\.mean", name)
             and tensors[name].shape == (size,)]
    if len(names) != 1:
        raise StudyError("the statistics that observations are normalised by are not in the checkpoint")
    start = names[0].removesuffix("mean")
    count = int(tensors[start + "count"])
    mean, scale = np.zeros(size), np.ones(size)
    if count > 1:
        mean, scale = tensors[names[0]], 1 / np.sqrt(tensors[start + "squares"] / count + 1e-8)
    return Operation("standardize", {"mean": mean, "scale": scale}, {"limit": limit, "seen_by_agent": True})


def _environment_actions(environment: str, settings: dict, program: Path | None) -> Actions:
    """What actions the agent's environment takes, wrappers included."""
    actions = _own_actions(environment, settings, program)
    wrappers = settings.get("environment", {}).get("wrappers", {})
    if wrappers.get("rescale_actions") and actions.low is not None:
        return Actions(-np.ones_like(actions.low), np.ones_like(actions.high), [])
    return actions


def environment_bounds(environment: str, settings: dict, program: Path | None) -> tuple[np.ndarray, np.ndarray]:
    actions = _own_actions(environment, settings, program)
    return actions.low, actions.high


def _own_actions(environment: str, settings: dict, program: Path | None) -> Actions:
    if environment.startswith("gymnasium:"):
        return _gymnasium_actions(environment, settings)
    if program is None:
        raise StudyError("the program is not built, which knows the actions of its environments: 'make build'")
    name = environment.removeprefix("tasks:").split("/")[0]
    done = subprocess.run([program, "list", "environments", "--json"], capture_output=True, text=True, timeout=120)
    entry = next((entry for entry in json.loads(done.stdout or "[]") if entry["name"] == name), None)
    if entry is None:
        raise StudyError(f"the program has no environment '{name}'")
    text = entry["action"]
    if found := re.fullmatch(r"(\d+) choices?", text):
        return Actions(None, None, [int(found[1])])
    if found := re.fullmatch(r"(\d+) reals? in (-?[\d.e+-]+?)\.\.\.(-?[\d.e+-]+)", text):
        count = int(found[1])
        return Actions(np.full(count, float(found[2]), np.float32), np.full(count, float(found[3]), np.float32), [])
    raise StudyError(f"the policy's actions in {environment} are not understood: '{text}'")


def _gymnasium_actions(environment: str, settings: dict) -> Actions:
    import gymnasium

    space = gymnasium.make(environment.removeprefix("gymnasium:")).action_space
    if isinstance(space, gymnasium.spaces.Discrete):
        return Actions(None, None, [int(space.n)])
    if isinstance(space, gymnasium.spaces.MultiDiscrete):
        return Actions(None, None, [int(count) for count in space.nvec.ravel()])
    return Actions(space.low.ravel().astype(np.float32), space.high.ravel().astype(np.float32), [])
