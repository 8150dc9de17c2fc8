import Archive
import Configuration
import Experience
import Interfaces
import Kernels

/// Several learners, each for a part of the episodes, drawn to one policy that is distilled from all of them: divide
/// and conquer (Ghosh et al. 2018) where episodes are divided by their starts, Distral (Teh et al. 2017) where by
/// tasks.
///
/// Learner i of the collected episode's part maximizes rewards with `KLRegularization` towards the shared policy pi_0.
/// Pi_0 descends the average over parts of KL(pi_i || pi_0) at replayed states, which for pi_0 is the same as ascending
/// E_{pi_i} log pi_0.
public struct SharedPolicyAgent<Learner: GuidedLearner, Student: GuidingStudent>: RowwiseAgent
where Student.Prior == Learner.Prior {
  private let settings: SharedPolicySettings
  private let regularization: KLRegularization
  private let evaluatesShared: Bool
  private var learners: PartitionedLearners<Learner>
  /// The policy that all parts share.
  package private(set) var shared: Student
  private var lessons: DistillationSampler<Learner>
  private var training: RandomStream
  private var counter = StepCounter()
  /// The part of observations that policies see.
  private var (seen, seenNext): ([Float], [Float])
  public private(set) var phases = PhaseSeconds()

  /// What the learner of `part` remembers.
  package func replay(of part: Int) -> ReplayBuffer { learners.learners[part].replay }

  /// Environment steps that the learner of `part` has taken.
  package func steps(of part: Int) -> Int { learners.learners[part].steps }

  /// Whether starts are still collected, to be clustered.
  package var holdsStarts: Bool { learners.parts.holdsStarts }

  public var metricNames: [String] { Learner.metricNames + Student.metricNames }

  /// An agent in an environment of `spec`. `learners`, one for each part by `rule`, and the shared policy see the first
  /// `seenSize` floats of observations alone.
  public init(
    _ settings: SharedPolicySettings, _ schedule: OffPolicySettings, regularization: KLRegularization,
    learners: [Learner],
    shared: Student, rule: PartitionRule, seenSize: Int, evaluatesShared: Bool, spec: EnvironmentSpec,
    using random: RandomStream
  ) {
    precondition(seenSize > 0 && seenSize <= spec.observationSize, "\(seenSize) of \(spec.observationSize) floats seen")
    self.settings = settings
    self.regularization = regularization
    self.evaluatesShared = evaluatesShared
    self.shared = shared
    let seenSpec = EnvironmentSpec(
      observationSize: seenSize, action: spec.action, timeStep: spec.timeStep, stepLimit: spec.stepLimit)
    self.learners = PartitionedLearners(
      schedule, learners, rule: rule, observationSize: spec.observationSize, spec: seenSpec,
      using: random.child("parts"))
    lessons = DistillationSampler(count: settings.lessonSize, self.learners, featureSize: 0, spec: seenSpec)
    training = random.child("training")
    seen = Array(repeating: 0, count: seenSize)
    seenNext = seen
  }

  public func memoryNeeds(after steps: Int) -> [MemoryNeed] { learners.memoryNeeds(after: steps) }

  public mutating func prepare(copies: Int, for purpose: ActPurpose) {
    learners.prepare(copies: copies, for: purpose)
  }

  public mutating func startEpisode(of copy: Int, for purpose: ActPurpose, using random: RandomStream) {
    learners.startEpisode(of: copy, for: purpose, using: random)
  }

  public mutating func act(
    on observation: [Float], of copy: Int, for purpose: ActPurpose, action: inout [Float]
  ) throws(NumericalFailure) {
    let part = learners.part(of: observation, in: copy, for: purpose)
    for i in seen.indices { seen[i] = observation[i] }
    if purpose == .evaluate && evaluatesShared {
      var unused = RandomStream(seed: 0)
      shared.act(on: seen, explore: false, using: &unused, action: &action)
    } else {
      learners.act(part, on: seen, of: copy, for: purpose, action: &action)
    }
  }

  public mutating func observe(
    _ observation: [Float], _ action: [Float], _ outcome: StepOutcome, next: [Float], of copy: Int
  ) {
    for i in seen.indices { (seen[i], seenNext[i]) = (observation[i], next[i]) }
    learners.observe(seen, action, outcome, next: seenNext, of: copy)
    counter.add()
  }

  public mutating func improve(metrics: inout MetricRow) throws(NumericalFailure) {
    let start = ContinuousClock.now
    defer { phases.learning += seconds(from: start) }
    let new = counter.takeNew()
    try train(metrics: &metrics)
    guard learners.holdsStates else { return }
    for _ in 0..<new.multiples(of: settings.interval) * settings.lessons {
      lessons.draw(from: learners, together: false, for: shared, using: &training)
      try shared.learn(lessons.batch, metrics: &metrics)
    }
  }

  private mutating func train(metrics: inout MetricRow) throws(NumericalFailure) {
    let (regularization, prior) = (counter.steps > settings.start ? regularization : nil, shared.prior)
    try learners.train(using: &training) { (learner, batch, random) throws(NumericalFailure) in
      if let regularization {
        try learner.update(on: batch, toward: prior, regularization: regularization, using: &random, metrics: &metrics)
      } else {
        try learner.update(on: batch, using: &random, metrics: &metrics)
      }
    }
  }
}

extension SharedPolicyAgent: Archived {
  public mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    try fields.field("learners", &learners)
    try fields.field("shared", &shared)
    try fields.field("training", &training)
    try fields.field("steps", &counter)
  }
}
