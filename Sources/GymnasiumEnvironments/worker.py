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
    4 KIND     of the request: 0 a message follows, 1 reset a group, 2 step a group
    5 GROUP    the group to reset or step
    6 FAILED   1 when a reset or step ended with an error; a message {"error": ...} says which

REPLY follows resets and steps only: the answer to a message is a message.

Whoever waits looks at the counters for some times as long as that usually takes, and then sleeps until a byte arrives at the
bell. What usually takes long is slept for at once: on a busy machine looking would only take the processor from whom it waits
for.

A *group* is some environments of one kind that are stepped together, with a memory file of its own. Its blocks start at
multiples of 64 bytes, in this order, for n environments:

    actions       [n, A] int64 choices, or float32
    seeds         [n] uint64: of the next reset
    rewards       [n] float64
    endings       [n] uint8: 0 none, 1 terminated, 2 truncated
    observations  [n, D] float32, or uint8 where the space is of bytes
    finals        [n, D] likewise: the last observation of an episode that has ended

A step with "renews" starts a new episode, with the seed given, wherever one ended: then `finals` has the last observation
and `observations` the first one of the new episode. Without it, `observations` has the last one.

Message requests: {"do": "open", "id", "module", "arguments", "step_limit", "count", "renews", "renders"} answers with the
spaces, the group's number, its memory file's descriptor and the offsets of its blocks; {"do": "close", "group"}; {"do":
"draw", "group"}, of a group opened with "renders", answers {"height", "width"} and the first environment's pixels, red,
green and blue from the top left; {"do": "save", "group"} answers with the environments' state as bytes, or {"refused":
why} where that state cannot be saved; {"do": "restore", "group"} takes those bytes. The answer to a request that failed
is {"error": {"kind", "message", "traceback"}}.
"""

import contextlib
import ctypes
import faulthandler
import importlib
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

REQUEST, REPLY, ASLEEP, WAITING, KIND, GROUP, FAILED = range(7)
MESSAGE, RESET, STEP = range(3)
IS_ORDERED = platform.machine() in ("x86_64", "AMD64")
PROCESSORS = len(os.sched_getaffinity(0))
# Counters may be looked at where memory is strongly ordered and the client has a processor of its own: at least so many
# nanoseconds, and only while requests usually come within so many.
CAN_LOOK = IS_ORDERED and PROCESSORS > 1
PATIENCE, LONG = 60_000, 200_000


class Refused(Exception):
    """Something the user must mend, of which a traceback tells nothing."""

    def __init__(self, kind, message):
        super().__init__(message)
        self.kind = kind


class Unpicklable(Exception):
    """An environment whose state cannot be saved."""


def error_text(error):
    """What to send about an exception: kind, message, and the traceback below the frames of this file."""
    if isinstance(error, Refused):
        return {"kind": error.kind, "message": str(error), "traceback": ""}
    frames = error.__traceback__
    while frames is not None and frames.tb_frame.f_code.co_filename == __file__:
        frames = frames.tb_next
    text = "".join(traceback.format_exception(type(error), error, frames)).rstrip()
    message = "".join(traceback.format_exception_only(error)).strip()
    return {"kind": "python", "message": shortened(message, 2000), "traceback": shortened(text, 16000)}


def shortened(text, limit):
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

    drawn = environment.render()
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


def observation_format(space):
    """How observations of a space travel: the description, and a function that writes one into a row."""
    import numpy
    from gymnasium import spaces

    if not isinstance(space, spaces.Space):
        raise Refused("space", f"its observation_space is {space!r}, not one of gymnasium.spaces")
    if not is_flattenable(space):
        raise Refused("space", f"its observations cannot be flattened into numbers: {unflattenable(space)}")
    size = math.prod(space.shape) if isinstance(space, spaces.Box) else int(spaces.flatdim(space))
    if size == 0:
        raise Refused("space", f"its observations are empty: {named(space)}")
    if size > MOST_NUMBERS:
        raise Refused("space", f"its observations are of {size:,} numbers, at most {MOST_NUMBERS:,} can be: {named(space)}")
    if isinstance(space, spaces.Box):
        is_bytes = space.dtype == numpy.uint8
        description = {"size": size, "bytes": is_bytes, "image": None, "one_hot": False}
        shape = space.shape
        if is_bytes and len(shape) == 2:
            description["image"] = [*shape, 1]
        elif is_bytes and len(shape) == 3:
            if shape[0] < min(shape[1:]):  # channels come first
                description["image"] = [shape[1], shape[2], shape[0]]

                def write_planes(row, observation):
                    row.reshape(shape[1], shape[2], shape[0])[:] = numpy.moveaxis(observation, 0, 2)

                return description, write_planes
            description["image"] = list(shape)
        if len(shape) == 1:
            return description, None  # a row takes it as it is

        def write_shaped(row, observation):
            row.reshape(shape)[...] = observation

        return description, write_shaped
    description = {"size": size, "bytes": False, "image": None, "one_hot": isinstance(space, spaces.Discrete)}
    if isinstance(space, spaces.Discrete):
        start = int(space.start)

        def write_choice(row, observation):
            row[:] = 0
            row[observation - start] = 1

        return description, write_choice

    def write_flat(row, observation):
        row[:] = spaces.flatten(space, observation)

    return description, write_flat


def named(space):
    """A space in words of some length."""
    return shortened(" ".join(str(space).split()), 200)


def check_bounds(space):
    """Throws unless a box of actions has bounds that 32-bit floats tell apart."""
    import numpy

    if math.prod(space.shape) == 0:
        raise Refused("space", f"its actions are empty: {named(space)}")
    with numpy.errstate(over="ignore"):
        low = numpy.asarray(space.low).astype(numpy.float32).ravel()
        high = numpy.asarray(space.high).astype(numpy.float32).ravel()
        halves = high / 2 - low / 2
        infinite = ~numpy.isfinite(high - low)
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
        low = numpy.asarray(space.low).astype(numpy.float32).ravel()
        high = numpy.asarray(space.high).astype(numpy.float32).ravel()
        description = {"kind": "box", "low": low.tolist(), "high": high.tolist()}
        if numpy.issubdtype(space.dtype, numpy.integer):
            return description, lambda row: numpy.rint(row).reshape(space.shape).astype(space.dtype)
        # Rounding to float32 on the way must not lead out of the bounds.
        bounds = (space.low, space.high) if space.dtype == numpy.float64 else None
        if bounds:
            return description, lambda row: numpy.asarray(numpy.clip(row.reshape(space.shape).astype(space.dtype), *bounds))
        return description, lambda row: row.reshape(space.shape).astype(space.dtype)
    kind = type(space).__name__
    raise Refused("space", f"its actions are of type {kind}; Discrete, MultiDiscrete, MultiBinary and Box can be used")


# ---------------------------------------------------------------------------------------------------------- groups


class Group:
    """Some environments of one kind and their block of shared memory."""

    def __init__(self, request):
        import numpy

        self.request = request
        self.renews = request["renews"]
        self.why_unsaved = None  # not tried yet
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
            self.shape = getattr(first.observation_space, "shape", None)
            self.bind()
        except BaseException:
            self.close()
            raise
        n, d = request["count"], observed["size"]
        width = len(taken.get("counts", taken.get("low")))
        row_type = numpy.uint8 if observed["bytes"] else numpy.float32
        blocks = [
            ("actions", (n, width), numpy.float32 if taken["kind"] == "box" else numpy.int64),
            ("seeds", (n,), numpy.uint64),
            ("rewards", (n,), numpy.float64),
            ("endings", (n,), numpy.uint8),
            ("observations", (n, d), row_type),
            ("finals", (n, d), row_type),
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
        self.choices = memoryview(self.actions).cast("B").cast("q") if self.takes_one_choice else None
        self.indices, self.no_endings = range(n), bytes(n)
        self.rows = [self.observations[i] for i in range(n)]
        self.final_rows = [self.finals[i] for i in range(n)]
        self.reply = {
            "observation": observed, "action": taken, "step_limit": self.step_limit(), "time_step": self.time_step(),
            "descriptor": self.descriptor, "size": size, "offsets": offsets,
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

    def put(self, row, observation):
        """Writes an observation into a row."""
        if self.write is None:
            row[:] = observation
        else:
            self.write(row, observation)

    def reset(self):
        for i, environment in enumerate(self.environments):
            observation, _ = environment.reset(seed=int(self.seeds[i]))
            shape = getattr(observation, "shape", None)
            if self.shape is not None and shape is not None and shape != self.shape:
                raise ValueError(f"reset returned an observation of shape {shape}, the space says {self.shape}")
            self.put(self.rows[i], observation)
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
        for i, step, action, row in zip(self.indices, self.steps, actions, self.rows):
            observation, reward, terminated, truncated, _ = step(action)
            try:
                rewards[i] = reward
            except TypeError:
                raise TypeError(f"step returned the reward {reward!r}, which is not a number") from None
            if terminated or truncated:
                self.endings[i] = 1 if terminated else 2
                if self.renews:
                    self.put(self.final_rows[i], observation)
                    observation, _ = self.environments[i].reset(seed=int(self.seeds[i]))
            if write is None:
                row[:] = observation
            else:
                write(row, observation)

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
        if CAN_LOOK and self.usual < LONG:
            limit = start + max(PATIENCE, 4 * self.usual)
            while now < limit and control[REQUEST] == seen:
                now = clock()
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
            group = Group(request)
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


def bind_to_parent(number, parent):
    """Has the system send this process a signal when its parent is gone, whatever it is doing then."""
    ctypes.CDLL(None).prctl(1, number)  # PR_SET_PDEATHSIG
    if os.getppid() != parent:
        os.kill(os.getpid(), number)


def start_guard():
    """Forks a process that ends what this one has started once this one is gone."""
    worker = os.getpid()
    os.setpgid(0, 0)
    noticed = {signal.SIGUSR1}
    signal.pthread_sigmask(signal.SIG_BLOCK, noticed)
    if os.fork():
        signal.pthread_sigmask(signal.SIG_UNBLOCK, noticed)
        return
    try:
        os.setpgid(0, 0)
        os.closerange(0, 1024)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        bind_to_parent(signal.SIGUSR1, worker)
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
    # The client decides when to end; signals from a terminal go to the whole process group.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
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
