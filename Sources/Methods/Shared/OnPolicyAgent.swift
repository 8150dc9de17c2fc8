import Archive
import Experience
import Interfaces
import Kernels
import Learners
import Networks

/// When a segment is full.
enum SegmentRule: Sendable {
  /// After that many steps of each copy.
  case steps(Int)
  /// Once that many episodes have ended in it, of all copies together.
  case episodes(Int)
}

/// Acts with a stochastic policy in N copies, collects what they do in a segment, learns from it when it is full, and
/// starts the next: the agent of every on-policy method. Measured actions are the policy's modes.
struct OnPolicyAgent<Learner: OnPolicyLearner>: Agent {
  private let rule: SegmentRule
  private var learner: Learner
  private var segment: RolloutSegment
  /// Actions as the policy drew them, [N, A].
  private var raw: Matrix
  /// Exploration of each copy's episode.
  private var streams = [RandomStream(seed: 0)]
  private var training: RandomStream
  /// Environment steps so far, over all copies.
  private var steps = 0
  /// Episodes that ended in the segment.
  private var episodes = 0
  private let workspace: PerceptronWorkspace
  private(set) var phases = PhaseSeconds()

  var metricNames: [String] { Learner.metricNames }

  /// An agent around `learner` in an environment of `spec`.
  init(_ rule: SegmentRule, learner: Learner, spec: EnvironmentSpec, using random: RandomStream) {
    self.rule = rule
    self.learner = learner
    segment = OnPolicyAgent.emptySegment(rule, copies: 1, spec.observationSize, spec.action.size)
    raw = Matrix(rows: 1, columns: spec.action.size)
    training = random.child("training")
    workspace = learner.policy.makeWorkspace()
  }

  private static func emptySegment(
    _ rule: SegmentRule, copies: Int, _ observationSize: Int, _ actionSize: Int
  ) -> RolloutSegment {
    let capacity =
      switch rule {
      case .steps(let steps): steps
      case .episodes: 1024
      }
    return RolloutSegment(
      copies: copies, observationSize: observationSize, actionSize: actionSize, capacity: capacity)
  }

  mutating func prepare(copies: Int, for purpose: ActPurpose) {
    guard purpose == .collect else { return }
    segment = OnPolicyAgent.emptySegment(
      rule, copies: copies, segment.observationSize, segment.actionSize)
    raw = Matrix(rows: copies, columns: segment.actionSize)
    streams = Array(repeating: streams[0], count: copies)
  }

  mutating func startEpisode(of copy: Int, for purpose: ActPurpose, using random: RandomStream) {
    if purpose == .collect { streams[copy] = random }
  }

  mutating func act(on steps: inout CopySteps, for purpose: ActPurpose) throws(NumericalFailure) {
    let policy = learner.policy
    switch purpose {
    case .collect:
      policy.sample(
        count: steps.count, on: steps.observations.pointer, using: &streams, raw: raw.mutablePointer,
        actions: steps.actions.mutablePointer, workspace)
    case .evaluate:
      // modes draw nothing
      policy.act(
        count: steps.count, on: steps.observations.pointer, explore: false, using: &training,
        actions: steps.actions.mutablePointer, workspace)
    }
  }

  mutating func observe(_ steps: CopySteps) {
    steps.endings.withUnsafeBufferPointer { endings in
      guard let endings = endings.baseAddress else { return }
      segment.append(
        observations: steps.observations.pointer, actions: raw.pointer, rewards: steps.rewards.pointer,
        endings: endings, next: steps.next.pointer)
    }
    self.steps += steps.count
    for ending in steps.endings where ending != .none { episodes += 1 }
  }

  mutating func improve(metrics: inout MetricRow) throws(NumericalFailure) {
    let isFull =
      switch rule {
      case .steps(let count): segment.steps >= count
      case .episodes(let count): episodes >= count
      }
    guard isFull else { return }
    let start = ContinuousClock.now
    defer { phases.learning += seconds(from: start) }
    try learner.update(on: segment, steps: steps, using: &training, metrics: &metrics)
    segment.clear()
    episodes = 0
  }
}

extension OnPolicyAgent: Checkpointable {
  func save(to writer: inout StateWriter) {
    writer.write("learner", learner)
    writer.write("segment", segment)
    writer.write("exploration", copies: streams)
    writer.write("training", training)
    writer.write("counters", [steps, episodes])
  }

  mutating func restore(from reader: StateReader) throws(ArchiveError) {
    try reader.read("learner", into: &learner)
    try reader.read("segment", into: &segment)
    try reader.read("exploration", intoCopies: &streams)
    training = try reader.stream("training")
    let counters = try reader.counts("counters")
    guard counters.count == 2 else {
      throw .mismatch(name: "counters", expected: "2 integers", found: "\(counters.count)")
    }
    (steps, episodes) = (counters[0], counters[1])
  }
}
