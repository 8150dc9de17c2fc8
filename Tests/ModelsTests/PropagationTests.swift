import Foundation
import Interfaces
import Kernels
import Models
import Networks
import TestSupport
import Testing

/// Ensembles whose members predict a change of their own whatever the input, so that the member shows.
@Suite struct PropagationTests {
  private static let members = 5

  /// Member m adds `steps[m]` to both components of the state, with noise of variance exp(-20) or, for `rawVariance`,
  /// what the head makes of it.
  private func model(
    _ propagation: Propagation, steps: [Float] = [1, 2, 4, 8, 16], elites: [Int] = [0, 1, 2, 3, 4],
    rawVariance: Float = -40
  ) throws -> ProbabilisticEnsemble {
    var model = ProbabilisticEnsemble.small {
      $0.members = Self.members
      $0.propagation = propagation
      $0.elites = elites.count
    }
    let layout = model.network.layout
    let bias = try #require(layout.entries.last)
    #expect(bias.name == "layers.2.bias" && bias.shape == [4])
    var parameters = [Float](repeating: 0, count: Self.members * layout.count)
    for member in 0..<Self.members {
      for (index, value) in [steps[member], steps[member], rawVariance, rawVariance].enumerated() {
        parameters[member * layout.count + bias.offset + index] = value
      }
    }
    model.parameters = Vector(parameters)
    model.bounds = Vector([Float](repeating: 0.5, count: 10) + [Float](repeating: -20, count: 10))
    model.elites = elites
    return model
  }

  /// Which member moved each row in a step: `steps` are 2^member.
  private func movers(_ rollout: EnsembleRollout) -> [Int] {
    let before = rollout.rows(width: 2)
    rollout.step([Float](repeating: 0.5, count: rollout.count))
    return zip(before, rollout.rows(width: 2)).map { old, new in
      (0..<Self.members).first {
        abs(new[0] - old[0] - Float(1 << $0)) < 0.05 && abs(new[1] - old[1] - Float(1 << $0)) < 0.05
      } ?? -1
    }
  }

  private func start(_ model: ProbabilisticEnsemble, rows: Int, perParticle: Int, first: Int = 0, seed: UInt64 = 1)
    -> EnsembleRollout
  {
    let rollout = model.makeRollout(capacity: rows + 3)
    [Float](repeating: 0, count: 2 * rows).withUnsafeBufferPointer {
      guard let base = $0.baseAddress else { return }
      rollout.reset(
        count: rows, to: base, rowsPerParticle: perParticle, firstParticle: first, using: RandomStream(seed: seed))
    }
    return rollout
  }

  /// TS1: each row and step draws its member uniformly, independently of its last and of the neighboring row's.
  @Test func ts1DrawsAnewForEveryRowAndStep() throws {
    let rows = 3001
    let rollout = start(try model(.ts1), rows: rows, perParticle: 1)
    var last = movers(rollout)
    var neighbors = [Int](repeating: 0, count: 25)
    var successive = [Int](repeating: 0, count: 25)
    for _ in 0..<6 {
      let now = movers(rollout)
      guard !now.contains(-1), !last.contains(-1) else {
        Issue.record("a row moved as no member says")
        return
      }
      for row in 0..<rows { successive[last[row] * 5 + now[row]] += 1 }
      for row in stride(from: 0, to: rows - 1, by: 2) { neighbors[now[row] * 5 + now[row + 1]] += 1 }
      last = now
    }
    for counts in [neighbors, successive] {
      let test = OracleUniformity(counts)
      #expect(test.holds, "\(test)")
    }
  }

  /// TS-infinity: particle p keeps elite p modulo their number, from one step to the next.
  @Test(arguments: [(40, 8, 0), (40, 8, 3), (30, 1, 0), (60, 12, 7)])
  func tsInfinityKeepsTheMemberOfEachParticle(_ rows: Int, _ perParticle: Int, _ first: Int) throws {
    let rollout = start(try model(.tsInfinity), rows: rows, perParticle: perParticle, first: first)
    let expected = (0..<rows).map { (first + $0 / perParticle) % Self.members }
    for _ in 0..<4 { #expect(movers(rollout) == expected) }
  }

  /// TS-infinity with fewer particles than elites: each keeps one, and over many rollouts all have their turn.
  @Test(arguments: [1, 3]) func tsInfinityUsesAllMembersInTurn(_ particles: Int) throws {
    let rollout = try model(.tsInfinity).makeRollout(capacity: 4 * particles)
    let states = [Float](repeating: 0, count: 8 * particles)
    var seen: Set<Int> = []
    for seed in 0..<40 {
      rollout.reset(
        count: 4 * particles, to: states, rowsPerParticle: 4, firstParticle: 0, using: RandomStream(seed: UInt64(seed)))
      let now = movers(rollout)
      for particle in 0..<particles {
        #expect(Set(now[4 * particle..<4 * particle + 4]).count == 1)
        #expect(now[4 * particle] == (now[0] + particle) % Self.members)
      }
      seen.formUnion(now)
    }
    #expect(seen == Set(0..<Self.members))
  }

  /// Mean: the average of the members, without noise.
  @Test func meanAveragesTheMembers() throws {
    let rollout = start(try model(.mean, rawVariance: 0), rows: 7, perParticle: 7)
    for step in 1...3 {
      rollout.step([Float](repeating: 0.5, count: 7))
      for row in rollout.rows(width: 2) { #expect(row.allSatisfy { abs($0 - 6.2 * Float(step)) < 1e-4 }) }
    }
  }

  /// Distribution sampling: independent draws from a Gaussian with the mixture's mean and variance, the noise's and the
  /// disagreement's together.
  @Test func distributionSamplingMatchesTheMixturesMoments() throws {
    let rows = 20_000
    let rollout = start(try model(.distribution, rawVariance: -1), rows: rows, perParticle: rows)
    rollout.step([Float](repeating: 0, count: rows))
    let states = rollout.rows(width: 2)
    // means 1, 2, 4, 8, 16: mean 6.2, variance 29.76; noise as in `noiseHasThePredictedVariance`
    let expected = 29.76 + exp(0.5) / (1 + exp(1.5))
    for i in 0..<2 {
      let values = states.map { Double($0[i]) }
      let mean = values.reduce(0, +) / Double(rows)
      let moments = (2...4).map { power in values.reduce(0) { $0 + pow($1 - mean, Double(power)) } / Double(rows) }
      #expect(abs(mean - 6.2) < 5 * (expected / Double(rows)).squareRoot())
      #expect(abs(moments[0] / expected - 1) < 5 * (2 / Double(rows)).squareRoot())
      // a mixture of five spikes would be skewed (1.0) and flat (2.7)
      #expect(abs(moments[1] / pow(expected, 1.5)) < 5 * (6 / Double(rows)).squareRoot())
      #expect(abs(moments[2] / (expected * expected) - 3) < 5 * (24 / Double(rows)).squareRoot())
    }
    let product = states.reduce(0) { $0 + Double(($1[0] - 6.2) * ($1[1] - 6.2)) } / Double(rows)
    #expect(abs(product / expected) < 5 / Double(rows).squareRoot(), "components are drawn independently")
  }

  /// Members that are no elites never speak.
  @Test(arguments: Propagation.allCases) func onlyElitesPredict(_ propagation: Propagation) throws {
    // members that are no elites would spoil a mixture's mean and variance
    let steps: [Float] = propagation == .distribution ? [100, 5, 100, 5, 100] : [1, 2, 4, 8, 16]
    let rollout = start(try model(propagation, steps: steps, elites: [3, 1]), rows: 200, perParticle: 10)
    if propagation == .mean || propagation == .distribution {
      rollout.step([Float](repeating: 0, count: 200))
      #expect(rollout.rows(width: 2).allSatisfy { abs($0[0] - 5) < (propagation == .mean ? 1e-4 : 1e-2) })
    } else {
      let movers = movers(rollout)
      #expect(Set(movers) == [1, 3])
      if propagation == .tsInfinity { #expect(movers == (0..<200).map { $0 / 10 % 2 == 0 ? 3 : 1 }) }
    }
  }

  /// Samples have the variance exp(min) + exp(max) sigmoid(raw - max) of the softly bounded head, in every component by
  /// itself.
  @Test func noiseHasThePredictedVariance() throws {
    let rows = 20_000
    let rollout = start(try model(.tsInfinity, steps: [0, 0, 0, 0, 0], rawVariance: -1), rows: rows, perParticle: rows)
    rollout.step([Float](repeating: 0, count: rows))
    let states = rollout.rows(width: 2)
    let expected = exp(0.5) / (1 + exp(1.5))  // exp(-20) is nothing beside it
    func product(_ i: Int, _ j: Int) -> Double { states.reduce(0) { $0 + Double($1[i] * $1[j]) } / Double(rows) }
    for i in 0..<2 {
      let mean = states.reduce(0) { $0 + Double($1[i]) } / Double(rows)
      #expect(abs(mean) < 5 * (expected / Double(rows)).squareRoot())
      #expect(abs(product(i, i) / expected - 1) < 5 * (2 / Double(rows)).squareRoot())
    }
    #expect(abs(product(0, 1) / expected) < 5 / Double(rows).squareRoot())
  }

  /// The same stream gives the same course, another one another; a rollout used before starts afresh.
  @Test(arguments: Propagation.allCases) func coursesAreFunctionsOfTheStream(_ propagation: Propagation) throws {
    let model = try model(propagation, rawVariance: -1)
    func course(_ rollout: EnsembleRollout) -> [[Float]] {
      for _ in 0..<3 { rollout.step([Float](repeating: 0.1, count: 20)) }
      return rollout.rows(width: 2)
    }
    let used = start(model, rows: 20, perParticle: 5, seed: 2)
    let first = course(used)
    #expect(course(start(model, rows: 20, perParticle: 5, seed: 2)) == first)
    [Float](repeating: 0, count: 40).withUnsafeBufferPointer {
      guard let base = $0.baseAddress else { return }
      used.reset(count: 20, to: base, rowsPerParticle: 5, firstParticle: 0, using: RandomStream(seed: 2))
    }
    #expect(course(used) == first)
    if propagation != .mean { #expect(course(start(model, rows: 20, perParticle: 5, seed: 3)) != first) }
  }

  /// In networks of the default size, too, whose last layer is narrow.
  @Test(arguments: Propagation.allCases, [[24], [200, 200, 200]])
  func advancingDoesNotAllocate(_ propagation: Propagation, _ hidden: [Int]) {
    var settings = EnsembleSettings()
    settings.hidden = hidden
    settings.propagation = propagation
    settings.weightDecay = [0]
    let model = ProbabilisticEnsemble(settings, stateSize: 4, actionSize: 1, using: RandomStream(seed: 1))
    let rollout = model.makeRollout(capacity: 200)
    let (states, actions) = ([Float](repeating: 0, count: 800), [Float](repeating: 0, count: 200))
    let count = allocations {
      states.withUnsafeBufferPointer {
        guard let base = $0.baseAddress else { return }
        rollout.reset(count: 200, to: base, rowsPerParticle: 10, firstParticle: 0, using: RandomStream(seed: 1))
      }
      for _ in 0..<3 { rollout.step(actions) }
    }
    #expect(count == 0)
  }
}
