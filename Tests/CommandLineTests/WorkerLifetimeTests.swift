import Foundation
import Laboratory
import Testing
import TestSupport

/// Nothing of a Python environment outlives the program.
@Suite struct WorkerLifetimeTests {
  private let root: ScratchFolder

  init() throws {
    root = try ScratchFolder()
    try write(
      "task.py",
      """
      import os, subprocess, sys, time
      import gymnasium, numpy
      from gymnasium.spaces import Box

      class Task(gymnasium.Env):
          observation_space, action_space = Box(-10, 10, (2,)), Box(-1, 1, (1,))

          def __init__(self, kind="child"):
              self.kind, self.steps = kind, 0
              self.child = subprocess.Popen(["sleep", "600"])
              with open(os.environ["PIDS"], "a") as file:
                  file.write(f"{os.getpid()} {self.child.pid} ")

          def reset(self, *, seed=None, options=None):
              super().reset(seed=seed)
              return numpy.zeros(2, numpy.float32), {}

          def step(self, action):
              self.steps += 1
              if self.steps == 5 and self.kind == "lock":
                  sum(range(10**13))
              if self.steps == 5 and self.kind == "fork" and not os.fork():
                  time.sleep(600)
              if self.steps == 5 and self.kind == "fork":
                  os._exit(7)
              return numpy.zeros(2, numpy.float32), 0.0, False, False, {}

      gymnasium.register("Task-v0", Task)
      """)
  }

  private func write(_ name: String, _ text: String) throws {
    try Data(text.utf8).write(to: URL(fileURLWithPath: root.path + "/" + name))
  }

  private var pids: [pid_t] {
    let text = (try? String(contentsOfFile: root.path + "/pids", encoding: .utf8)) ?? ""
    return text.split(separator: " ").compactMap { pid_t($0) }
  }

  /// Whether a process runs: one that waits to be reaped does not.
  private func runs(_ process: pid_t) -> Bool {
    guard let status = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8) else { return false }
    return !status.contains(") Z ") && !status.contains(") X ")
  }

  /// Waits until `condition` holds; false if it does not come to that.
  private func becomes(_ condition: () -> Bool) -> Bool {
    for _ in 0..<2000 {
      if condition() { return true }
      usleep(10_000)
    }
    return condition()
  }

  private func start(_ kind: String, steps: Int) throws -> RunningProgram {
    try Program.start(
      [
        "train", "random", "gymnasium:task.py:Task-v0", "--steps", "\(steps)", "--set",
        "environment.arguments.kind=\(kind)",
        "--set", "evaluation.episodes=0",
      ], in: root.path, environment: ["PIDS": root.path + "/pids"])
  }

  @Test(arguments: [("lock", SIGKILL), ("lock", SIGTERM), ("child", SIGKILL), ("child", SIGTERM)])
  func nothingOutlivesAProgramThatIsEnded(kind: String, signal: Int32) throws {
    let program = try start(kind, steps: 1_000_000_000)
    let folder = root.path + "/runs/gymnasium_task.py_Task-v0/random/seed-0"
    #expect(becomes { FileManager.default.fileExists(atPath: folder + "/checkpoint-0.safetensors") })
    usleep(200_000)
    #expect(pids.count >= 2 && pids.contains(where: runs))
    program.signal(signal)
    #expect(program.finish().status == 128 + signal)
    #expect(becomes { !pids.contains(where: runs) }, "\(pids.filter(runs))")
  }

  @Test func nothingOutlivesAProgramThatEnds() throws {
    #expect(try start("child", steps: 20).finish().status == 0)
    #expect(!pids.isEmpty && becomes { !pids.contains(where: runs) })
  }

  @Test func aForkedChildEndsWithItsEnvironment() throws {
    let result = try start("fork", steps: 20).finish()
    #expect(result.status == 1 && result.errors.contains("exit status 7"), "\(result.errors)")
    #expect(becomes { !pids.contains(where: runs) })
  }

  /// Files of the working folder that are named like modules of Python itself.
  @Test func modulesOfPythonAreNotLookedForInTheWorkingFolder() throws {
    for name in ["random", "types", "linecache", "ctypes", "json", "select", "numpy"] {
      try write(name + ".py", "raise ImportError('not this one')\n")
    }
    let result = try start("child", steps: 20).finish()
    #expect(result.status == 0, "\(result.errors)")
  }
}
