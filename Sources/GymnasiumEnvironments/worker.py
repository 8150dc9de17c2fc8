"""Steps Gymnasium environments for Foresight, which starts this file in a process of its own and talks to it as follows.

Standard input is a stream socket for *messages*, standard output one for the *bell*; both are moved elsewhere at once, so
that environments may print (to the standard error output). The process leaves when Foresight closes its ends, and is ended
with it if it is ended. A second small process, the *guard*, then ends whatever environments have started.

Messages, in both directions, are a JSON object and bytes after it:

    uint32 length of the JSON, uint32 length of the bytes, JSON, bytes

The first message is the worker's: {"control": descriptor, "gymnasium": version, "processors": that the two processes may run
on}, or {"error": ...}. The descriptor belongs
to a memory file of one page of uint64 words, the *control page*:

    0 REQUEST  number of the last request; the client counts it up once the rest is written
    1 REPLY    number of the last request that is done
    2 ASLEEP   1 while the worker waits for the bell
    3 WAITING  1 while the client waits for the bell
    4 KIND     of the request: 0 a message follows, 1 reset a group, 2 step a group, 3 score steps
    5 GROUP    the group to reset or step, or whose functions score
    6 FAILED   1 when a request but a message ended with an error; a message {"error": ...} says which
    7 COUNT    steps to score

REPLY follows resets, steps and scores only: the answer to a message is a message.

Whoever waits looks at the counters for some times as long as that usually takes, and then sleeps until a byte arrives at the
bell. What usually takes long is slept for at once, and after looks in vain more and more waits are: on a busy machine looking
would only take the processor from whom it waits for.

A *group* is some environments of one kind that are stepped together, with a memory file of its own. Its blocks start at
multiples of 64 bytes, in this order, for n environments:

    actions       [n, A] int64 choices, or float32
    seeds         [n] uint64: of the next reset
    rewards       [n] float64
    endings       [n] uint8: 0 none, 1 terminated, 2 truncated
    observations  [n, D] float32, or uint8 where the space is of bytes
    finals        [n, D] likewise: the last observation of an episode that has ended

A group opened with "scores" R has room for R steps to score by the functions `rewards` and `terminations` of its first
environment, which "known" says it has:

    score_states        [R, D] float32
    score_actions       [R, A] float32
    score_next          [R, D] float32
    score_rewards       [R] float32
    score_terminations  [R] uint8

A step with "renews" starts a new episode, with the seed given, wherever one ended: then `finals` has the last observation
and `observations` the first one of the new episode. Without it, `observations` has the last one.

Message requests: {"do": "open", "id", "module", "arguments", "step_limit", "count", "renews", "renders", "scores"} answers
with the spaces, the group's number, its memory file's descriptor, the offsets of its blocks, which functions it has and
what it is made of; {"do": "close", "group"}; {"do": "draw", "group"}, of a group opened with "renders", answers {"height",
"width"} and the first environment's pixels, red, green and blue from the top left; {"do": "save", "group"} answers with the
environments' state as bytes, or {"refused": why} where that state cannot be saved; {"do": "restore", "group"} takes those
bytes. The answer to a request that failed is {"error": {"kind", "message", "traceback"}}.
"""

import contextlib
import ctypes
import faulthandler
import hashlib
import importlib
import importlib.metadata
import importlib.util
import inspect
import io
import json
import math
import mmap
import os
import platform
import select
import signal
import struct
import sys
import sysconfig
import threading
import time
import traceback

for library in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(library, "1")  # one environment step is no work for several threads

REQUEST, REPLY, ASLEEP, WAITING, KIND, GROUP, FAILED, COUNT = range(8)
MESSAGE, RESET, STEP, SCORE = range(4)
IS_ORDERED = platform.machine() in ("x86_64", "AMD64")
PROCESSORS = len(os.sched_getaffinity(0))
# Counters may be looked at where memory is strongly ordered and the client has a processor of its own: at least so many
# nanoseconds, and only while requests usually come within so many.
CAN_LOOK = IS_ORDERED and PROCESSORS > 1
PATIENCE, LONG = 60_000, 200_000
TRACEBACK_LINES = 12  # of an exception that are shown: the last calls
WATCHED_STEPS = 2000  # of each environment: what it sends is checked in every respect
PLUGINS = set()  # entry points whose environments are registered


class Refused(Exception):
    """Something the user must mend, of which a traceback tells nothing."""

    def __init__(self, kind, message):
        super().__init__(message)
        self.kind = kind


class Unpicklable(Exception):
    """An environment whose state cannot be saved."""


def last_line(error):
    """What an exception says, on one line."""
    text = " ".join("".join(traceback.format_exception_only(error)).split())
    return text if len(text) <= 300 else text[:297] + "..."


def shortened(lines, most):
    """The last lines of a text, and how many there were before."""
    return lines if len(lines) <= most else [f"  ... {len(lines) - most} lines before these", *lines[-most:]]


def error_text(error):
    """What to send about an exception: kind, message, and the traceback below the frames of this file."""
    if isinstance(error, Refused):
        return {"kind": error.kind, "message": str(error), "traceback": ""}
    frames = error.__traceback__
    while frames is not None and frames.tb_frame.f_code.co_filename == __file__:
        frames = frames.tb_next
    text = "".join(traceback.format_exception(type(error), error, frames)).rstrip()
    lines = shortened([abridged(line, 400) for line in text.splitlines()], TRACEBACK_LINES)
    message = "".join(traceback.format_exception_only(error)).strip().splitlines()
    message = [abridged(line, 400) for line in message[:5]]
    return {"kind": "python", "message": "\n".join(message), "traceback": "\n".join(lines)}


def abridged(text, limit):
    """A text of any length without its middle, in characters that can be encoded."""
    text = text.encode("utf-8", "backslashreplace").decode()
    if len(text) <= limit:
        return text
    return f"{text[: limit // 2]} [... {len(text) - limit} characters ...] {text[-(limit // 2) :]}"


# ---------------------------------------------------------------------------------------------------------- making


def load_module(name):
    """Imports a module by name, or from a file that ends in .py."""
    try:
        if not name.endswith(".py"):
            importlib.import_module(name)
            return
        path = os.path.abspath(os.path.expanduser(name))
        if not os.path.exists(path):
            raise Refused("module", f"there is no file {path}")
        stem = os.path.splitext(os.path.basename(path))[0]
        if stem in sys.stdlib_module_names or getattr(sys.modules.get(stem), "__file__", path) != path:
            stem = f"user_{stem}"  # a module of that name is needed by others
        if stem in sys.modules:
            return
        place_folder(os.path.dirname(path))
        spec = importlib.util.spec_from_file_location(stem, path)
        sys.modules[stem] = module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    except ModuleNotFoundError as error:
        if error.name == name.split(".")[0]:
            raise Refused("module", f"there is no Python module '{name}' (looked for in {os.getcwd()} too)") from None
        raise


def place_folder(folder):
    """Has modules beside a user's file found before installed packages, and after those of Python itself."""
    if folder in sys.path:
        return
    own = [os.path.abspath(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib")]
    own += [os.path.join(path, "lib-dynload") for path in own]
    places = [i for i, path in enumerate(sys.path) if os.path.abspath(path) in own]
    sys.path.insert(max(places, default=-1) + 1, folder)


def register_plugins(module):
    """Registers the environments of a module's package that has an entry point of `gymnasium.envs` for it."""
    root = module.split(".")[0]
    for point in importlib.metadata.entry_points(group="gymnasium.envs"):
        if point.module.split(".")[0] == root and point.value not in PLUGINS:
            PLUGINS.add(point.value)
            point.load()()


def missing_package(error, identifier):
    """The pip requirement that mends a failed import, or None."""
    seen = error
    while seen is not None:
        text = str(seen)
        for extra in ("box2d", "mujoco", "atari", "toy-text", "classic-control"):
            if f"gymnasium[{extra}]" in text:
                return f"'gymnasium[{extra}]'"
        if isinstance(seen, ModuleNotFoundError) and seen.name:
            source = "".join(traceback.format_tb(seen.__traceback__))
            if os.path.join("gymnasium", "envs", "mujoco") in source:
                return "'gymnasium[mujoco]'"
            return seen.name.split(".")[0]
        seen = seen.__cause__ or seen.__context__
    if type(error).__name__ == "NamespaceNotFound" and identifier.startswith("ALE/"):
        return "ale-py"
    return None


def make_environment(request):
    """One environment as `gymnasium.make` gives it."""
    import gymnasium

    identifier, arguments = request["id"], json.loads(request["arguments"])
    if request.get("module"):
        load_module(request["module"])
        if not request["module"].endswith(".py"):
            register_plugins(request["module"])
    if identifier.startswith("ALE/"):
        try:
            import ale_py

            gymnasium.register_envs(ale_py)
        except ModuleNotFoundError:
            pass
    if request.get("step_limit"):
        arguments["max_episode_steps"] = request["step_limit"]
    if request.get("renders"):
        arguments["render_mode"] = "rgb_array"
    try:
        return without_options(gymnasium.make(identifier, **arguments))
    except (gymnasium.error.Error, ImportError) as error:
        package = missing_package(error, identifier)
        if package:
            mend = f"{sys.executable} -m pip install {package}"
            raise Refused("package", f"{error}; install what is missing with: {mend}") from None
        if isinstance(error, gymnasium.error.Error):
            raise Refused("unknown", str(error)) from None
        raise
    except TypeError as error:
        if request.get("renders") and "'render_mode'" in str(error):
            raise Refused("picture", "it cannot be drawn: it takes no render_mode") from None
        if "got an unexpected keyword argument" in str(error):
            raise Refused("arguments", str(error).splitlines()[0]) from None
        raise


def without_options(environment):
    """The environment with every layer whose `reset` does not take `options` in another one that does."""
    import gymnasium

    outer, layer = None, environment
    while layer is not None:
        parameters = inspect.signature(layer.reset).parameters
        if not any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
            if "seed" not in parameters:
                raise Refused("reset", f"reset of {type(layer).__name__} takes no seed, so that no run could be repeated")
            if "options" not in parameters:
                if outer is None:
                    environment = WithoutOptions(layer)
                else:
                    outer.env = WithoutOptions(layer)
        outer, layer = layer, layer.env if isinstance(layer, gymnasium.Wrapper) else None
    return environment


def draw_without_a_screen():
    """Has the libraries that environments draw with do without a screen; before they are imported."""
    os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
    os.environ.setdefault("SDL_AUDIODRIVER", "dummy")
    for name, library in (("egl", "libEGL.so.1"), ("osmesa", "libOSMesa.so.8")):
        try:
            ctypes.CDLL(library)
        except OSError:
            continue
        os.environ.setdefault("MUJOCO_GL", name)


def pixels(environment):
    """What an environment draws: rows of red, green and blue bytes."""
    import numpy

    try:
        drawn = environment.render()
    except Exception as error:
        raise Refused("picture", f"it cannot be drawn: {last_line(error)}") from None
    if not isinstance(drawn, numpy.ndarray) or drawn.dtype != numpy.uint8 or drawn.ndim != 3 or drawn.shape[2] != 3:
        what = f"{drawn.dtype} numbers of shape {drawn.shape}" if isinstance(drawn, numpy.ndarray) else repr(drawn)[:80]
        raise Refused("picture", f"it cannot be drawn: render() returned {what}, not rows of red, green and blue bytes")
    return numpy.ascontiguousarray(drawn)


# ---------------------------------------------------------------------------------------------------------- spaces


MOST_NUMBERS = 1 << 28  # of an observation
MOST_CHOICES = 1 << 24  # what 32-bit floats can count


def is_flattenable(space):
    """Whether a vector of fixed length can hold a space's values; no space of a user's own type says so."""
    from gymnasium import spaces

    if isinstance(space, spaces.Dict):
        return all(map(is_flattenable, space.spaces.values()))
    if isinstance(space, (spaces.Tuple, spaces.OneOf)):
        return all(map(is_flattenable, space.spaces))
    return isinstance(space, (spaces.Box, spaces.Discrete, spaces.MultiDiscrete, spaces.MultiBinary, spaces.Text))


def unflattenable(space, path="observation"):
    """Where in a space the part is that no vector of fixed length can hold."""
    from gymnasium import spaces

    parts = ()
    if isinstance(space, spaces.Dict):
        parts = space.spaces.items()
    elif isinstance(space, (spaces.Tuple, spaces.OneOf)):
        parts = enumerate(space.spaces)
    for key, part in parts:
        if not is_flattenable(part):
            return unflattenable(part, f"{path}[{key!r}]")
    return f"{path} of type {type(space).__name__}"


class Mismatch(Exception):
    """Something that an environment sent and that is not in the space it declared."""


def words(value):
    """What a value is, on one line."""
    text = " ".join(repr(value).split())
    text = text if len(text) <= 120 else text[:117] + "..."
    shape, kind = getattr(value, "shape", None), getattr(value, "dtype", None)
    return f"{text} (shape {shape}, {kind})" if shape is not None else f"{text} ({type(value).__name__})"


def sent(value, path):
    """An observation, or what its part at `path` is, in words."""
    return f"an observation whose part {path} is {words(value)}" if path else f"the observation {words(value)}"


def numbers(space, value):
    """A value of a space of numbers as an array of the space's shape, or None."""
    import numpy

    try:
        array = value if isinstance(value, numpy.ndarray) else numpy.asarray(value)
    except Exception:
        return None
    return array if array.dtype.kind in "biuf" and array.shape == space.shape else None


def check(space, value, shown=None, path=""):
    """Raises Mismatch where a value is not of a space's kind and shape, or could not travel as it is.

    Reals beyond the bounds of a box travel as they are: `shown` is told of the first.
    """
    import numpy
    from gymnasium import spaces

    def refuse():
        raise Mismatch(f"{sent(value, path)}, but {space} was declared")

    if isinstance(space, spaces.Box):
        array = numbers(space, value)
        if array is None:
            refuse()
        if space.dtype.kind in "biu" and array.dtype != space.dtype:
            if not ((array == numpy.rint(array)) & (array >= space.low) & (array <= space.high)).all():
                refuse()
        elif shown is not None and ((array < space.low) | (array > space.high)).any():
            shown(f"{sent(value, path)}, beyond the bounds of {space}")
    elif isinstance(space, spaces.Discrete):
        whole = isinstance(value, (int, numpy.integer))
        if not whole and not (isinstance(value, numpy.ndarray) and value.shape == () and value.dtype.kind in "iu"):
            refuse()
        if not 0 <= int(value) - int(space.start) < int(space.n):
            refuse()
    elif isinstance(space, (spaces.MultiDiscrete, spaces.MultiBinary)):
        array = numbers(space, value)
        if isinstance(space, spaces.MultiBinary):
            start, count = 0, 2
        else:
            start, count = numpy.asarray(space.start), numpy.asarray(space.nvec)
        if array is None or array.dtype.kind == "f" or not ((array >= start) & (array - start < count)).all():
            refuse()
    elif isinstance(space, spaces.Tuple):
        if not isinstance(value, (tuple, list)) or len(value) != len(space.spaces):
            refuse()
        for index, (part, own) in enumerate(zip(space.spaces, value)):
            check(part, own, shown, f"{path}[{index}]")
    elif isinstance(space, spaces.Dict):
        if not isinstance(value, dict) or value.keys() != space.spaces.keys():
            refuse()
        for key, part in space.spaces.items():
            check(part, value[key], shown, f"{path}[{key!r}]")
    elif not space.contains(value):
        refuse()


def observation_format(space):
    """How observations of a space travel: the description, and a function that writes one into a row.

    The function checks what would otherwise travel as something else, and raises Mismatch.
    """
    import numpy
    from gymnasium import spaces

    array_type = numpy.ndarray
    if not isinstance(space, spaces.Space):
        raise Refused("space", f"its observation_space is {space!r}, not one of gymnasium.spaces")
    if not is_flattenable(space):
        raise Refused("space", f"its observations cannot be flattened into numbers: {unflattenable(space)}")
    size = math.prod(space.shape) if isinstance(space, spaces.Box) else int(spaces.flatdim(space))
    if size == 0:
        raise Refused("space", f"its observations are empty: {named(space)}")
    if size > MOST_NUMBERS:
        raise Refused("space", f"its observations are of {size:,} numbers, at most {MOST_NUMBERS:,} can be: {named(space)}")
    if isinstance(space, spaces.Box) and space.dtype != numpy.dtype(object):
        is_bytes = space.dtype == numpy.uint8
        description = {"size": size, "bytes": is_bytes, "image": None, "maximum": 255, "one_hot": False}
        shape, dtype = space.shape, space.dtype
        if dtype == numpy.bool_ and len(shape) == 3:  # a grid of cells, channels last, as MinAtar shows its games
            description["bytes"], description["image"], description["maximum"] = True, list(shape), 1
        kinds = "biuf" if dtype.kind == "f" else ""

        def taken(observation):
            is_array = observation.__class__ is array_type and observation.shape == shape
            if is_array and (observation.dtype == dtype or observation.dtype.kind in kinds):
                return observation
            check(space, observation)
            return numpy.asarray(observation)

        if is_bytes and len(shape) == 2:
            description["image"] = [*shape, 1]
        elif is_bytes and len(shape) == 3:
            if shape[0] < min(shape[1:]):  # channels come first
                description["image"] = [shape[1], shape[2], shape[0]]

                def write_planes(row, observation):
                    row.reshape(shape[1], shape[2], shape[0])[:] = numpy.moveaxis(taken(observation), 0, 2)

                return description, write_planes
            description["image"] = list(shape)
        if len(shape) == 1:
            plain = numpy.dtype(numpy.uint8 if is_bytes else numpy.float32)

            def write_plain(row, observation):
                if observation.__class__ is array_type and observation.dtype is plain and observation.shape == shape:
                    row[:] = observation
                else:
                    row[:] = taken(observation)

            return description, write_plain

        def write_shaped(row, observation):
            row.reshape(shape)[...] = taken(observation)

        return description, write_shaped
    description = {"size": size, "bytes": False, "image": None, "one_hot": isinstance(space, spaces.Discrete)}
    if isinstance(space, spaces.Discrete):
        start, count = int(space.start), int(space.n)

        def write_choice(row, observation):
            if observation.__class__ is not int or not 0 <= observation - start < count:
                check(space, observation)
            row[:] = 0
            row[int(observation) - start] = 1

        return description, write_choice

    def write_flat(row, observation):
        check(space, observation)
        row[:] = spaces.flatten(space, observation)

    return description, write_flat


def named(space):
    """A space in words of some length."""
    return abridged(" ".join(str(space).split()), 200)


def check_bounds(space):
    """Throws unless a box of actions has bounds that 32-bit floats tell apart."""
    import numpy

    if math.prod(space.shape) == 0:
        raise Refused("space", f"its actions are empty: {named(space)}")
    with numpy.errstate(all="ignore"):
        low = numpy.asarray(space.low).astype(numpy.float32).ravel()
        high = numpy.asarray(space.high).astype(numpy.float32).ravel()
        halves = high / 2 - low / 2
        # agents compute with squares of the range in 32 bits: where these overflow there are no bounds to speak of
        infinite = ~numpy.isfinite(numpy.square(high - low))
    if infinite.any():
        mend = "gymnasium.wrappers.RescaleAction sets some"
        raise Refused("space", f"its actions have no finite bounds{component(infinite)}: {named(space)}; {mend}")
    narrow = ~(halves >= numpy.finfo(numpy.float32).tiny) | ~(low < high)
    if narrow.any():
        i = int(numpy.argmax(narrow))
        bounds = " and ".join(str(numpy.asarray(bound).flat[i]) for bound in (space.low, space.high))
        raise Refused(
            "space", f"its actions have bounds that are equal as 32-bit floats{component(narrow)}, {bounds}: {named(space)}"
        )


def component(flags):
    """Which component the first flag is of, where there are several."""
    return f" in component {int(flags.argmax())}" if flags.size > 1 else ""


def check_counts(counts, space):
    """Throws unless there are choices, and floats can count them."""
    if not counts:
        raise Refused("space", f"its actions are empty: {named(space)}")
    if max(counts) > MOST_CHOICES:
        raise Refused(
            "space", f"its actions are of {max(counts):,} choices, at most {MOST_CHOICES:,} can be told apart: {named(space)}"
        )


def flag(value, name):
    """Whether an episode is over, from what `step` returned; Mismatch for what is neither true nor false."""
    import numpy

    if isinstance(value, (bool, numpy.bool_)):
        return bool(value)
    array = numpy.asarray(value)
    if array.size != 1 or array.dtype.kind not in "biuf" or array.item() not in (0, 1):
        raise Mismatch(f"{name} {words(value)}, which is neither true nor false")
    return bool(array.item())


def real(value):
    """A reward as a number, or Mismatch."""
    import numpy

    array = numpy.asarray(value)
    if array.size != 1 or array.dtype.kind not in "biuf":
        raise Mismatch(f"the reward {words(value)}, which is not a number")
    return float(array.item())


def action_format(space):
    """How actions of a space travel: the description, and a function from a row's numbers to what `step` takes."""
    import numpy
    from gymnasium import spaces

    if isinstance(space, spaces.Discrete):
        start = int(space.start)
        check_counts([int(space.n)], space)
        return {"kind": "choice", "counts": [int(space.n)]}, lambda row: int(row[0]) + start
    if isinstance(space, spaces.MultiDiscrete):
        start = numpy.asarray(space.start)
        counts = [int(n) for n in numpy.asarray(space.nvec).ravel()]
        check_counts(counts, space)
        return (
            {"kind": "choices", "counts": counts},
            lambda row: (row.reshape(space.shape) + start).astype(space.dtype),
        )
    if isinstance(space, spaces.MultiBinary):
        counts = [2] * math.prod(space.shape)
        check_counts(counts, space)
        return {"kind": "choices", "counts": counts}, lambda row: row.reshape(space.shape).astype(space.dtype)
    if isinstance(space, spaces.Box):
        check_bounds(space)
        low = numpy.asarray(space.low, numpy.float64).ravel()
        high = numpy.asarray(space.high, numpy.float64).ravel()
        description = {"kind": "box", "low": low.tolist(), "high": high.tolist()}
        return description, box_action(space)
    kind = type(space).__name__
    raise Refused("space", f"its actions are of type {kind}; Discrete, MultiDiscrete, MultiBinary and Box can be used")


def box_action(space):
    """A function from a row of 32-bit floats to an action of a box: of its shape and type, and within its bounds."""
    import numpy

    shape, dtype, low, high = space.shape, space.dtype, space.low, space.high
    if dtype == numpy.float32:
        return lambda row: row.reshape(shape).astype(dtype)
    if dtype.kind == "f":  # rounding on the way must not lead out of the bounds
        return lambda row: numpy.asarray(numpy.clip(row.reshape(shape).astype(dtype), low, high))
    if dtype.itemsize < 8:
        low, high = low.astype(numpy.int64), high.astype(numpy.int64)
        return lambda row: numpy.asarray(numpy.clip(numpy.rint(row.reshape(shape)).astype(numpy.int64), low, high), dtype)
    # Neither 32-bit floats nor 64-bit ones have all of these integers: clipped one by one as Python's.
    bounds = list(zip(low.ravel().tolist(), high.ravel().tolist()))

    def convert(row):
        numbers = [min(max(int(value), least), most) for value, (least, most) in zip(numpy.rint(row).tolist(), bounds)]
        return numpy.array(numbers, dtype).reshape(shape)

    return convert


def part_names(space, path=""):
    """What each number of a flattened space of several parts is."""
    from gymnasium import spaces

    if isinstance(space, spaces.Dict):
        return [name for key, part in space.spaces.items() for name in part_names(part, f"{path}.{key}" if path else str(key))]
    if isinstance(space, spaces.Tuple):
        return [name for i, part in enumerate(space.spaces) for name in part_names(part, f"{path}[{i}]")]
    if isinstance(space, spaces.Discrete):
        return [f"{path} = {int(space.start) + choice}" for choice in range(int(space.n))]
    size = spaces.flatdim(space)
    return [path] if size == 1 else [f"{path}[{index}]" for index in range(size)]


def provenance(request, environment):
    """Versions of Python and of the packages that an environment uses, and hashes of the user's own modules, by name."""
    import importlib.metadata

    facts = {"python": platform.python_version()}
    own = type(environment.unwrapped).__module__
    packages = {"gymnasium", "numpy", own.split(".")[0]}
    packages |= {name for name in ("mujoco", "ale_py", "Box2D", "pygame", "torch", "jax", "scipy") if name in sys.modules}
    for name in packages:
        for distribution in (name, name.replace("_", "-"), name.lower()):
            try:
                facts[name] = importlib.metadata.version(distribution)
                break
            except importlib.metadata.PackageNotFoundError:
                continue
    named = request.get("module") or ""
    stem = os.path.splitext(os.path.basename(named))[0] if named.endswith(".py") else named
    for module in {stem.split(".")[0], own.split(".")[0]} - {"", "gymnasium"}:
        path = getattr(sys.modules.get(module), "__file__", None)
        if path:
            facts[f"module {module}"] = hash_of_module(os.path.abspath(path))
    return facts


def hash_of_module(path):
    """A hash of a module's file and of the modules beside and below it that are imported."""
    root = os.path.dirname(path)
    files = {path}
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if isinstance(file, str) and os.path.abspath(file).startswith(root + os.sep) and file.endswith(".py"):
            files.add(os.path.abspath(file))
    if os.path.basename(path) != "__init__.py" and "site-packages" in root.split(os.sep):
        files = {path}  # what lies beside it there is not its own
    digest = hashlib.sha256()
    for file in sorted(files):
        try:
            with open(file, "rb") as stream:
                digest.update(os.path.relpath(file, root).encode() + b"\0" + stream.read() + b"\0")
        except OSError:
            continue
    return digest.hexdigest()[:16]


# ---------------------------------------------------------------------------------------------------------- scores


def scoring(environment, name):
    """A function by which an environment tells its rewards or terminations in batches, or None.

    It is a method of the environment, or of a wrapper around it, or a function of the module of its class, and takes
    states, actions and next states.
    """

    def fits(function):
        try:
            inspect.signature(function).bind(None, None, None)
        except (TypeError, ValueError):
            return False
        return True

    layer = environment
    while layer is not None:
        function = getattr(layer, name, None) if hasattr(type(layer), name) or name in vars(layer) else None
        if function is None and layer is environment.unwrapped:
            function = getattr(sys.modules.get(type(layer).__module__), name, None)
        if callable(function) and fits(function):
            return function
        layer = getattr(layer, "env", None)
    return None


def goal_rewards(environment):
    """Rewards by the `compute_reward` of an environment with goals (a Dict with `achieved_goal` and `desired_goal`), as a
    function of flattened states, actions and next states, or None."""
    from gymnasium import spaces

    space, compute = environment.observation_space, getattr(environment.unwrapped, "compute_reward", None)
    if not callable(compute) or not isinstance(space, spaces.Dict):
        return None
    columns, start = {}, 0
    for key, part in space.spaces.items():
        columns[key] = slice(start, start + spaces.flatdim(part))
        start = columns[key].stop
    if not {"achieved_goal", "desired_goal"} <= columns.keys():
        return None
    achieved, desired = columns["achieved_goal"], columns["desired_goal"]
    return lambda states, actions, following: compute(following[:, achieved], following[:, desired], {})


class Scores:
    """Rewards and terminations of many imagined steps at a time."""

    def __init__(self, environment, convert):
        from gymnasium import spaces

        self.rewards = scoring(environment, "rewards") or goal_rewards(environment)
        self.terminations = scoring(environment, "terminations")
        space = environment.observation_space
        self.shape = space.shape if isinstance(space, spaces.Box) else (-1,)
        self.action_space, self.convert = environment.action_space, convert

    @property
    def known(self):
        return {"rewards": self.rewards is not None, "terminations": self.terminations is not None}

    def actions(self, rows):
        """Rows of numbers as actions of the space, one after the other in an array."""
        import numpy
        from gymnasium import spaces

        space = self.action_space
        if isinstance(space, spaces.Discrete):
            return rows[:, 0].astype(numpy.int64) + int(space.start)
        if isinstance(space, spaces.Box) and space.dtype.kind == "f":
            return rows.reshape(-1, *space.shape).astype(space.dtype)
        if not isinstance(space, spaces.Box):
            rows = rows.astype(numpy.int64)
        return numpy.stack([self.convert(row) for row in rows])

    def of(self, name, states, actions, following):
        """What a function says of some steps, [N]; Refused where that is something else."""
        import numpy

        count = len(states)
        parts = states.reshape(count, *self.shape), self.actions(actions), following.reshape(count, *self.shape)
        with numpy.errstate(all="ignore"):
            given = getattr(self, name)(*parts)
        array = numpy.asarray(given)
        if array.shape != (count,) or array.dtype.kind not in "biuf":
            raise Refused("scores", f"{name} returned {words(given)} for {count} steps, not one number each")
        return array


# ---------------------------------------------------------------------------------------------------------- groups


class Group:
    """Some environments of one kind and their block of shared memory."""

    def __init__(self, request):
        import numpy
        from gymnasium import spaces

        self.request = request
        self.renews = request["renews"]
        self.why_unsaved = None  # not tried yet
        self.has_warned = False
        self.environments = [make_environment(request)]
        try:
            first = self.environments[0]
            observed, self.write = observation_format(first.observation_space)
            taken, self.convert = action_format(first.action_space)
            self.takes_one_choice = taken["kind"] == "choice"
            self.start = int(first.action_space.start) if self.takes_one_choice else 0
            for _ in range(request["count"] - 1):
                self.environments.append(make_environment(request))
                other = self.environments[-1]
                if (other.observation_space, other.action_space) != (first.observation_space, first.action_space):
                    raise Refused("space", "made once more, it has other spaces than before")
            self.space = first.observation_space
            self.watched = WATCHED_STEPS * request["count"]
            self.compares = False
            self.bind()
        except BaseException:
            self.close()
            raise
        n, d = request["count"], observed["size"]
        has_parts = isinstance(self.space, (spaces.Dict, spaces.Tuple, spaces.Discrete)) and d <= 1000
        observed["names"] = part_names(self.space) if has_parts else []
        width = len(taken.get("counts", taken.get("low")))
        self.scores = Scores(first, self.convert)
        self.compares = any(self.scores.known.values())
        self.before = None  # observations before the step under way, while rewards are compared
        row_type = numpy.uint8 if observed["bytes"] else numpy.float32
        blocks = [
            ("actions", (n, width), numpy.float32 if taken["kind"] == "box" else numpy.int64),
            ("seeds", (n,), numpy.uint64),
            ("rewards", (n,), numpy.float64),
            ("endings", (n,), numpy.uint8),
            ("observations", (n, d), row_type),
            ("finals", (n, d), row_type),
        ]
        if request.get("scores"):
            rows = request["scores"]
            blocks += [
                ("score_states", (rows, d), numpy.float32),
                ("score_actions", (rows, width), numpy.float32),
                ("score_next", (rows, d), numpy.float32),
                ("score_rewards", (rows,), numpy.float32),
                ("score_terminations", (rows,), numpy.uint8),
            ]
        offsets, size = {}, 0
        for name, shape, kind in blocks:
            offsets[name] = size
            size += (math.prod(shape) * numpy.dtype(kind).itemsize + 63) // 64 * 64
        self.descriptor = os.memfd_create("foresight-gymnasium")
        os.ftruncate(self.descriptor, size)
        memory = mmap.mmap(self.descriptor, size)
        views = {
            name: numpy.frombuffer(memory, kind, math.prod(shape), offsets[name]).reshape(shape)
            for name, shape, kind in blocks
        }
        self.actions, self.seeds = views["actions"], views["seeds"]
        self.rewards, self.endings = memoryview(views["rewards"]), memoryview(views["endings"])
        self.observations, self.finals = views["observations"], views["finals"]
        self.scored = [views[name] for name, _, _ in blocks if name.startswith("score_")]
        self.choices = memoryview(self.actions).cast("B").cast("q") if self.takes_one_choice else None
        self.indices, self.no_endings = range(n), bytes(n)
        self.rows = [self.observations[i] for i in range(n)]
        self.final_rows = [self.finals[i] for i in range(n)]
        self.reply = {
            "observation": observed, "action": taken, "step_limit": self.step_limit(), "time_step": self.time_step(),
            "descriptor": self.descriptor, "size": size, "offsets": offsets, "known": self.scores.known,
            "provenance": provenance(request, first),
        }  # fmt: skip

    def bind(self):
        """Looks up the methods that are called at every step."""
        self.steps = [environment.step for environment in self.environments]

    def step_limit(self):
        spec = self.environments[0].spec
        limit = spec.max_episode_steps if spec is not None else None
        if limit is None and spec is not None and is_game(getattr(self.environments[0].unwrapped, "ale", None)):
            # Atari games count frames
            skip = spec.kwargs.get("frameskip", 1)
            frames = spec.kwargs.get("max_num_frames_per_episode")
            limit = -(-frames // (skip if isinstance(skip, int) else min(skip))) if frames else None
        return int(limit) if limit is not None and 0 < limit < 2**31 else None

    def time_step(self):
        """Seconds of a step: the environment's `dt`, or what its frame rate says, or 1."""
        dt = getattr(self.environments[0].unwrapped, "dt", None)
        if not isinstance(dt, (int, float)) or not 1e-30 < dt < 1e30:
            rate = (self.environments[0].metadata or {}).get("render_fps")
            dt = 1 / rate if isinstance(rate, (int, float)) and 1e-30 < rate < 1e30 else 1
        return float(dt)

    def close(self):
        for environment in self.environments:
            try:
                environment.close()
            except Exception:  # what cannot be closed is left to the end of the process
                pass
        if hasattr(self, "descriptor"):
            os.close(self.descriptor)

    def warn(self, text):
        """Tells the user of what is not as declared but travels as it is; once."""
        if not self.has_warned:
            self.has_warned = True
            print(f"warning: {self.request['id']} returned {text}; it is taken as it is", file=sys.stderr, flush=True)

    def put(self, row, observation, activity):
        """Writes an observation into a row, once it is known to be in its space."""
        try:
            if self.watched > 0:
                check(self.space, observation, self.warn)
            self.write(row, observation)
        except Mismatch as mismatch:
            raise Refused("observation", f"{activity} returned {mismatch}") from None

    def begin(self, i, row):
        """Starts an episode of environment `i` and writes its first observation into a row."""
        returned = self.environments[i].reset(seed=int(self.seeds[i]))
        if not isinstance(returned, tuple) or len(returned) != 2:
            raise Refused("observation", f"reset returned {words(returned)}, not an observation and a dictionary")
        self.put(row, returned[0], "reset")

    def reset(self):
        for i in self.indices:
            self.begin(i, self.rows[i])
            self.endings[i] = 0

    def step(self):
        rewards, write = self.rewards, self.write
        if self.takes_one_choice:
            actions = self.choices.tolist()
            if self.start:
                actions = [action + self.start for action in actions]
        else:
            actions = map(self.convert, self.actions)
        self.endings[:] = self.no_endings
        if self.watched > 0 and self.compares:
            self.before = self.observations.copy()
        for i, step, action, row in zip(self.indices, self.steps, actions, self.rows):
            returned = step(action)
            try:
                observation, reward, terminated, truncated, _ = returned
            except (TypeError, ValueError):
                raise Refused(
                    "observation", f"step returned {words(returned)}, not an observation, a reward, whether the episode is "
                    "terminated, whether it is truncated, and a dictionary") from None  # fmt: skip
            if isinstance(reward, float):
                rewards[i] = reward
            else:
                try:
                    rewards[i] = real(reward)
                except Mismatch as mismatch:
                    raise Refused("reward", f"step returned {mismatch}") from None
            if terminated is not False or truncated is not False:
                try:
                    terminated, truncated = flag(terminated, "terminated as"), flag(truncated, "truncated as")
                except Mismatch as mismatch:
                    raise Refused("ending", f"step returned {mismatch}") from None
                if terminated or truncated:
                    self.endings[i] = 1 if terminated else 2
                    if self.renews:
                        self.put(self.final_rows[i], observation, "step")
                        self.compare(i, self.final_rows[i])
                        self.begin(i, row)
                    else:
                        self.put(row, observation, "step")
                        self.compare(i, row)
                    continue
            if self.watched > 0:
                self.watched -= 1
                self.put(row, observation, "step")
                self.compare(i, row)
                continue
            try:
                write(row, observation)
            except Mismatch as mismatch:
                raise Refused("observation", f"step returned {mismatch}") from None

    # ------------------------------------------------------------------------------------------------------ scores

    def compare(self, i, following):
        """Tells the user where `rewards` or `terminations` say other than the step of environment `i` did."""
        if not self.compares or self.before is None or self.watched <= 0:
            return
        step = self.before[i : i + 1], self.actions[i : i + 1], following[None]
        for name, seen in (("rewards", self.rewards[i]), ("terminations", float(self.endings[i] == 1))):
            if getattr(self.scores, name) is None:
                continue
            told = float(self.scores.of(name, *step)[0])
            if not abs(told - seen) <= 1e-3 * max(1, abs(seen)):
                self.compares = False
                print(
                    f"warning: {self.request['id']}: its function {name} says {told:g} of a step that gave {seen:g}; models "
                    f"go by the function", file=sys.stderr, flush=True)  # fmt: skip
                return

    def score(self, count):
        """Rewards and terminations of the first `count` steps in the blocks for them."""
        states, actions, following, rewards, terminations = (block[:count] for block in self.scored)
        if self.scores.rewards is not None:
            rewards[:] = self.scores.of("rewards", states, actions, following)
        if self.scores.terminations is not None:
            terminations[:] = self.scores.of("terminations", states, actions, following) != 0

    # ------------------------------------------------------------------------------------------------------ state

    def save(self):
        """The environments' state as bytes; Unpicklable where they cannot go on from it exactly, which is tried once."""
        if self.why_unsaved is None:
            self.why_unsaved = self.trial()
        if self.why_unsaved:
            raise Unpicklable(self.why_unsaved)
        return pickled(self.environments)

    def restore(self, state):
        self.environments = unpickled(state, self.environments)
        self.bind()

    def trial(self):
        """Saves and restores a scratch environment and compares how the two go on; why it fails, or an empty text."""
        made = []
        try:
            made = [make_environment(self.request) for _ in range(2)]
            original = made[0]
            original.action_space.seed(1)
            original.reset(seed=1)
            advance(original, [original.action_space.sample() for _ in range(7)], 2)
            (copy,) = unpickled(pickled([original]), made[1:])
            made.append(copy)
            actions = [original.action_space.sample() for _ in range(40)]
            if not alike(advance(original, actions, 3), advance(copy, actions, 3)):
                return "a copy of it, saved and restored, goes another way"
            return ""
        except Exception as error:
            return "".join(traceback.format_exception_only(error)).strip()
        finally:
            for environment in made:
                try:
                    environment.close()
                except Exception:
                    pass


def advance(environment, actions, seed):
    """What steps return, with resets between episodes."""
    seen = []
    for action in actions:
        observation, reward, terminated, truncated, _ = environment.step(action)
        seen.append((observation, float(reward), bool(terminated), bool(truncated)))
        if terminated or truncated:
            seen.append(environment.reset(seed=seed)[0])
    return seen


def alike(a, b):
    """Whether two observations, or lists of them, are equal bit for bit."""
    import numpy

    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(alike, a, b))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(alike(a[key], b[key]) for key in a)
    if isinstance(a, (numpy.ndarray, numpy.generic)):
        return numpy.asarray(a).tobytes() == numpy.asarray(b).tobytes()
    return a == b


def blank(kind):
    """An object whose state is set afterwards."""
    return object.__new__(kind)


def fill(thing, state):
    """Sets the state of a blank object, past `__setstate__`, which in EzPickle starts anew."""
    thing.__dict__.update(state)


def is_game(thing):
    """Whether this is the emulator of Atari games, which can only be restored in place."""
    return type(thing).__name__ == "ALEInterface" and type(thing).__module__.startswith("ale_py")


def pickled(environments):
    """Environments as bytes: all that their attributes refer to."""
    import cloudpickle
    import gymnasium
    from gymnasium.utils import EzPickle

    class Pickler(cloudpickle.Pickler):
        def __init__(self, file):
            super().__init__(file, protocol=5)
            self.games = []

        def persistent_id(self, thing):
            if not is_game(thing):
                return None
            numbers = [i for i, game in enumerate(self.games) if game is thing]
            if not numbers:
                numbers = [len(self.games)]
                self.games.append(thing)
            return numbers[0], thing.cloneSystemState()

        def reducer_override(self, thing):
            if isinstance(thing, (gymnasium.Env, EzPickle)):
                return blank, (type(thing),), thing.__dict__, None, None, fill
            return super().reducer_override(thing)

    file = io.BytesIO()
    Pickler(file).dump(environments)
    return file.getvalue()


def unpickled(state, live):
    """Environments from bytes; parts that must be restored in place are taken from as many `live` ones."""
    import pickle

    games = []
    for environment in live:
        games += [thing for thing in vars(environment.unwrapped).values() if is_game(thing)]

    class Unpickler(pickle.Unpickler):
        def persistent_load(self, reference):
            number, saved = reference
            games[number].restoreSystemState(saved)
            return games[number]

    return Unpickler(io.BytesIO(state)).load()


# ---------------------------------------------------------------------------------------------------------- serving


class Patience:
    """Whether to look for the next request or to sleep: as `Patience.swift`, which explains it."""

    MOST, LEAST, LOOKS_PER_SLEEP = 4096, 4, 16

    def __init__(self):
        self.penalty = self.sleeps = 0

    def looked_in_vain(self):
        scale = self.LOOKS_PER_SLEEP
        self.penalty = min(self.MOST * scale, max(self.LEAST * scale, 2 * self.penalty))
        self.sleeps = self.penalty // scale


class Server:
    """Waits for requests and answers them, one at a time."""

    def __init__(self, messages, bell):
        self.messages, self.bell = messages, bell
        self.groups, self.made = {}, 0
        self.poller = select.poll()
        self.poller.register(bell, select.POLLIN)
        os.set_blocking(bell, False)
        self.descriptor = os.memfd_create("foresight-gymnasium-control")
        os.ftruncate(self.descriptor, mmap.PAGESIZE)
        self.control = memoryview(mmap.mmap(self.descriptor, mmap.PAGESIZE)).cast("Q")
        self.usual = 0  # nanoseconds between an answer and the next request, lately
        self.patience = Patience()
        self.lock = threading.Lock()

    def fence(self):
        """Has what was written to the control page seen before anything is read from it: taking a lock is a full barrier."""
        self.lock.acquire()
        self.lock.release()

    def read(self, count):
        parts = []
        while count > 0:
            part = os.read(self.messages, min(count, 1 << 20))
            if not part:
                self.leave()
            parts.append(part)
            count -= len(part)
        return b"".join(parts)

    def receive(self):
        lengths = struct.unpack("<II", self.read(8))
        return json.loads(self.read(lengths[0])), self.read(lengths[1])

    def send(self, content, data=b""):
        text = json.dumps(content).encode()
        rest = memoryview(struct.pack("<II", len(text), len(data)) + text + data)
        while rest:
            rest = rest[os.write(self.messages, rest) :]

    def wait(self, seen):
        """Returns once the client has counted beyond `seen`."""
        control = self.control
        if control[REQUEST] != seen:
            return
        clock = time.perf_counter_ns
        start = now = clock()
        patience = self.patience
        if patience.sleeps:
            patience.sleeps -= 1
        elif CAN_LOOK and self.usual < LONG:
            limit = start + max(PATIENCE, 4 * self.usual)
            while now < limit and control[REQUEST] == seen:
                now = clock()
            if control[REQUEST] == seen:
                patience.looked_in_vain()
            elif patience.penalty:
                patience.penalty -= 1
        if control[REQUEST] == seen:
            self.sleep(seen)
            now = clock()
        self.usual += (min(now - start, 1_000_000) - self.usual) >> 3

    def sleep(self, seen):
        """Returns once the client has rung the bell and counted beyond `seen`."""
        control = self.control
        control[ASLEEP] = 1
        self.fence()
        while control[REQUEST] == seen:
            self.poller.poll(1000)
            try:
                if not os.read(self.bell, 4096):
                    self.leave()
            except BlockingIOError:
                pass
        control[ASLEEP] = 0

    def finish(self, number):
        """Tells the client that the request is done."""
        self.control[REPLY] = number
        self.fence()
        if self.control[WAITING] or not IS_ORDERED:
            try:
                os.write(self.bell, b"!")
            except BlockingIOError:
                pass  # the bell is full of rings that nobody has taken: the client is awake

    def leave(self):
        """Ends the process as the client wishes, environments closed."""
        for group in self.groups.values():
            group.close()
        os._exit(0)

    def serve(self):
        control = self.control
        number = 0
        while True:
            self.wait(number)
            number += 1
            kind = control[KIND]
            if kind == MESSAGE:
                self.answer()
                continue
            failure = None
            try:
                group = self.groups[control[GROUP]]
                if kind == SCORE:
                    group.score(control[COUNT])
                else:
                    group.step() if kind == STEP else group.reset()
            except (Exception, KeyboardInterrupt) as error:
                failure = error_text(error)
            control[FAILED] = 0 if failure is None else 1
            self.finish(number)
            # only then: the client reads no message before, and one may be larger than a socket's buffer
            if failure is not None:
                self.send({"error": failure})

    def answer(self):
        request, data = self.receive()
        try:
            reply, blob = self.perform(request, data)
        except Unpicklable as error:
            reply, blob = {"refused": str(error)}, b""
        except (Exception, KeyboardInterrupt) as error:
            reply, blob = {"error": error_text(error)}, b""
        if len(blob) >= 1 << 32:
            reply, blob = {"refused": f"its state takes {len(blob):,} bytes"}, b""
        self.send(reply, blob)

    def perform(self, request, data):
        action = request["do"]
        if action == "open":
            if request.get("renders"):
                draw_without_a_screen()
            try:
                group = Group(request)
            except Refused:
                raise
            except Exception as error:
                if not request.get("renders"):
                    raise
                raise Refused("picture", f"it cannot be made to be drawn: {last_line(error)}") from None
            self.groups[self.made] = group
            self.made += 1
            return {"group": self.made - 1, **group.reply}, b""
        if action == "close":
            self.groups.pop(request["group"]).close()
            return {}, b""
        if action == "draw":
            picture = pixels(self.groups[request["group"]].environments[0])
            return {"height": picture.shape[0], "width": picture.shape[1]}, picture.tobytes()
        if action == "save":
            return {}, self.groups[request["group"]].save()
        self.groups[request["group"]].restore(data)
        return {}, b""


# Signals that ask the client to save or to end: only it handles them, though terminals and clusters send them to all processes.
ASKING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)


def bind_to_parent(number, parent):
    """Has the system send this process a signal when its parent is gone, whatever it is doing then."""
    ctypes.CDLL(None).prctl(1, number)  # PR_SET_PDEATHSIG
    if os.getppid() != parent:
        os.kill(os.getpid(), number)


def start_guard():
    """Forks a process that ends what this one has started once this one is gone."""
    worker = os.getpid()
    os.setpgid(0, 0)
    # a signal that nobody else sends: clusters send SIGUSR1 and SIGTERM to all processes of a job
    end = signal.SIGRTMIN + 9
    noticed = {end}
    signal.pthread_sigmask(signal.SIG_BLOCK, noticed)
    if os.fork():
        signal.pthread_sigmask(signal.SIG_UNBLOCK, noticed)
        return
    try:
        os.setpgid(0, 0)
        os.closerange(0, 1024)
        for number in ASKING:
            signal.signal(number, signal.SIG_IGN)
        bind_to_parent(end, worker)
        signal.sigwait(noticed)
        for number, seconds in ((signal.SIGTERM, 1.0), (signal.SIGKILL, 0.0)):
            os.killpg(worker, number)
            limit = time.monotonic() + seconds
            while time.monotonic() < limit:
                time.sleep(0.01)
                os.killpg(worker, 0)  # an error where none is left
    except OSError:
        pass
    finally:
        os._exit(0)


def leave_with_client(messages):
    """Ends the process when the client is gone, whatever an environment is doing."""
    poller = select.poll()
    poller.register(messages, 0)
    while not poller.poll():
        pass
    time.sleep(2)  # in which the main thread leaves by itself, unless it hangs
    os._exit(0)


def define_layer():
    """Defines the class WithoutOptions, which needs gymnasium."""
    import gymnasium

    global WithoutOptions

    class WithoutOptions(gymnasium.Wrapper):
        """Hands `options` on only where there are some: many environments' `reset` takes none."""

        def reset(self, *, seed=None, options=None):
            if options is None:
                return self.env.reset(seed=seed)
            return self.env.reset(seed=seed, options=options)

    WithoutOptions.__qualname__ = "WithoutOptions"  # by which a saved state names it


def main(parent):
    bind_to_parent(signal.SIGKILL, parent)
    start_guard()
    messages, bell = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(2, 1)
    faulthandler.enable()
    for number in ASKING:
        signal.signal(number, lambda *_: None)
    threading.Thread(target=leave_with_client, args=(messages,), daemon=True).start()
    server = Server(messages, bell)
    try:
        import gymnasium
    except ImportError as error:
        mend = f"{sys.executable} -m pip install gymnasium"
        message = f"{sys.executable} cannot import gymnasium ({error}); install it with: {mend}"
        server.send({"error": {"kind": "package", "message": message, "traceback": ""}})
        return
    define_layer()
    # modules of a user's own; last, since files there may be named like other modules
    with contextlib.suppress(FileNotFoundError):
        sys.path.append(os.getcwd())
    server.send({"control": server.descriptor, "gymnasium": gymnasium.__version__, "processors": PROCESSORS})
    try:
        server.serve()
    except SystemExit as error:
        # without waiting for threads that environments have started
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(error.code if isinstance(error.code, int) else 0 if error.code is None else 1)
