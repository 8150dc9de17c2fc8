"""Reads a run's policy from its newest checkpoint: which tensors it is in, by the agent that wrote them."""

import itertools
import json
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .defaults import find_program
from .layers import Operation, output_size, perceptron, perceptron_size
from .policy import Policy
from .tables import StudyError

ACTORS = {"sac", "redq", "droq", "mbpo", "mve", "dyna", "td3", "ddpg", "mve-td3", "mve-ddpg", "dyna-td3", "dyna-ddpg",
          "policy-backpropagation", "cql", "mopo", "steve"}
ADVANTAGE = {"naf", "naf-workers", "dyna-naf", "mba"}
STOCHASTIC = {"reinforce", "actor-critic", "a2c", "npg", "trpo", "ppo", "kl-penalty", "me-trpo", "me-ppo", "behaviour-cloning",
              "dagger"}
VALUES = {"dqn", "double-dqn", "dueling-dqn", "per-dqn", "c51", "qr-dqn", "noisy-dqn", "rainbow", "online-q", "batch-q",
          "dyna-dqn"}
STUDENTS = {"distill": "student", "distill-dqn": "student", "distral": "shared", "divide-and-conquer": "shared"}
GUIDED = {"gps-badmm", "gps-mirror"}
TABLES = {"sarsa", "q-learning", "dyna-q", "double-q-learning", "policy-iteration", "value-iteration"}
SEARCHED = {"pilco", "mc-pilco"}
REGRESSED = {"iql", "crossq", "fitted-q"}
WHY_NOT = {
    "random": "random has no policy: its actions are drawn uniformly",
    "lqr-flm": "lqr-flm has a controller for each start and time step, no policy of observations; gps-mirror and gps-badmm "
               "fit one to such controllers",
    "maximized-q": "maximized-q searches for the action of the greatest value at each step; td3 and naf learn a policy",
    "qt-opt": "qt-opt searches for the action of the greatest value at each step; td3 and naf learn a policy",
    "td-lambda": "td-lambda values a policy and learns none",
}
_SHOWN = {"grayscale": "in gray", "resized": "resized", "frame_stack": "{} together, oldest first"}
_CONVOLUTIONS = {"nature": [[32, 8, 4], [64, 4, 2], [64, 3, 1]], "small": [[16, 3, 1]]}
_NATURE_FROM = 36
"""Rows and columns of images from which `learner.convolution=auto` is `nature`."""


@dataclass(frozen=True)
class Actions:
    """What actions an environment takes."""

    low: np.ndarray | None
    high: np.ndarray | None
    counts: list[int]

    @staticmethod
    def of(told: dict) -> "Actions":
        """As `foresight export spaces` tells them; a bound that is none is null."""
        if "counts" in told:
            return Actions(None, None, [int(count) for count in told["counts"]])
        low, high = ([sign * np.inf if bound is None else bound for bound in told[name]]
                     for name, sign in (("low", -1), ("high", 1)))
        return Actions(np.array(low, np.float32), np.array(high, np.float32), [])

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
    spaces = _spaces(run, program or find_program())
    actions, own = Actions.of(spaces["action"]), Actions.of(spaces["own_action"])
    size = _observation_size(tensors)
    try:
        operations = _body(agent, settings.get("learner", {}), settings, tensors, size, actions, spaces)
    except (KeyError, IndexError, ValueError) as error:
        raise StudyError(f"{path}: the policy of {agent} is not there as expected: {error}") from error
    wrappers = settings.get("environment", {}).get("wrappers", {})
    if _steps(wrappers) is not None:
        table = {"table": _grid(own, _steps(wrappers))}
        operations.append(Operation("lookup", table, {"beyond_agent": True}))
    elif wrappers.get("rescale_actions") and actions.low is not None:
        operations.append(Operation("clip", {"low": actions.low, "high": actions.high}, {"beyond_agent": True}))
        scaling = _scaling(own.low, own.high)
        operations.append(Operation(scaling.kind, scaling.arrays, {"beyond_agent": True}))
    if wrappers.get("normalize_observations"):
        operations.insert(0, _standardization(tensors, size, wrappers.get("normalized_limit")))
    steps = path.stem.split("-")[-1]
    return Policy(operations, size, own.size, own.low is None,
                  f"{manifest['label']} in {environment}, seed {manifest['seed']}, {steps} steps", _shown(wrappers))


def _steps(wrappers: dict) -> int | None:
    """Values of each component that the agent chooses from, where the environment's actions are reals."""
    steps = wrappers.get("discretized_actions")
    return steps if isinstance(steps, int) else None


def _grid(own: Actions, steps: int) -> np.ndarray:
    """The action of each choice [N, A]: component c has the value number (choice / steps^c) mod steps."""
    places = np.arange(steps ** own.size)[:, None] // steps ** np.arange(own.size) % steps
    share = (places / np.float32(steps - 1)).astype(np.float32)
    return own.low * (1 - share) + own.high * share


def _shown(wrappers: dict) -> str:
    """How wrappers show observations, in words; nothing where they are the environment's own."""
    without = {"grayscale": False, "resized": [], "frame_stack": 1}
    return ", ".join(words.format(wrappers[name]) for name, words in _SHOWN.items()
                     if wrappers.get(name, without[name]) != without[name])


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
    if agent in WHY_NOT:
        raise StudyError(WHY_NOT[agent])
    known = {*ACTORS, *ADVANTAGE, *STOCHASTIC, *VALUES, *STUDENTS, *GUIDED, *TABLES, *SEARCHED, *REGRESSED}
    if agent not in known and "planner" in settings:
        raise StudyError(f"{agent} plans each action anew and has no policy that could be exported: 'behaviour-cloning' or "
                         "'dagger' fit one to an expert's decisions, and 'distill' trains one from teachers")
    if agent not in known:
        raise StudyError(f"the policy of {agent} cannot be exported")
    for group in ("tasks", "parts"):
        if agent in ("distral", "divide-and-conquer") and settings.get(group, {}).get("evaluated") == "parts":
            raise StudyError(f"{agent} is evaluated with policies of its {group}: with {group}.evaluated=shared it is exported")
    regressor = settings.get("learner", {}).get("regressor")
    if agent == "fitted-q" and regressor != "neural":
        raise StudyError(f"what learner.regressor={regressor} fits is no network: of fitted-q, learner.regressor=neural is "
                         "exported")


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


def _body(
    agent: str, learner: dict, settings: dict, tensors: dict, size: int, actions: Actions, spaces: dict
) -> list[Operation]:
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
        return _values(learner, _find(tensors, "learner.network"), size, actions, spaces)
    if agent == "iql":
        parameters = _find(tensors, "learner.actor")
        hidden = learner["hidden"]
        parameters = parameters[:perceptron_size(size, hidden, actions.size)]  # the deviations' logarithms follow
        return [*perceptron(parameters, size, hidden, actions.size, learner["activation"]), *_squash(actions)]
    if agent == "fitted-q":
        latent = learner.get("latent") or {}
        front = _encoder(latent, tensors, size, spaces) if latent.get("size") else []
        return [*front, *_regressed(learner["neural"], tensors, latent.get("size") or size, actions)]
    if agent in SEARCHED:
        return _searched(agent, learner, _find(tensors, "policy", "learner.policy"), size, actions)
    if agent in STUDENTS:
        student = settings.get("student") or settings.get("shared") or learner
        parameters = _find(tensors, f"{STUDENTS[agent]}.network")
        hidden = student["hidden"]
        front = []
        if agent == "distral":  # which does not see the code of the task, the last of the observation
            outputs = 2 * actions.size
            seen = next((n for n in range(size, 0, -1) if perceptron_size(n, hidden, outputs) == len(parameters)), size)
            front, size = [Operation("columns", numbers={"columns": list(range(seen))})], seen
        outputs = _outputs(len(parameters), size, hidden)
        body = front + perceptron(parameters, size, hidden, outputs, student["activation"])
        if actions.low is None:
            return [*body, Operation("take", numbers={"first": 0, "count": actions.counts[0]}),
                    Operation("argmax", numbers={"counts": actions.counts})]
        return [*body, Operation("take", numbers={"first": 0, "count": actions.size}), *_squash(actions)]
    if agent in GUIDED:
        return _guided(settings, tensors, size, actions)
    return _table(agent, tensors, size, actions)


def _table(agent: str, tensors: dict, size: int, actions: Actions) -> list[Operation]:
    """Of one-hot observations."""
    if agent in ("policy-iteration", "value-iteration"):
        table = np.eye(actions.counts[0], dtype=np.float32)[_find(tensors, "actions").astype(np.int64)]
    elif agent == "double-q-learning":
        table = _find(tensors, "first") + _find(tensors, "second")
    else:
        table = _find(tensors, "learner.values", "values")
    table = table.astype(np.float32).reshape(size, actions.counts[0])
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


def _searched(agent: str, learner: dict, parameters: np.ndarray, size: int, actions: Actions) -> list[Operation]:
    """Radial basis functions: centers, logarithms of lengths, weights [A, B]."""
    bases = int(learner["bases"])
    centers, lengths, weights = np.split(parameters.astype(np.float64), [bases * size, bases * size + size])
    centers = centers.reshape(size, bases).T if agent == "mc-pilco" else centers.reshape(bases, size)
    radial = {"centers": np.ascontiguousarray(centers), "inverses": np.exp(-lengths),
              "weights": np.ascontiguousarray(weights.reshape(actions.size, bases).T)}
    return [Operation("radial", radial), Operation("tanh" if agent == "mc-pilco" else "sine"),
            _scaling(actions.low, actions.high)]


def _regressed(neural: dict, tensors: dict, size: int, actions: Actions) -> list[Operation]:
    """A network of observation and one-hot action with one output, evaluated for all actions side by side."""
    count = actions.counts[0]
    if not _find(tensors, "is_fitted"):
        return [Operation("affine", {"weight": np.zeros((size, count), np.float32), "bias": np.zeros(count, np.float32)}),
                Operation("argmax", numbers={"counts": actions.counts})]
    offset, scale = (_find(tensors, f"scaling.{name}").astype(np.float64) for name in ("offset", "scale"))
    operations = [Operation("standardize", {"mean": offset, "scale": scale})]
    layers = perceptron(_find(tensors, "learner.parameters", "parameters"), size + count, neural["hidden"], 1,
                        neural["activation"])
    for index, layer in enumerate(layers):
        if layer.kind != "affine":
            operations.append(layer)
            continue
        weight, bias = layer.arrays["weight"], np.tile(layer.arrays["bias"], count)
        if index == 0:
            bias = bias + weight[size:].ravel()
            weight = np.tile(weight[:size], count)
        else:
            weight = np.kron(np.eye(count, dtype=np.float32), weight)
        operations.append(Operation("affine", {"weight": weight, "bias": bias}))
    return [*operations, Operation("argmax", numbers={"counts": actions.counts})]


def read_encoder(run: Path, program: Path | None = None) -> tuple[Path, list[Operation]]:
    """The newest checkpoint of the run in `run` and the operations from observations to codes; raises StudyError where the
    agent has no autoencoder."""
    manifest = read_manifest(run)
    latent = manifest["settings"].get("learner", {}).get("latent") or {}
    if not latent.get("size"):
        raise StudyError(f"{run}: {manifest['label']} has no autoencoder (learner.latent.size)")
    path = newest_checkpoint(run)
    tensors = _read(path)
    spaces = _spaces(run, program or find_program()) if latent["convolution"] != "none" else {}
    return path, _encoder(latent, tensors, _observation_size(tensors), spaces)


def _encoder(latent: dict, tensors: dict, size: int, spaces: dict) -> list[Operation]:
    """From observations to the codes of an autoencoder, whose decoder's parameters follow."""
    offset, scale = (_find(tensors, f"latent.scaling.{name}").astype(np.float64) for name in ("offset", "scale"))
    parameters = _find(tensors, "latent.parameters")
    front, place = [], 0
    if latent["convolution"] != "none":
        front, place, size = _convolutions(latent["convolution"], parameters, {**spaces, "maximum": 1}, latent["activation"])
    end = place + perceptron_size(size, latent["hidden"], latent["size"])
    layers = perceptron(parameters[place:end], size, latent["hidden"], latent["size"], latent["activation"])
    return [Operation("standardize", {"mean": offset, "scale": scale}), *front, *layers]


def _convolutions(choice, parameters: np.ndarray, spaces: dict, activation: str) -> tuple[list[Operation], int, int]:
    """Convolutions of images, how many parameters they have, and how many numbers come out."""
    height, width, channels = image = spaces.get("image") or [0, 0, 0]
    if not isinstance(choice, list):
        if choice not in ("none", "nature", "small"):  # auto
            least = min(image[:2])
            choice = "nature" if least >= _NATURE_FROM else "small" if least >= 3 else "none"
        choice = _CONVOLUTIONS.get(choice, [])
    operations, place = [], 0
    for index, (filters, kernel, stride) in enumerate(choice):
        count = kernel * kernel * channels * filters
        weight = parameters[place:place + count].astype(np.float32).reshape(kernel, kernel, channels, filters)
        if index == 0:
            weight = weight * np.float32(1 / np.float32(spaces["maximum"]))
        bias = parameters[place + count:place + count + filters].astype(np.float32)
        numbers = {"height": height, "width": width, "stride": stride}
        operations += [Operation("convolution", {"weight": weight, "bias": bias}, numbers), Operation(activation)]
        place += count + filters
        (height, width), channels = output_size(numbers, kernel), filters
    return operations, place, height * width * channels


def _values(learner: dict, parameters: np.ndarray, size: int, actions: Actions, spaces: dict) -> list[Operation]:
    hidden, normalized, count = learner["hidden"], bool(learner.get("layer_normalization")), actions.counts[0]
    front, place, outputs = _convolutions(learner.get("convolution"), parameters, spaces, learner["activation"])
    if front:
        parameters, size = parameters[place:], outputs
    atoms = 1 if learner.get("distribution", "expected") == "expected" else int(learner["atoms"])
    vectors = count + 1 if learner.get("dueling") else count
    if len(parameters) != perceptron_size(size, hidden, vectors * atoms, normalized):
        raise ValueError(f"{len(parameters)} parameters do not make layers of {hidden}")
    operations = front + perceptron(parameters, size, hidden, vectors * atoms, learner["activation"], normalized)
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
    observed = settings.get("guided", {}).get("observed") or []
    seen = [Operation("columns", numbers={"columns": observed})] if observed else []
    # its network's outputs are in units of half the actions' range, and not squashed
    return [*seen, Operation("standardize", {"mean": means, "scale": 1 / scales}),
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


def _spaces(run: Path, program: Path | None) -> dict:
    """Observations and actions of the run's environment, wrappers included, and its own actions without them."""
    if program is None:
        raise StudyError("the program is not built, which knows the actions of its environments: 'make build'")
    done = subprocess.run([program, "export", "spaces", run], capture_output=True, text=True, timeout=120)
    if done.returncode:
        raise StudyError(done.stderr.strip().removeprefix("error: ") or "foresight export spaces failed")
    return json.loads(done.stdout)
