import Archive
import Experience
import Interfaces
import Kernels
import Learners
import Networks

/// Fits a policy to an expert's decisions: every so many steps anew to all of them so far. Who acts in between decides
/// what they are about: the expert in behaviour cloning, more and more the learner in DAgger. Measured actions are the
/// learner's modes.
struct ImitationAgent: Agent {
  /// Steps between fits.
  private let interval: Int
  /// Probability that the expert acts is this to the power of the number of fits so far.
  private let expertShare: Float
  /// Nil where decisions are a file's.
  private var expert: (any Agent)?
  private var learner: PolicyCloning
  /// The expert's decisions as rows of one copy; rewards and endings do not count.
  private var decisions: RolloutSegment
  private let isFile: Bool
  /// Decisions of a file are learned from without taking any step.
  var isOffline: Bool { isFile }
  /// What the expert does for the observations of the present step.
  private var advice: CopySteps
  /// A raw action.
  private var raw: Vector
  private var streams = [RandomStream(seed: 0)]
  private var training: RandomStream
  private var stepsSinceFit = 0
  private var fits = 0
  private let workspace: PerceptronWorkspace
  private(set) var phases = PhaseSeconds()

  var metricNames: [String] { PolicyCloning.metricNames + ["decisions", "expert_share"] }

  /// An agent that asks `expert` in an environment of `spec`.
  init(
    interval: Int, expertShare: Float, expert: any Agent, learner: PolicyCloning, spec: EnvironmentSpec,
    using random: RandomStream
  ) {
    self.init(
      interval: interval, expertShare: expertShare, expert: expert, learner: learner,
      decisions: RolloutSegment(
        copies: 1, observationSize: spec.observationSize, actionSize: spec.action.size, capacity: max(interval, 1024)),
      isFile: false, spec: spec, using: random)
  }

  /// An agent that learns from `decisions` alone: in the first round and every `interval` rounds.
  init(
    interval: Int, decisions: ExpertDecisions, learner: PolicyCloning, spec: EnvironmentSpec, using random: RandomStream
  ) {
    var rows = RolloutSegment(
      copies: 1, observationSize: spec.observationSize, actionSize: spec.action.size, capacity: decisions.count)
    var raw = Vector(count: spec.action.size)
    for row in 0..<decisions.count {
      decisions.actions.withUnsafeBufferPointer { actions in
        if let base = actions.baseAddress {
          learner.policy.writeRaw(base + row * raw.count, into: raw.mutablePointer)
        }
      }
      decisions.observations.withUnsafeBufferPointer { observations in
        if let base = observations.baseAddress {
          rows.append(decision: raw.pointer, at: base + row * spec.observationSize)
        }
      }
    }
    self.init(
      interval: interval, expertShare: 0, expert: nil, learner: learner, decisions: rows, isFile: true, spec: spec,
      using: random)
  }

  private init(
    interval: Int, expertShare: Float, expert: (any Agent)?, learner: PolicyCloning, decisions: RolloutSegment,
    isFile: Bool, spec: EnvironmentSpec, using random: RandomStream
  ) {
    self.interval = interval
    self.expertShare = expertShare
    self.expert = expert
    self.learner = learner
    self.decisions = decisions
    self.isFile = isFile
    advice = CopySteps(count: 1, spec: spec)
    raw = Vector(count: spec.action.size)
    training = random.child("training")
    workspace = learner.policy.makeWorkspace()
  }

  mutating func prepare(copies: Int, for purpose: ActPurpose) {
    guard purpose == .collect else { return }
    precondition(copies == 1, "an expert's warm starts are saved for one copy")
    expert?.prepare(copies: copies, for: .evaluate)
  }

  mutating func startEpisode(of copy: Int, for purpose: ActPurpose, using random: RandomStream) {
    guard purpose == .collect else { return }
    streams[copy] = random.child("actor")
    expert?.startEpisode(of: copy, for: .evaluate, using: random.child("expert"))
  }

  mutating func act(on steps: inout CopySteps, for purpose: ActPurpose) throws(NumericalFailure) {
    // modes draw nothing
    learner.policy.act(
      count: steps.count, on: steps.observations.pointer, explore: false, using: &training,
      actions: steps.actions.mutablePointer, workspace)
    guard purpose == .collect, expert != nil else { return }
    advice.observations.mutablePointer.update(from: steps.observations.pointer, count: steps.observations.count)
    advice.times = steps.times
    try expert?.act(on: &advice, for: .evaluate)
    if streams[0].uniform() < share {
      steps.actions.mutablePointer.update(from: advice.actions.pointer, count: steps.actions.count)
    }
  }

  /// Probability that the expert acts.
  private var share: Float {
    var share: Float = 1
    for _ in 0..<min(fits, 1000) { share *= expertShare }
    return share
  }

  mutating func observe(_ steps: CopySteps) {
    guard !isFile else { return }
    stepsSinceFit += steps.count
    learner.policy.writeRaw(advice.actions.pointer, into: raw.mutablePointer)
    decisions.append(decision: raw.pointer, at: advice.observations.pointer)
  }

  mutating func improve(metrics: inout MetricRow) throws(NumericalFailure) {
    if isFile { stepsSinceFit += 1 }
    guard stepsSinceFit >= interval || isFile && fits == 0 else { return }
    let start = ContinuousClock.now
    defer { phases.learning += seconds(from: start) }
    metrics.record("decisions", Float(decisions.rows))
    metrics.record("expert_share", isFile ? 0 : share)
    try learner.fit(to: decisions, using: &training, metrics: &metrics)
    stepsSinceFit = 0
    fits += 1
  }
}

extension RolloutSegment {
  /// Adds a raw action [A] at an observation [D], of one copy.
  fileprivate mutating func append(decision action: UnsafePointer<Float>, at observation: UnsafePointer<Float>) {
    var (reward, ending) = (Float(0), Ending.none)
    append(observations: observation, actions: action, rewards: &reward, endings: &ending, next: observation)
  }
}

extension ImitationAgent: Checkpointable {
  func save(to writer: inout StateWriter) {
    writer.write("learner", learner)
    if !isFile { writer.write("decisions", decisions) }
    if let expert { writer.scope("expert") { expert.save(to: &$0) } }
    writer.write("actor", copies: streams)
    writer.write("training", training)
    writer.write("counters", [stepsSinceFit, fits])
  }

  mutating func restore(from reader: StateReader) throws(ArchiveError) {
    try reader.read("learner", into: &learner)
    if !isFile { try reader.read("decisions", into: &decisions) }
    try expert?.restore(from: reader.scope("expert"))
    try reader.read("actor", intoCopies: &streams)
    training = try reader.stream("training")
    let counters = try reader.counts("counters")
    guard counters.count == 2 else {
      throw .mismatch(name: "counters", expected: "2 integers", found: "\(counters.count)")
    }
    (stepsSinceFit, fits) = (counters[0], counters[1])
  }
}
