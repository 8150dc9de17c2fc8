import Foundation
import Laboratory
import Testing
import TestSupport

/// Checkpoints hold pickles of Python environments, which are code to whoever unpickles them.
@Suite struct PickleTests {
  private let root: ScratchFolder

  init() throws {
    root = try ScratchFolder()
    let task = """
      import pathlib, gymnasium, numpy
      from gymnasium.spaces import Box

      class Trap:
          def __reduce__(self):
              return pathlib.Path.touch, (pathlib.Path("\(root.path)/unpickled"),)

      class Task(gymnasium.Env):
          observation_space, action_space = Box(-10, 10, (2,)), Box(-1, 1, (1,))
          metadata = {"render_modes": ["rgb_array"]}

          def __init__(self, render_mode=None):
              self.render_mode, self.trap = render_mode, Trap()

          def reset(self, *, seed=None, options=None):
              super().reset(seed=seed)
              return numpy.zeros(2, numpy.float32), {}

          def step(self, action):
              return numpy.zeros(2, numpy.float32), 0.0, False, False, {}

          def render(self):
              return numpy.zeros((16, 16, 3), numpy.uint8)

      gymnasium.register("Task-v0", Task, max_episode_steps=7)
      """
    try Data(task.utf8).write(to: URL(fileURLWithPath: root.path + "/task.py"))
  }

  private var isUnpickled: Bool { FileManager.default.fileExists(atPath: root.path + "/unpickled") }

  private func train(_ steps: Int, copies: Int, _ more: [String] = []) throws -> Program.Result {
    try Program.run(
      [
        "train", "random", "gymnasium:task.py:Task-v0", "--steps", "\(steps)", "--set", "run.copies=\(copies)",
        "--set", "evaluation.episodes=1",
      ] + more, in: root.path)
  }

  @Test(arguments: [1, 3]) func onlyGoingOnUnpickles(copies: Int) throws {
    let folder = "runs/gymnasium_task.py_Task-v0/random/seed-0"
    // within an episode
    #expect(try train(9, copies: copies).status == 0)
    // the trial of saving, in the run itself, has unpickled what the run made
    try? FileManager.default.removeItem(atPath: root.path + "/unpickled")
    let evaluated = try Program.run(["evaluate", folder, "--episodes", "2"], in: root.path)
    #expect(evaluated.status == 0 && !isUnpickled, "\(evaluated.errors)")
    #expect(try Program.run(["evaluate", folder, "--episodes", "4", "--copies", "3"], in: root.path).status == 0)
    let recorded = try Program.run(["record", folder, "--out", "video.gif"], in: root.path)
    #expect((recorded.status == 0 || recorded.errors.contains("ffmpeg")) && !isUnpickled, "\(recorded.errors)")
    // random has no model: what matters is that nothing is unpickled before that is found
    #expect(try Program.run(["diagnose", folder], in: root.path).status == 1 && !isUnpickled)
    let resumed = try train(30, copies: copies)
    #expect(resumed.status == 0 && isUnpickled)
    #expect(resumed.output.contains("and unpickling its Python environment"), "\(resumed.output)")
  }

  /// Somebody else's folder; needs the right to give files away.
  @Test(.enabled(if: geteuid() == 0)) func othersFoldersAreRefusedUnlessTrusted() throws {
    #expect(try train(9, copies: 1).status == 0)
    try? FileManager.default.removeItem(atPath: root.path + "/unpickled")
    let folder = root.path + "/runs/gymnasium_task.py_Task-v0/random/seed-0"
    #expect(chown(folder + "/checkpoint-9.safetensors", 54_321, 54_321) == 0)
    let refused = try train(30, copies: 1)
    #expect(refused.status == 73 && !isUnpickled)
    #expect(refused.errors.contains("belongs to user 54321") && refused.errors.contains("--trust"), "\(refused.errors)")
    #expect(try Program.run(["evaluate", folder], in: root.path).status == 0 && !isUnpickled)
    #expect(try train(30, copies: 1, ["--trust"]).status == 0 && isUnpickled)
  }

  /// Environments of this program are saved as numbers: those of others are as good as one's own.
  @Test(.enabled(if: geteuid() == 0)) func numbersNeedNoTrust() throws {
    let arguments = ["train", "random", "Pendulum-v1", "--out", "n", "--steps"]
    #expect(try Program.run(arguments + ["100"], in: root.path).status == 0)
    #expect(chown(root.path + "/n/Pendulum-v1/random/seed-0/checkpoint-100.safetensors", 54_321, 54_321) == 0)
    #expect(try Program.run(arguments + ["300"], in: root.path).status == 0)
  }
}
