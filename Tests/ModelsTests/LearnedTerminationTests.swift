import Environments
import Experience
import Interfaces
import Kernels
import Models
import Networks
import TestSupport
import Testing

/// Terminations and discrete actions, learned from steps of `CartPole-v1`.
@Suite struct LearnedTerminationTests {
  private static let task = CartPole(CartPoleSettings())

  /// Steps from states spread over the track and a little beyond the boundary of the angle, under both actions.
  private static func steps(_ count: Int, seed: UInt64) -> TransitionBatch {
    var random = RandomStream(seed: seed).child("steps")
    var batch = TransitionBatch(count: count, observationSize: 4, actionSize: 1)
    for row in 0..<count {
      let scale: [Float] = [3, 1.5, 0.3, 1.5]
      let observation = scale.map { random.uniform(-$0, $0) }
      let action: [Float] = [Float(random.index(below: 2))]
      let state = observation.withUnsafeBufferPointer { buffer in
        buffer.baseAddress.map { task.state(fromObservation: $0) } ?? .zero
      }
      let next = task.successor(of: state, under: action)
      batch.observations.setRow(row, observation)
      batch.actions.setRow(row, action)
      batch.nextObservations.setRow(row, (0..<4).map { Float(next[$0]) })
      let score = task.score(state, action, next: next)
      batch.rewards[row] = score.reward
      batch.continues[row] = score.terminated ? 0 : 1
    }
    return batch
  }

  private static func model(_ propagation: Propagation, members: Int = 3) -> ProbabilisticEnsemble {
    var settings = EnsembleSettings()
    settings.members = members
    settings.hidden = [48, 48]
    settings.weightDecay = [1e-6]
    settings.learningRate = 3e-3
    settings.batchSize = 64
    settings.terminationHidden = [48, 48]
    settings.epochs = 30
    settings.patience = 30
    settings.learnsReward = true
    settings.learnsTermination = true
    settings.propagation = propagation
    return ProbabilisticEnsemble(
      settings, stateSize: 4, actions: task.spec.action, using: RandomStream(seed: 3).child("model"))
  }

  private static func buffer(_ steps: TransitionBatch) -> ReplayBuffer {
    var data = ReplayBuffer(capacity: steps.count, observationSize: 4, actionSize: 1)
    for row in 0..<steps.count {
      data.append(
        Array(steps.observations.row(row)), Array(steps.actions.row(row)), reward: steps.rewards[row],
        next: Array(steps.nextObservations.row(row)), continues: steps.continues[row] == 1)
    }
    return data
  }

  /// What a rollout says one step after the observations of `steps`.
  private static func predict(
    _ model: ProbabilisticEnsemble, _ steps: TransitionBatch
  ) throws -> (states: [[Float]], ended: [Bool]) {
    let rollout = model.makeRollout(capacity: steps.count)
    rollout.reset(
      count: steps.count, to: steps.observations.pointer, rowsPerParticle: 1, firstParticle: 0,
      using: RandomStream(seed: 5))
    rollout.advance(steps.actions.pointer)
    let ended = try #require(rollout.predictedTerminations)
    return (rollout.rows(width: 4), (0..<steps.count).map { ended[$0] })
  }

  /// On fresh steps at least 95 % of the verdicts agree, of the endings and of the others, or 90 % where they are drawn;
  /// the threshold's errors lie near the boundary. Both actions' effects are told apart.
  @Test(arguments: [Propagation.mean, .ts1, .tsInfinity, .distribution])
  func learnsTheBoundaryOfCartPole(_ propagation: Propagation) throws {
    var model = Self.model(propagation)
    let metrics = try model.fit(Self.buffer(Self.steps(4000, seed: 1)))
    #expect(try #require(metrics.mean(of: "model_termination_loss")) < 0.2)
    let fresh = Self.steps(2000, seed: 2)
    let found = try Self.predict(model, fresh)
    var (agreed, seen, worst) = ([0, 0], [0, 0], Float(0))
    for row in 0..<fresh.count {
      let truth = fresh.continues[row] == 0
      seen[truth ? 1 : 0] += 1
      agreed[truth ? 1 : 0] += truth == found.ended[row] ? 1 : 0
      let next = fresh.nextObservations.row(row)
      let margin = min(abs(abs(next[0]) - 2.4) / 2.4, abs(abs(next[2]) - 0.2094) / 0.2094)
      if truth != found.ended[row] { worst = max(worst, margin) }
    }
    let share = propagation == .mean ? 0.95 : 0.9
    #expect(seen[0] > 600 && seen[1] > 600, "\(seen)")
    #expect(
      Double(agreed[0]) > share * Double(seen[0]) && Double(agreed[1]) > share * Double(seen[1]),
      "\(agreed) of \(seen)")
    if propagation == .mean { #expect(worst < 0.25, "an error \(worst) of the boundary away from it") }
    // a push changes the cart's speed by 0.195 m/s to either side; samples carry noise of their own
    let velocity = (0..<fresh.count).reduce(0) {
      $0 + abs(found.states[$1][1] - fresh.nextObservations.row($1)[1]) / Float(fresh.count)
    }
    #expect(velocity < 0.06, "mean error of the velocity \(velocity)")
  }

  /// Terminations that never came are not predicted; without learning there is no prediction.
  @Test(arguments: [Propagation.mean, .ts1, .tsInfinity, .distribution])
  func predictsOnlyWhatWasLearned(_ propagation: Propagation) throws {
    var steps = Self.steps(400, seed: 1)
    steps.continues.fill(1)
    var model = Self.model(propagation)
    try model.fit(Self.buffer(steps))
    #expect(try !Self.predict(model, steps).ended.contains(true))
    steps.continues[0] = 0
    try model.fit(Self.buffer(steps))
    #expect(
      model.predictOutcomes(member: 0, states: steps.observations, actions: steps.actions).terminations?.contains {
        $0 > 0
      } == true)
    let plain = ProbabilisticEnsemble.small()
    let rollout = plain.makeRollout(capacity: 1)
    #expect(rollout.predictedTerminations == nil)
  }

  /// A choice enters as a one-hot vector: networks with another number of inputs than actions have floats.
  @Test func choicesAreEncodedOneHot() {
    let discrete = ProbabilisticEnsemble(
      EnsembleSettings(), stateSize: 4, actions: .discrete(count: 5), using: RandomStream(seed: 1))
    let several = ProbabilisticEnsemble(
      EnsembleSettings(), stateSize: 4, actions: .multiDiscrete(counts: [3, 2]), using: RandomStream(seed: 1))
    #expect(discrete.actionSize == 1 && discrete.network.inputs == 9)
    #expect(several.actionSize == 2 && several.network.inputs == 9)
  }

  @Test(arguments: Propagation.allCases) func advancingDoesNotAllocate(_ propagation: Propagation) {
    let (model, steps) = (Self.model(propagation), Self.steps(200, seed: 1))
    let rollout = model.makeRollout(capacity: 200)
    let count = allocations {
      rollout.reset(
        count: 200, to: steps.observations.pointer, rowsPerParticle: 10, firstParticle: 0, using: RandomStream(seed: 1))
      for _ in 0..<3 { rollout.advance(steps.actions.pointer) }
    }
    #expect(count == 0)
  }
}
