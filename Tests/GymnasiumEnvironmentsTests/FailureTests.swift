import Configuration
import Foundation
import GymnasiumEnvironments
import Interfaces
import Testing

/// What reaches the user when something is wrong.
@Suite struct FailureTests {
  /// The error of the third step.
  private func failure(_ fault: String, stepTimeout: Double = 60) throws -> GymnasiumError {
    var player = Player(try UserTask.make(["fault=\(fault)"], stepTimeout: stepTimeout))
    try player.reset()
    try player.step([0])
    try player.step([0])
    let error = try #require(throws: GymnasiumError.self) { try player.step([0]) }
    // and the next episode is another one's
    try player.reset()
    try player.step([0])
    return error
  }

  @Test func exceptionsCarryTheTraceback() throws {
    let text = "\(try failure("raise"))"
    let lines = text.split(separator: "\n").map(String.init)
    #expect(lines[0].hasSuffix("Counter-v0 raised an exception in step: RuntimeError: the wheel came off"), "\(text)")
    #expect(text.contains("user_tasks.py\", line ") && text.contains("in go_wrong"))
    #expect(!text.contains("foresight_gymnasium.py"), "the worker's own frames are nobody's business: \(text)")
    var player = Player(try UserTask.make(["fault=reset"]))
    let reset = try #require(throws: GymnasiumError.self) { try player.reset() }
    #expect("\(reset)".contains("raised an exception in reset: RuntimeError: no start today"))
  }

  @Test func aProcessThatEndsIsNoticed() throws {
    #expect("\(try failure("exit"))".contains("ended in step: exit status 7"))
    #expect("\(try failure("kill"))".contains("ended in step: signal 9, Killed"))
  }

  /// A message that is larger than a socket's buffer, of characters that take six bytes each and one that cannot be encoded.
  @Test func exceptionsOfAnyLengthArrive() throws {
    let text = "\(try failure("loud"))"
    #expect(text.contains("ValueError: bad state") && text.contains("characters ...]"), "\(text.prefix(300))")
    #expect(text.count < 40_000)
  }

  /// A child that the environment has forked holds the ends of all sockets, and is ended with it.
  @Test func aForkedChildDoesNotHideTheEnd() throws {
    #expect("\(try failure("fork"))".contains("ended in step: exit status 7"))
  }

  @Test func leavingByPythonsMeansIsAnEnd() throws {
    #expect("\(try failure("sys.exit"))".contains("ended in step: exit status 3"), "a thread goes on")
    #expect("\(try failure("interrupt"))".contains("raised an exception in step: KeyboardInterrupt"))
  }

  /// Stuck in native code with the interpreter's lock.
  @Test func aProcessThatHoldsItsLockIsEnded() throws {
    let text = "\(try failure("lock", stepTimeout: 1))"
    #expect(text.hasSuffix("did not come back from step within 1.0 seconds (environment.step_timeout)"), "\(text)")
  }

  /// A Python that dies, or says something else, before its greeting.
  @Test func aPythonThatIsNoneIsNoticedAtOnce() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("python-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    for (name, script, words) in [
      ("absent", "exit 127", "ended in start: exit status 127"),
      ("killed", "kill -SEGV $$", "ended in start: signal 11"),
      (
        "other", "exec 3<&0; printf %0100d 7 >&3; exec sleep 60",
        "ended in start: it sent what is no message"
      ),
    ] {
      let path = folder.appendingPathComponent(name).path
      try Data("#!/bin/bash\n\(script)\n".utf8).write(to: URL(fileURLWithPath: path))
      chmod(path, 0o755)
      #expect(try refusal("gymnasium:CartPole-v1", "python=\(path)").contains(words), "\(name)")
    }
  }

  @Test(arguments: ["WithoutOptions-v0", "StrictLayer-v0"])
  func resetsThatTakeNoOptionsGetNone(name: String) throws {
    var player = Player(try UserTask.make(name: name))
    try player.reset()
    try player.step([1])
    var copy = try player.resumed(in: UserTask.make(name: name))
    #expect(try copy.step([1]) == player.step([1]))
    try player.reset()
    let refused = try #require(throws: ConfigurationError.self) { try UserTask.make(name: "WithoutSeed-v0") }
    #expect("\(refused)".contains("reset of WithoutSeed takes no seed"), "\(refused)")
  }

  @Test func aProcessThatHangsIsEnded() throws {
    let text = "\(try failure("hang", stepTimeout: 1))"
    #expect(text.hasSuffix("did not come back from step within 1.0 seconds (environment.step_timeout)"), "\(text)")
  }

  @Test func numbersThatAreNotFiniteAreErrors() throws {
    #expect("\(try failure("nan"))".hasSuffix("returned an observation whose component 1 is nan"))
    #expect("\(try failure("reward"))".hasSuffix("returned a reward of inf"))
    #expect("\(try failure("no number"))".contains("step returned the reward None (NoneType), which is not a number"))
    #expect("\(try failure("shape"))".contains("step returned the observation array([0., 0., 0., 0., 0.])"))
  }

  private func refusal(_ name: String, _ setting: String? = nil) throws -> String {
    let tree = try setting.map { try ConfigurationTree(assignment: $0) } ?? ConfigurationTree()
    let settings = try GymnasiumSettings.decode(tree)
    let error = try #require(throws: ConfigurationError.self) {
      try GymnasiumEnvironment(GymnasiumTask(name, settings))
    }
    return "\(error)"
  }

  @Test func mistakenNamesGetGymnasiumsOwnWords() throws {
    let unknown = try refusal("gymnasium:LunerLander-v3")
    #expect(unknown.contains("Did you mean: `LunarLander`?") && !unknown.contains("Traceback"), "\(unknown)")
    #expect(try refusal("gymnasium:Taxi-v3").contains("Please use `Taxi-v4` instead"))
    #expect(try refusal("gymnasium:CartPole-v1", "arguments.gravitas=3").contains("gravitas"))
    #expect(try refusal("gymnasium:no_such_module:Some-v0").contains("there is no Python module 'no_such_module'"))
    #expect(try refusal("gymnasium:/no/such/file.py:Some-v0").contains("there is no file /no/such/file.py"))
    #expect(try refusal("gymnasium:").contains("expected gymnasium:ID"))
    #expect(try refusal("gymnasium::CartPole-v1").contains("expected gymnasium:ID"))
    #expect(try refusal("gymnasium:CartPole-v1", "python=/no/such/python").contains("cannot start /no/such/python"))
  }

  @Test func aMissingPackageComesWithThePipCommand() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("gymnasium-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appendingPathComponent("needs_more.py")
    try Data("import gymnasium\ngymnasium.register('Needs-v0', 'surely_not_installed.tasks:Task')\n".utf8).write(
      to: file)
    let text = try refusal("gymnasium:\(file.path):Needs-v0")
    #expect(text.contains("python -m pip install surely_not_installed"), "\(text)")
  }

  @Test func aModuleThatFailsShowsItsTraceback() throws {
    let file = FileManager.default.temporaryDirectory.appendingPathComponent(
      "broken_\(UInt32.random(in: 0...9_999_999)).py")
    try Data("def f():\n    return 1 / 0\nf()\n".utf8).write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    let text = try refusal("gymnasium:\(file.path):Some-v0")
    #expect(text.contains("ZeroDivisionError") && text.contains("line 2, in f"), "\(text)")
  }
}
