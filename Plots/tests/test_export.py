import http.client
import importlib.util
import json
import socket
import subprocess
import sys
import tempfile
import threading
import unittest
from pathlib import Path

import numpy as np

PLOTS = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PLOTS))
from foresight.checkpoint import STUDENTS, WHY_NOT
from foresight.defaults import find_program
from foresight.export import SUFFIXES, check, own_actions, run_exported, write
from foresight.layers import Operation
from foresight.policy import Policy
from foresight.serve import Server, answer, make_web_server
from foresight.tables import StudyError

PROGRAM = find_program()
ONNX = all(importlib.util.find_spec(name) for name in ("onnx", "onnxruntime"))
TORCH = importlib.util.find_spec("torch") is not None
SMALL = ["learner.hidden=[9, 7]"]
REPLAY = [*SMALL, "agent.random_steps=40", "agent.batch_size=16"]
MODEL = ["model.hidden=[8]", "model.members=2", "model.elites=2", "model.epochs=2", "model.weight_decay=[1e-5]"]
STUDENT = ["student.hidden=[9, 7]"]
FITS = [*MODEL, "agent.fit_interval=40"]
POLICY = ["learner.policy.hidden=[9, 7]", "run.copies=1"]
WRAPPERS = "environment.wrappers"
NORMALIZED = [f"{WRAPPERS}.normalize_observations=true"]
DATASET = [f"agent.dataset={PLOTS.parent / 'Tests/MethodsTests/Fixtures/pendulum.npz'}", "agent.batch_size=16"]
SEARCH = ["learner.horizon=3", "learner.candidates=2", "agent.random_steps=20", "agent.fit_interval=25", "gp.points=30",
          "gp.iterations=5"]
# Every agent with a policy: environment, steps and settings of a run that takes a moment.
RUNS: dict[str, tuple[str, int, list[str]]] = {
    **dict.fromkeys(("sac", "redq", "td3", "ddpg", "naf"), ("Pendulum-v1", 60, REPLAY)),
    "droq": ("Pendulum-v1", 50, REPLAY),
    "crossq": ("Pendulum-v1", 60, ["agent.random_steps=40", "agent.batch_size=16"]),
    **{agent: ("Pendulum-v1", 60, [*REPLAY, *FITS])
       for agent in ("mbpo", "mve", "mve-td3", "mve-ddpg", "dyna", "dyna-td3", "dyna-ddpg", "dyna-naf")},
    "mba": ("Pendulum-v1", 60, REPLAY),
    "policy-backpropagation": ("Pendulum-v1", 210, [*SMALL, *MODEL, "agent.fit_interval=100", "learner.horizon=3"]),
    **dict.fromkeys(("ppo", "a2c", "kl-penalty", "reinforce"), ("Pendulum-v1", 1200, POLICY)),
    **dict.fromkeys(("actor-critic", "npg", "trpo"), ("CartPole-v1", 1200, POLICY)),
    **dict.fromkeys(("dqn", "double-dqn", "dueling-dqn", "per-dqn", "c51", "qr-dqn", "noisy-dqn", "rainbow"),
                    ("CartPole-v1", 80, REPLAY)),
    "online-q": ("CartPole-v1", 80, [*SMALL, "agent.random_steps=40"]),
    "dyna-dqn": ("CartPole-v1", 80, [*REPLAY, *FITS]),
    "distill": ("Pendulum-v1", 80, [*REPLAY, *STUDENT, "distillation.members=2", "distillation.teaching_steps=50"]),
    "distill-dqn": ("CartPole-v1", 80, [*REPLAY, *STUDENT, "distillation.members=2", "distillation.teaching_steps=50"]),
    "divide-and-conquer": ("reacher-goals", 200, [*REPLAY, *STUDENT, "parts.count=2", "parts.episodes=2"]),
    "me-trpo": ("Pendulum-v1", 400, [*MODEL[:2], MODEL[3], "learner.policy.hidden=[9, 7]", "agent.steps=200", "agent.updates=2",
                                     "agent.imagined_steps=200", "agent.horizon=10", "agent.validation_rollouts=5"]),
    "behaviour-cloning": ("Pendulum-v1", 450, ["expert.agent=sac", "agent.steps=200", "learner.policy.hidden=[9, 7]"]),
    "gps-mirror": ("point-mass-obstacle", 600, []),
    "gps-badmm": ("point-mass-obstacle", 600, ["guided.observed=[0, 1, 2]"]),
    **dict.fromkeys(("sarsa", "q-learning", "dyna-q", "double-q-learning", "policy-iteration", "value-iteration"),
                    ("FrozenLake-v1", 200, [])),
    "steve": ("Pendulum-v1", 60, [*REPLAY, *FITS]),
    "naf-workers": ("Pendulum-v1", 60, REPLAY),
    "batch-q": ("CartPole-v1", 80, REPLAY),
    "me-ppo": ("Pendulum-v1", 400, [*MODEL[:2], MODEL[3], "learner.policy.hidden=[9, 7]", "agent.steps=200", "agent.updates=2",
                                    "agent.imagined_steps=200", "agent.horizon=10", "agent.validation_rollouts=5"]),
    "dagger": ("Pendulum-v1", 450, ["expert.agent=sac", "agent.steps=200", "learner.policy.hidden=[9, 7]"]),
    "distral": ("reacher-goals", 200, [*REPLAY, *STUDENT, "shared.lesson_size=16", "shared.interval=3", "shared.start=50",
                                       "tasks.evaluated=shared"]),
    **dict.fromkeys(("iql", "cql"), ("Pendulum-v1", 60, [*DATASET, *SMALL])),
    "mopo": ("Pendulum-v1", 60, [*DATASET, *SMALL, "agent.rollout_interval=25", "agent.rollouts=20", *MODEL]),
    "fitted-q": ("CartPole-v1", 80, ["learner.regressor=neural", "agent.random_steps=40", "agent.fit_interval=30",
                                     "learner.iterations=3", "learner.neural.epochs=20"]),
    "pilco": ("Pendulum-v1", 60, [*SEARCH, "learner.bases=4", "learner.iterations=2", "learner.draws=8"]),
    "mc-pilco": ("Pendulum-v1", 60, [*SEARCH, "learner.bases=6", "learner.updates=4", "learner.particles=8"]),
}
CODES = [*RUNS["fitted-q"][2], "learner.latent.epochs=2"]
# Agents of images, and of what wrappers show and take.
SEEN: dict[str, tuple[str, str, int, list[str]]] = {
    "images": ("dqn", "Catch", 80, REPLAY),
    "layers": ("rainbow", "pixel-maze", 80, [*REPLAY, "learner.convolution=[[4, 3, 1], [5, 2, 2]]"]),
    "pixels as they are": ("dqn", "Catch", 80, [*REPLAY, "learner.convolution=none"]),
    "stacked images": ("dueling-dqn", "Catch", 80, [*REPLAY, f"{WRAPPERS}.frame_stack=3"]),
    "resized images": ("dqn", "pixel-maze", 80, [*REPLAY, f"{WRAPPERS}.resized=[5, 6]", f"{WRAPPERS}.frame_stack=2",
                                                    "learner.convolution=small"]),
    "codes": ("fitted-q", "CartPole-v1", 80, [*CODES, "learner.latent.size=2"]),
    "codes of images": ("fitted-q", "Catch", 80, [*CODES, "learner.latent.size=3", "learner.latent.convolution=[[4, 3, 2]]"]),
    "stacked": ("sac", "Pendulum-v1", 60, [*REPLAY, f"{WRAPPERS}.frame_stack=3"]),
    "stacked and normalised": ("sac", "Pendulum-v1", 60, [*REPLAY, f"{WRAPPERS}.frame_stack=2", *NORMALIZED]),
    "a grid of actions": ("dqn", "reacher-reach", 80, [*REPLAY, f"{WRAPPERS}.discretized_actions=3"]),
    "rescaled actions": ("td3", "MountainCarContinuous-v0", 60, [*REPLAY, f"{WRAPPERS}.rescale_actions=true"]),
    "choices of several": ("ppo", "tasks:CartPole-v1", 1200, [*POLICY, "environment.members=[{}, {}]"]),
}
PLANNER = ("pets", "Pendulum-v1", 20, ["planner.population=20", "planner.horizon=3", "planner.elites=5", *MODEL,
                                       "evaluation.interval=1000", "evaluation.at_start=false"])


def train(folder: Path, agent: str, environment: str, steps: int, settings: list[str]) -> Path:
    """The folder of a new run."""
    settings = [*settings, "evaluation.interval=100000", "evaluation.at_start=false"]
    command = [PROGRAM, "train", agent, environment, "--steps", str(steps), "--out", folder]
    done = subprocess.run([*command, *(part for setting in settings for part in ("--set", setting))],
                          capture_output=True, text=True)
    if done.returncode:
        raise AssertionError(f"{agent}: {done.stderr[-400:]}")
    return next(folder.rglob("manifest.json")).parent


class Temporary(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.folder = Path(directory.name)


@unittest.skipUnless(PROGRAM, "the program is not built")
class Agents(Temporary):
    """Exported actions are the agent's own over 1,000 observations."""

    def test_every_agent_with_a_policy(self):
        kinds = ["numpy"] + ["onnx"] * ONNX + ["torch"] * TORCH
        for agent, (environment, steps, settings) in RUNS.items():
            with self.subTest(agent=agent):
                run = train(self.folder / agent, agent, environment, steps, settings)
                policy = Policy.load(run)
                seen, actions = own_actions(run, 1000)
                for kind in kinds:
                    path = self.folder / f"{agent}{SUFFIXES[kind]}"
                    write(policy, path, kind)
                    self.assertLess(check(policy, path, kind, run, played=(seen, actions)), 1e-5)
                changed = [Operation(o.kind, {name: 1.5 * array for name, array in o.arrays.items()}, o.numbers)
                           if o.kind in ("affine", "radial") and not policy.discrete else o for o in policy.operations]
                if not policy.discrete:  # the check can fail
                    path = self.folder / "x.npz"
                    write(made(changed, policy.observation_size, policy.action_size), path, "numpy")
                    with self.assertRaisesRegex(StudyError, "differ"):
                        check(policy, path, "numpy", run, played=(seen, actions))

    def test_images_and_what_wrappers_show_and_take(self):
        kinds = ["numpy"] + ["onnx"] * ONNX + ["torch"] * TORCH
        for name, (agent, environment, steps, settings) in SEEN.items():
            with self.subTest(name):
                run = train(self.folder / name, agent, environment, steps, settings)
                policy = Policy.load(run)
                seen, actions = own_actions(run, 1000)
                self.assertEqual("convolution" in {operation.kind for operation in policy.operations},
                                 name in ("images", "layers", "stacked images", "resized images", "codes of images"))
                self.assertEqual("together, oldest first" in policy.shown, "frame_stack" in " ".join(settings))
                for kind in kinds:
                    path = self.folder / f"{agent}{SUFFIXES[kind]}"
                    write(policy, path, kind)
                    self.assertLess(check(policy, path, kind, run, played=(seen, actions)), 1e-5)
                if name == "a grid of actions":
                    self.assertFalse(policy.discrete)
                    self.assertEqual(len(np.unique(policy.act(seen).ravel())), len(set(policy.act(seen).ravel())))
                    self.assertLessEqual(len(np.unique(policy.act(seen))), 3)

    def test_normalisation_is_inside(self):
        run = train(self.folder, "ppo", "Pendulum-v1", 1200, [*POLICY, *NORMALIZED])
        policy = Policy.load(run)
        self.assertEqual(policy.operations[0].kind, "standardize")
        write(policy, self.folder / "p.npz", "numpy")
        self.assertLess(check(policy, self.folder / "p.npz", "numpy", run), 1e-5)

    def test_planners_say_why_not(self):
        run = train(self.folder, *PLANNER)
        done = subprocess.run([sys.executable, PLOTS / "export.py", run, "--to", "numpy"], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("plans each action anew", done.stderr)
        self.assertIn("distill", done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1)

    def test_command_and_what_is_not_one(self):
        run = train(self.folder, "sac", "Pendulum-v1", 60, REPLAY)
        done = subprocess.run([sys.executable, PLOTS / "export.py", run, "--to", "safetensors", "--observations", "200"],
                              capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("sac in Pendulum-v1, seed 0, 60 steps", done.stdout)
        np.testing.assert_array_equal(Policy.load(run / "policy.safetensors").act([1, 0, 0]), Policy.load(run).act([1, 0, 0]))
        newest = next(run.glob("checkpoint-60.safetensors"))
        newest.write_bytes(newest.read_bytes()[:-100])
        with self.assertRaisesRegex(StudyError, "checkpoint-60.safetensors: damaged"):
            Policy.load(run)
        with self.assertRaisesRegex(StudyError, "not a run's folder"):
            Policy.load(self.folder)


def made(operations: list[Operation], size: int, actions: int, discrete: bool = False) -> Policy:
    return Policy(operations, size, actions, discrete, "made up")


class Forms(Temporary):
    """Every operation, in every form."""

    def setUp(self):
        super().setUp()
        random = np.random.default_rng(1)

        def floats(*shape: int) -> np.ndarray:
            return random.normal(size=shape).astype(np.float32)
        first = Operation("standardize", {"mean": random.normal(size=4) * 100, "scale": random.random(4)}, {"limit": 2.0})
        self.policies = [
            made([first, Operation("affine", {"weight": floats(4, 6), "bias": floats(6)}),
                  Operation("layernorm", {"gain": floats(6), "shift": floats(6)}, {"epsilon": 1e-5}), Operation("silu"),
                  Operation("affine", {"weight": floats(6, 4), "bias": floats(4)}), Operation("take", numbers={
                      "first": 1, "count": 2}), Operation("tanh"),
                  Operation("scale", {"half": floats(2), "center": floats(2)}),
                  Operation("clip", {"low": -np.ones(2, np.float32), "high": np.ones(2, np.float32)})], 4, 2),
            made([Operation("affine", {"weight": floats(4, 15), "bias": floats(15)}), Operation("relu"),
                  Operation("expectation", {"atoms": np.linspace(-1, 1, 3, dtype=np.float32)}),
                  Operation("argmax", numbers={"counts": [2, 3]})], 4, 2, True),
            made([Operation("columns", numbers={"columns": [2, 0]}), Operation("radial", {
                "centers": random.normal(size=(5, 2)), "inverses": random.random(2), "weights": random.normal(size=(5, 3))}),
                Operation("sine")], 4, 3),
            made([Operation("convolution", {"weight": floats(1, 1, 2, 3) / 100, "bias": floats(3)},
                            {"height": 1, "width": 2, "stride": 1}), Operation("step"),
                  Operation("argmax", numbers={"counts": [6]}), Operation("lookup", {"table": floats(6, 2)})], 4, 2),
        ]
        self.rows = (floats(1000, 4) * 100).astype(np.float32)

    def assert_same(self, kind: str) -> None:
        for index, policy in enumerate(self.policies):
            path = self.folder / f"{index}{SUFFIXES[kind]}"
            write(policy, path, kind)
            np.testing.assert_allclose(run_exported(path, kind, self.rows), policy.core(self.rows), atol=1e-5)

    def test_numpy_and_safetensors(self):
        self.assert_same("numpy")
        self.assert_same("safetensors")

    @unittest.skipUnless(ONNX, "ONNX is not installed (requirements-tools.txt)")
    def test_onnx(self):
        self.assert_same("onnx")

    @unittest.skipUnless(TORCH, "PyTorch is not installed")
    def test_torch(self):
        self.assert_same("torch")

    def test_shapes_of_observations(self):
        policy = self.policies[0]
        self.assertEqual((policy.act([1, 2, 3, 4]).shape, policy.act(np.zeros((3, 4))).shape), ((2,), (3, 2)))
        with self.assertRaisesRegex(ValueError, "an observation has 4 numbers"):
            policy.act([1, 2, 3])

    def test_what_is_no_policy(self):
        for name, content in (("a.npz", b"no zip"), ("b.safetensors", b"\x10" + b"\0" * 40)):
            (self.folder / name).write_bytes(content)
            with self.assertRaisesRegex(StudyError, "not an exported policy"):
                Policy.load(self.folder / name)

    def test_every_agent_that_is_read_is_tried(self):
        from foresight import checkpoint

        kinds = (STUDENTS, checkpoint.GUIDED, checkpoint.ACTORS, checkpoint.ADVANTAGE, checkpoint.STOCHASTIC,
                 checkpoint.VALUES, checkpoint.TABLES, checkpoint.SEARCHED, checkpoint.REGRESSED)
        self.assertEqual({name for kind in kinds for name in kind}, set(RUNS))

    @unittest.skipUnless(PROGRAM, "the program is not built")
    def test_every_agent_of_the_catalogue_is_exported_or_says_why_not(self):
        """Those that are not tried are known not to have a policy, or have a planner."""
        listed = subprocess.run([PROGRAM, "list", "agents", "--json"], capture_output=True, text=True, check=True)
        names = {entry["name"] for entry in json.loads(listed.stdout)}
        planners = {name for name in names if name.startswith("pets")} | {"mpc", "gp-mpc", "ilqr", "loop", "td-mpc2"}
        self.assertEqual(names - set(RUNS) - set(WHY_NOT), planners)


class Serving(Temporary):
    def setUp(self):
        super().setUp()
        weight = np.array([[1.0], [2.0]], np.float32)
        self.policy = made([Operation("affine", {"weight": weight, "bias": np.zeros(1, np.float32)})], 2, 1)

    def test_answers_over_a_socket(self):
        path = self.folder / "s.sock"
        server = Server(self.policy, path)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.assertEqual(path.stat().st_mode & 0o777, 0o600)
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))
            with client.makefile("rwb") as stream:
                for asked, wanted in (({"observation": [1, 2]}, {"action": [5.0]}),
                                      ({"observations": [[1, 2], [0, 1]]}, {"actions": [[5.0], [2.0]]})):
                    stream.write(json.dumps(asked).encode() + b"\n")
                    stream.flush()
                    self.assertEqual(json.loads(stream.readline()), wanted)

    def test_answers_by_http_of_this_machine_alone(self):
        server, address = make_web_server(self.policy)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.assertEqual(server.server_address[0], "127.0.0.1")
        host, path = address.removeprefix("http://").split("/", 1)
        self.assertGreaterEqual(len(path), 24)
        client = http.client.HTTPConnection(host, timeout=20)
        self.addCleanup(client.close)

        def ask(body: str, place: str = path, **headers: str) -> tuple[int, dict]:
            client.request("POST", f"/{place}", body, headers)
            response = client.getresponse()
            return response.status, json.loads(response.read())

        self.assertEqual(ask('{"observation": [1, 2]}'), (200, {"action": [5.0]}))
        self.assertEqual(ask('{"observations": [[1, 2], [0, 1]]}'), (200, {"actions": [[5.0], [2.0]]}))
        self.assertEqual(ask('{"observation": [1]}')[0], 400)  # and the connection stays open
        self.assertEqual(ask('{"observation": [1, 2]}')[0], 200)
        for place, headers in (("", {}), ("x" * len(path), {}), (path, {"Host": "example.org"})):
            self.assertEqual(ask('{"observation": [1, 2]}', place, **headers), (404, {"error": "not found"}))
        self.assertEqual(ask("", **{"Content-Length": "99999999"})[0], 400)

    def test_what_is_wrong_comes_back(self):
        for line in (b"{", b"[]", b'{"observation": [1]}', b'{"observation": [1, NaN]}', b'{"observation": [[1, 2]]}',
                     b'{"observation": "x"}', b'{"observation": {}}', b"[" * 100_000):
            self.assertIn("error", json.loads(answer(self.policy, line)), line[:40])

    def test_does_not_take_a_file_away(self):
        (self.folder / "notes").write_text("mine")
        with self.assertRaisesRegex(StudyError, "is in the way"):
            Server(self.policy, self.folder / "notes")


if __name__ == "__main__":
    unittest.main()
