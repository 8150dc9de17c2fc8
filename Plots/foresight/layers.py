"""The operations that policies are made of, in NumPy: a row of observations [N, D] in, actions [N, A] out."""

import itertools
from dataclasses import dataclass, field

import numpy as np

ACTIVATIONS = ("relu", "tanh", "silu")


@dataclass(frozen=True)
class Operation:
    """One step of a policy: its kind, its arrays and its numbers.

    | kind | arrays | numbers | what it does |
    | --- | --- | --- | --- |
    | standardize | mean, scale (float64) | limit, seen_by_agent | (x - mean) * scale in double precision, limited to ±limit |
    | affine | weight [in, out], bias [out] | | x W + b |
    | layernorm | gain, shift | epsilon | normalises each row, then gain * x + shift |
    | relu, tanh, silu | | | |
    | take | | first, count | columns from `first` on |
    | expectation | atoms [n] | | rows of n logits become the mean of the atoms under their softmax |
    | scale | half, center | | center + half * x |
    | clip | low, high | | |
    | argmax | | counts | index of the largest of each group of columns, the first of equals |
    | step | | | 1 where x > 0, else 0 |
    | sine | | | |
    | columns | | columns | these columns, in this order |
    | lookup | table [n, A] | | the row of the table whose number x is |
    | convolution | weight [k, k, in, out], bias [out] | height, width, stride | of images [height, width, in] as rows |
    | radial | centers [B, D], inverses [D], weights [B, A] (float64) | | exp(-|(x - c) * inverses|² / 2) W, in double |

    `seen_by_agent` says that it is the environment's wrapper: the agent sees what comes out. `beyond_agent` says the same of
    actions: the agent gives what goes in.
    """

    kind: str
    arrays: dict[str, np.ndarray] = field(default_factory=dict)
    numbers: dict[str, object] = field(default_factory=dict)

    def __call__(self, x: np.ndarray) -> np.ndarray:
        return _KINDS[self.kind](x, self.arrays, self.numbers)


def _standardize(x, arrays, numbers):
    y = ((x.astype(np.float64) - arrays["mean"]) * arrays["scale"]).astype(np.float32)
    limit = numbers.get("limit")
    return y if limit is None else np.clip(y, np.float32(-limit), np.float32(limit))


def _layernorm(x, arrays, numbers):
    centered = x - x.mean(axis=1, keepdims=True)
    deviation = np.sqrt((centered * centered).mean(axis=1, keepdims=True) + np.float32(numbers["epsilon"]))
    return arrays["gain"] * (centered / deviation) + arrays["shift"]


def _silu(x, *_):
    return x / (1 + np.exp(-np.clip(x, -80, None)))


def _expectation(x, arrays, _):
    logits = x.reshape(len(x), -1, len(arrays["atoms"]))
    weights = np.exp(logits - logits.max(axis=2, keepdims=True))
    return (weights @ arrays["atoms"]) / weights.sum(axis=2)


def _argmax(x, _, numbers):
    ends = np.cumsum(numbers["counts"])
    return np.stack([x[:, end - count:end].argmax(axis=1) for end, count in zip(ends, numbers["counts"])],
                    axis=1).astype(np.float32)


_IMAGES_AT_ONCE = 64


def _convolution(x, arrays, numbers):
    weight, stride = arrays["weight"], numbers["stride"]
    kernel, _, channels, filters = weight.shape
    rows, columns = output_size(numbers, kernel)
    maps = np.empty((len(x), rows * columns * filters), np.float32)
    for first in range(0, len(x), _IMAGES_AT_ONCE):
        images = x[first:first + _IMAGES_AT_ONCE].reshape(-1, numbers["height"], numbers["width"], channels)
        windows = np.lib.stride_tricks.sliding_window_view(images, (kernel, kernel), axis=(1, 2))[:, ::stride, ::stride]
        patches = windows.transpose(0, 1, 2, 4, 5, 3).reshape(-1, weight[..., 0].size)
        maps[first:first + len(images)] = (patches @ weight.reshape(-1, filters) + arrays["bias"]).reshape(len(images), -1)
    return maps


def output_size(numbers: dict, kernel: int) -> tuple[int, int]:
    """Rows and columns of a convolution's maps."""
    return ((numbers["height"] - kernel) // numbers["stride"] + 1, (numbers["width"] - kernel) // numbers["stride"] + 1)


def _radial(x, arrays, _):
    gaps = (x.astype(np.float64)[:, None, :] - arrays["centers"]) * arrays["inverses"]
    return (np.exp(-0.5 * (gaps * gaps).sum(axis=2)) @ arrays["weights"]).astype(np.float32)


_KINDS = {
    "standardize": _standardize,
    "affine": lambda x, arrays, _: x @ arrays["weight"] + arrays["bias"],
    "layernorm": _layernorm,
    "relu": lambda x, *_: np.maximum(x, 0),
    "tanh": lambda x, *_: np.tanh(x),
    "silu": _silu,
    "take": lambda x, _, numbers: x[:, numbers["first"]:numbers["first"] + numbers["count"]],
    "expectation": _expectation,
    "scale": lambda x, arrays, _: arrays["center"] + arrays["half"] * x,
    "clip": lambda x, arrays, _: np.clip(x, arrays["low"], arrays["high"]),
    "argmax": _argmax,
    "step": lambda x, *_: (x > 0).astype(np.float32),
    "sine": lambda x, *_: np.sin(x),
    "columns": lambda x, _, numbers: x[:, numbers["columns"]],
    "lookup": lambda x, arrays, _: arrays["table"][x[:, 0].astype(np.int64)],
    "convolution": _convolution,
    "radial": _radial,
}


def perceptron_size(inputs: int, hidden: list[int], outputs: int, normalized: bool = False) -> int:
    """Floats of a perceptron's parameters."""
    widths = [inputs, *hidden, outputs]
    return sum(a * b + b for a, b in itertools.pairwise(widths)) + (sum(hidden) if normalized else 0)


def perceptron(
    parameters: np.ndarray, inputs: int, hidden: list[int], outputs: int, activation: str, normalized: bool = False
) -> list[Operation]:
    """Operations of a perceptron, whose flat parameters are, layer by layer, weights [in, out], biases and perhaps gains."""
    operations, place = [], 0

    def following(count: int) -> np.ndarray:
        nonlocal place
        place += count
        return parameters[place - count:place].astype(np.float32)

    widths = [inputs, *hidden, outputs]
    for index, (a, b) in enumerate(itertools.pairwise(widths)):
        weight, bias = following(a * b).reshape(a, b), following(b)
        if normalized and index < len(hidden):
            operations += [Operation("affine", {"weight": weight, "bias": np.zeros_like(bias)}),
                           Operation("layernorm", {"gain": following(b), "shift": bias}, {"epsilon": 1e-5})]
        else:
            operations.append(Operation("affine", {"weight": weight, "bias": bias}))
        if index < len(hidden):
            operations.append(Operation(activation))
    return operations
