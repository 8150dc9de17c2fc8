import Environments
import Interfaces
import Kernels
import TestSupport
import Testing
import Wrappers

/// An environment as the only copy of a vector environment.
@Suite struct SingleCopyTests {
  private static func short() -> Pendulum {
    var settings = PendulumSettings()
    settings.stepLimit = 4
    return Pendulum(settings)
  }

  /// It does what the environment does by itself, episode e from the stream `random.child(e)`, each started when asked to.
  @Test func followsTheEnvironment() throws {
    var (vector, alone) = (SingleCopy(Self.short()), Self.short())
    let random = RandomStream(seed: 3)
    try vector.reset(using: random)
    var observation = [Float](repeating: 0, count: 3)
    for episode in 0..<3 {
      if episode > 0 { try vector.startEpisodes() }
      var start = random.child(episode)
      alone.reset(using: &start, observation: &observation)
      #expect(Self.seen(vector) == observation)
      for step in 1...4 {
        let action = [Float(step) - 2.5]
        let outcome = try alone.step(action, observation: &observation)
        try vector.step(Matrix(rows: 1, columns: 1, action))
        #expect(vector.rewards[0] == outcome.reward && vector.endings[0] == outcome.ending)
        #expect(Self.seen(vector) == observation && Array(vector.nextObservation(0)) == observation)
      }
      #expect(vector.endings[0] == .truncated)
    }
  }

  /// Within an episode and between two, from the environment's own state and where it stood.
  @Test(arguments: [2, 4]) func resumes(_ steps: Int) throws {
    let random = RandomStream(seed: 3)
    var vector = SingleCopy(Self.short())
    try vector.reset(using: random)
    let push = Matrix(rows: 1, columns: 1, [0.5])
    for _ in 0..<steps { try vector.step(push) }
    #expect(OracleState(vector) == OracleState(try Self.played(steps)))
    var other = SingleCopy(Self.short())
    try OracleState(vector).restore(into: &other)
    other.resume(
      using: random, episodes: [steps / 4], isUnderWay: [steps < 4],
      observations: Matrix(rows: 1, columns: 3, Self.seen(vector)))
    for _ in 0..<2 {
      try vector.startEpisodes()
      try other.startEpisodes()
      #expect(Self.seen(other) == Self.seen(vector))
      try vector.step(push)
      try other.step(push)
      #expect(Self.seen(other) == Self.seen(vector))
    }
  }

  private static func seen(_ vector: SingleCopy<Pendulum>) -> [Float] {
    Array(UnsafeBufferPointer(start: vector.observations, count: 3))
  }

  /// The environment alone after the first steps of its first episode.
  private static func played(_ steps: Int) throws -> Pendulum {
    var (alone, start) = (short(), RandomStream(seed: 3).child(0))
    var observation = [Float](repeating: 0, count: 3)
    alone.reset(using: &start, observation: &observation)
    for _ in 0..<steps { _ = try alone.step([0.5], observation: &observation) }
    return alone
  }
}
