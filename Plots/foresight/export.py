"""Writes a run's policy for other programs, and checks what was written against the agent's own actions."""

import math
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from .defaults import find_program
from .layers import Operation, output_size
from .policy import Policy
from .tables import StudyError

SUFFIXES = {"onnx": ".onnx", "safetensors": ".safetensors", "numpy": ".npz", "torch": ".pt"}
TOLERANCE = 1e-5
_TIE = 1e-4
"""Choices whose scores are nearer than this may be taken for each other by another library's sums."""


def write(policy: Policy, path: Path, kind: str) -> None:
    """Writes the policy to `path` in the form `kind`, a key of `SUFFIXES`."""
    arrays, description = policy.arrays()
    if kind == "numpy":
        with open(path, "wb") as file:
            np.savez(file, policy=np.array(description), **arrays)
    elif kind == "safetensors":
        from safetensors.numpy import save_file

        save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, path, {"policy": description})
    elif kind == "onnx":
        _write_onnx(policy, path, description)
    else:
        _write_torch(policy, path)


def run_exported(path: Path, kind: str, observations: np.ndarray) -> np.ndarray:
    """Actions [N, A] as floats that the exported file gives for `observations` [N, D], by the library it is meant for."""
    if kind in ("numpy", "safetensors"):
        return Policy.load(path).core(observations)
    if kind == "onnx":
        runtime = _library("onnxruntime")
        runtime.set_default_logger_severity(3)
        session = runtime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        return session.run(None, {"observation": observations})[0].astype(np.float32)
    torch = _library("torch")
    with torch.no_grad():
        return torch.jit.load(str(path))(torch.from_numpy(observations)).numpy().astype(np.float32)


def own_actions(run: Path, count: int, program: Path | None = None) -> tuple[np.ndarray, np.ndarray]:
    """At least `count` observations [N, D] as the agent saw them in episodes without exploration, and its actions [N, A].

    The program plays them (`foresight collect`).
    """
    program = program or find_program()
    if program is None:
        raise StudyError("the program is not built, which gives the agent's own actions: 'make build'")
    observations, actions, have, episodes = [], [], 0, 5
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(40):
            done = subprocess.run([program, "collect", run, "--out", folder, "--episodes", str(episodes), "--epsilon", "0",
                                   "--seed", str(seed)], capture_output=True, text=True, timeout=600)
            if done.returncode:
                raise StudyError(done.stderr.strip().removeprefix("error: ") or "foresight collect failed")
            for path in sorted(Path(folder).glob(f"episode-{seed}-*.npz")):
                with np.load(path) as file:
                    observations.append(file["observations"][:-1].astype(np.float32))
                    actions.append(file["actions"].astype(np.float32))
                    have += len(actions[-1])
            if have >= count:
                break
            episodes = min(math.ceil(1.2 * (count - have) * len(actions) / max(have, 1)), 10_000)
    return np.concatenate(observations)[:count], np.concatenate(actions)[:count]


def check(
    policy: Policy, path: Path, kind: str, run: Path, count: int = 1000, played: tuple[np.ndarray, np.ndarray] | None = None
) -> float:
    """Largest difference of the exported policy's actions from the agent's own over `count` observations.

    Where the agent sees observations normalised, the policy's own normalisation is undone first; those at its limits are left
    out. Where a wrapper makes other actions of the agent's, these are compared. `played` is what `own_actions` gives, if
    that is known. Raises StudyError when a difference is above `TOLERANCE` times the largest action, or 1.
    """
    seen, actions = played or own_actions(run, count)
    raw, kept = seen, np.ones(len(seen), bool)
    first = policy.operations[0]
    if first.kind == "standardize" and first.numbers.get("seen_by_agent"):
        limit = first.numbers.get("limit")
        if limit is not None:
            kept = (np.abs(seen) < limit).all(axis=1)
        raw = (seen / first.arrays["scale"] + first.arrays["mean"]).astype(np.float32)
    found = run_exported(path, kind, np.ascontiguousarray(raw[kept]))
    wanted = actions[kept]
    for operation in policy.operations:
        if operation.numbers.get("beyond_agent"):
            wanted = operation(wanted)
    differences = np.abs(found - wanted).max(axis=1)
    differences[_are_ties(policy, raw[kept])] = 0
    worst = float(differences.max(initial=0.0))
    if not worst <= TOLERANCE * max(1.0, float(np.abs(wanted).max(initial=0.0))):
        raise StudyError(f"{path}: its actions differ by up to {worst:.3g} from the agent's over {len(wanted)} observations: "
                         "this policy cannot be exported")
    return worst


def _are_ties(policy: Policy, observations: np.ndarray) -> np.ndarray:
    """Rows where two choices are about as good; none where there are no choices."""
    x, counts = observations, []
    for operation in policy.operations:
        if operation.kind == "argmax":
            counts = operation.numbers["counts"]
            break
        x = operation(x)
    ties, place = np.zeros(len(x), bool), 0
    for count in counts:
        best = np.sort(x[:, place:place + count], axis=1)
        ties |= best[:, -1] - best[:, -2] < _TIE * np.maximum(1, np.abs(best[:, -1]))
        place += count
    return ties


def _library(name: str):
    import importlib

    try:
        return importlib.import_module(name)
    except ImportError:
        source = "torch" if name == "torch" else "-r requirements-tools.txt"
        raise StudyError(f"{name} is missing: .venv/bin/pip install {source}") from None


def _write_onnx(policy: Policy, path: Path, description: str) -> None:
    onnx = _library("onnx")
    from onnx import TensorProto, helper, numpy_helper

    nodes, constants = [], []
    current = "observation"

    def constant(array: np.ndarray) -> str:
        name = f"c{len(constants)}"
        constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def node(kind: str, *inputs: str, **attributes) -> str:
        name = f"n{len(nodes)}"
        nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    for operation in policy.operations:
        current = _onnx_operation(operation, current, node, constant, TensorProto)
    kind = TensorProto.INT64 if policy.discrete else TensorProto.FLOAT
    nodes.append(helper.make_node("Cast", [current], ["action"], to=kind))
    graph = helper.make_graph(
        nodes, "policy", [helper.make_tensor_value_info("observation", TensorProto.FLOAT, ["N", policy.observation_size])],
        [helper.make_tensor_value_info("action", kind, ["N", policy.action_size])], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], producer_name="foresight")
    model.ir_version = 9
    helper.set_model_props(model, {"policy": description})
    onnx.checker.check_model(model, full_check=True)
    path.write_bytes(model.SerializeToString())


def _onnx_operation(operation: Operation, x: str, node, constant, types) -> str:
    arrays, numbers = operation.arrays, operation.numbers
    if operation.kind == "standardize":
        y = node("Sub", node("Cast", x, to=types.DOUBLE), constant(arrays["mean"].astype(np.float64)))
        y = node("Cast", node("Mul", y, constant(arrays["scale"].astype(np.float64))), to=types.FLOAT)
        limit = numbers.get("limit")
        return y if limit is None else node("Clip", y, constant(np.float32(-limit)), constant(np.float32(limit)))
    if operation.kind == "affine":
        return node("Gemm", x, constant(arrays["weight"]), constant(arrays["bias"]))
    if operation.kind == "layernorm":
        return node("LayerNormalization", x, constant(arrays["gain"]), constant(arrays["shift"]), axis=-1,
                    epsilon=numbers["epsilon"])
    if operation.kind in ("relu", "tanh"):
        return node(operation.kind.capitalize(), x)
    if operation.kind == "silu":
        return node("Mul", x, node("Sigmoid", x))
    if operation.kind == "take":
        ends = [np.array([value], np.int64) for value in (numbers["first"], numbers["first"] + numbers["count"], 1)]
        return node("Slice", x, constant(ends[0]), constant(ends[1]), constant(ends[2]))
    if operation.kind == "expectation":
        atoms = arrays["atoms"].astype(np.float32)
        shaped = node("Reshape", x, constant(np.array([0, -1, len(atoms)], np.int64)))
        weighted = node("Mul", node("Softmax", shaped, axis=2), constant(atoms))
        return node("ReduceSum", weighted, constant(np.array([2], np.int64)), keepdims=0)
    if operation.kind == "scale":
        return node("Add", node("Mul", x, constant(arrays["half"])), constant(arrays["center"]))
    if operation.kind == "clip":
        return node("Min", node("Max", x, constant(arrays["low"])), constant(arrays["high"]))
    if operation.kind == "argmax":
        parts, place = [], 0
        for count in numbers["counts"]:
            group = Operation("take", numbers={"first": place, "count": count})
            parts.append(node("ArgMax", _onnx_operation(group, x, node, constant, types), axis=1, keepdims=1))
            place += count
        return parts[0] if len(parts) == 1 else node("Concat", *parts, axis=1)
    if operation.kind == "sine":
        return node("Sin", x)
    if operation.kind == "columns":
        return node("Gather", x, constant(np.array(numbers["columns"], np.int64)), axis=1)
    if operation.kind == "lookup":
        index = node("Reshape", node("Cast", x, to=types.INT64), constant(np.array([-1], np.int64)))
        return node("Gather", constant(arrays["table"]), index, axis=0)
    if operation.kind == "convolution":
        weight = arrays["weight"]
        rows, columns = output_size(numbers, len(weight))
        images = node("Reshape", x, constant(np.array([-1, numbers["height"], numbers["width"], weight.shape[2]], np.int64)))
        maps = node("Conv", node("Transpose", images, perm=[0, 3, 1, 2]), constant(weight.transpose(3, 2, 0, 1)),
                    constant(arrays["bias"]), strides=[numbers["stride"]] * 2)
        flat = np.array([-1, rows * columns * weight.shape[3]], np.int64)
        return node("Reshape", node("Transpose", maps, perm=[0, 2, 3, 1]), constant(flat))
    if operation.kind == "radial":
        centers = arrays["centers"]
        row = node("Reshape", node("Cast", x, to=types.DOUBLE), constant(np.array([-1, 1, centers.shape[1]], np.int64)))
        gaps = node("Mul", node("Sub", row, constant(centers)), constant(arrays["inverses"]))
        squares = node("ReduceSum", node("Mul", gaps, gaps), constant(np.array([2], np.int64)), keepdims=0)
        bases = node("Exp", node("Mul", squares, constant(np.float64(-0.5))))
        return node("Cast", node("MatMul", bases, constant(arrays["weights"])), to=types.FLOAT)
    return node("Cast", node("Greater", x, constant(np.float32(0))), to=types.FLOAT)


def _write_torch(policy: Policy, path: Path) -> None:
    torch = _library("torch")

    class Exported(torch.nn.Module):
        """The operations as PyTorch's, with their arrays as buffers."""

        def __init__(self):
            super().__init__()
            for index, operation in enumerate(policy.operations):
                for name, array in operation.arrays.items():
                    self.register_buffer(f"{name}_{index}", torch.from_numpy(np.ascontiguousarray(array)))

        def forward(self, x):
            for index, operation in enumerate(policy.operations):
                buffers = {name: getattr(self, f"{name}_{index}") for name in operation.arrays}
                x = _torch_operation(torch, operation.kind, x, buffers, operation.numbers)
            return x.to(torch.int64) if policy.discrete else x

    module = Exported().eval()
    import warnings

    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TorchScript is deprecated, and the one form that loads without this package
        traced = torch.jit.trace(module, torch.zeros(2, policy.observation_size))
        traced.save(str(path))


def _torch_operation(torch, kind: str, x, arrays: dict, numbers: dict):
    if kind == "standardize":
        y = ((x.double() - arrays["mean"].double()) * arrays["scale"].double()).float()
        limit = numbers.get("limit")
        return y if limit is None else y.clamp(-limit, limit)
    if kind == "affine":
        return torch.addmm(arrays["bias"], x, arrays["weight"])
    if kind == "layernorm":
        return torch.nn.functional.layer_norm(x, x.shape[-1:], arrays["gain"], arrays["shift"], numbers["epsilon"])
    if kind in ("relu", "tanh"):
        return getattr(torch, kind)(x)
    if kind == "silu":
        return torch.nn.functional.silu(x)
    if kind == "take":
        return x[:, numbers["first"]:numbers["first"] + numbers["count"]]
    if kind == "expectation":
        return torch.softmax(x.reshape(x.shape[0], -1, arrays["atoms"].shape[0]), dim=2) @ arrays["atoms"]
    if kind == "scale":
        return arrays["center"] + arrays["half"] * x
    if kind == "clip":
        return torch.minimum(torch.maximum(x, arrays["low"]), arrays["high"])
    if kind == "argmax":
        groups = torch.split(x, numbers["counts"], dim=1)
        return torch.stack([group.argmax(dim=1) for group in groups], dim=1)
    if kind == "sine":
        return torch.sin(x)
    if kind == "columns":
        return x[:, numbers["columns"]]
    if kind == "lookup":
        return arrays["table"][x[:, 0].long()]
    if kind == "convolution":
        weight = arrays["weight"]
        images = x.reshape(-1, numbers["height"], numbers["width"], weight.shape[2]).permute(0, 3, 1, 2)
        maps = torch.nn.functional.conv2d(images, weight.permute(3, 2, 0, 1), arrays["bias"], numbers["stride"])
        rows, columns = output_size(numbers, weight.shape[0])
        return maps.permute(0, 2, 3, 1).reshape(-1, rows * columns * weight.shape[3])
    if kind == "radial":
        gaps = (x.double()[:, None, :] - arrays["centers"]) * arrays["inverses"]
        return (torch.exp(-0.5 * (gaps * gaps).sum(dim=2)) @ arrays["weights"]).float()
    return (x > 0).float()
