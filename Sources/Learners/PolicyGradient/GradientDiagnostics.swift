import Experience
import Interfaces
import Kernels

/// How noisy an agent's gradient is, and how near to a Monte-Carlo gradient from many more rollouts.
///
/// The agent's policy, as it is, plays on in its training environment. As many segments as are asked for, each as long as
/// those that the agent learns from, give gradients as an update would begin with, on all rows and on each minibatch; then
/// more segments give the reference: the mean of their Monte-Carlo gradients. The agent learns nothing.
public struct GradientDiagnostics: Sendable {
  /// Which gradient.
  public enum Kind: String, Sendable, CaseIterable {
    /// As the agent estimates it, on a whole segment.
    case segment
    /// As the agent estimates it, on a minibatch.
    case minibatch
    /// Monte Carlo, on a whole segment.
    case monteCarlo = "monte_carlo"
  }

  /// One gradient.
  public struct Sample: Sendable {
    public let kind: Kind
    /// Number of its segment.
    public let segment: Int
    /// Euclidean norm.
    public let norm: Double
    /// Cosine of the angle to the reference.
    public let cosine: Double
  }

  /// All gradients of one kind together.
  public struct Summary: Sendable {
    public let kind: Kind
    public let count: Int
    /// Trace of the covariance; of minibatches within their segment.
    public let variance: Double
    /// That by the squared norm of the mean.
    public let noiseToSignal: Double
    /// Mean cosine to the reference.
    public let cosine: Double
    /// Cosine of the mean to the reference.
    public let cosineOfMean: Double
  }

  public private(set) var samples: [Sample] = []
  public private(set) var summaries: [Summary] = []
  /// Norm of the reference.
  public private(set) var referenceNorm = 0.0
  /// Cosine between the means of its two halves: how well it is known itself.
  public private(set) var referenceCosine = 0.0
  /// Environment steps taken for it.
  public private(set) var referenceSteps = 0
  /// Environment steps of the examined segments.
  public private(set) var steps = 0

  /// Examines `agent` in `environment`, which is reset.
  ///
  /// - Throws: what the environment throws.
  public init<Agent: GradientExaminable>(
    of agent: inout Agent, in environment: inout any VectorEnvironment, segments: Int, referenceSegments: Int,
    using random: RandomStream
  ) throws {
    precondition(segments > 1 && referenceSegments > 1, "\(segments) segments, \(referenceSegments) of the reference")
    var player = Player(environment, using: random)
    try environment.reset(using: random.child("environment"))
    var shuffles = random.child("minibatches")
    let (own, reference) = (agent.gradientEstimate, agent.gradientEstimate.monteCarlo)
    var whole = own
    whole.batchSize = nil
    var gradients: [Kind: [(segment: Int, gradient: [Float])]] = [:]
    for segment in 0..<segments {
      try player.play(agent, in: &environment)
      steps += player.segment.rows
      for (kind, estimate) in [(Kind.segment, whole), (.minibatch, own), (.monteCarlo, reference)]
      where kind != .minibatch || (own.batchSize ?? .max) < player.segment.rows {
        let found = agent.policyGradients(on: player.segment, estimate, using: &shuffles)
        gradients[kind, default: []] += found.map { (segment: segment, gradient: $0) }
      }
    }
    var halves: [Mean] = [Mean(), Mean()]
    for segment in 0..<referenceSegments {
      try player.play(agent, in: &environment)
      referenceSteps += player.segment.rows
      for gradient in agent.policyGradients(on: player.segment, reference, using: &shuffles) {
        halves[segment % 2].add(gradient)
      }
    }
    let goal = halves[0].value.indices.map { (halves[0].value[$0] + halves[1].value[$0]) / 2 }
    referenceNorm = Self.norm(goal)
    referenceCosine = Self.cosine(halves[0].value, halves[1].value)
    for kind in Kind.allCases {
      guard let found = gradients[kind], !found.isEmpty else { continue }
      summarize(kind, found.map { (segment: $0.segment, gradient: $0.gradient.map { Double($0) }) }, goal)
    }
  }

  private mutating func summarize(_ kind: Kind, _ found: [(segment: Int, gradient: [Double])], _ goal: [Double]) {
    var own: [Sample] = []
    for one in found {
      own.append(
        Sample(
          kind: kind, segment: one.segment, norm: Self.norm(one.gradient), cosine: Self.cosine(one.gradient, goal)))
    }
    samples += own
    let all = found.map { $0.gradient }
    let mean = Self.mean(all)
    var variance = Self.variance(all)
    if kind == .minibatch {
      let segments = Set(found.map { $0.segment })
      variance = 0
      for segment in segments.sorted() {
        variance += Self.variance(found.filter { $0.segment == segment }.map { $0.gradient }) / Double(segments.count)
      }
    }
    let signal = Self.norm(mean) * Self.norm(mean)
    summaries.append(
      Summary(
        kind: kind, count: found.count, variance: variance, noiseToSignal: signal > 0 ? variance / signal : .nan,
        cosine: own.reduce(0.0) { $0 + $1.cosine } / Double(own.count), cosineOfMean: Self.cosine(mean, goal)))
  }

  /// Trace of the covariance, 0 of one vector.
  private static func variance(_ vectors: [[Double]]) -> Double {
    guard vectors.count > 1 else { return 0 }
    let center = mean(vectors)
    var total = 0.0
    for vector in vectors {
      for i in center.indices { total += (vector[i] - center[i]) * (vector[i] - center[i]) }
    }
    return total / Double(vectors.count - 1)
  }

  private static func mean(_ vectors: [[Double]]) -> [Double] {
    vectors[0].indices.map { i in vectors.reduce(0) { $0 + $1[i] } / Double(vectors.count) }
  }

  private static func norm(_ x: [Double]) -> Double { x.reduce(0) { $0 + $1 * $1 }.squareRoot() }

  private static func cosine(_ x: [Double], _ y: [Double]) -> Double {
    let product = norm(x) * norm(y)
    return product > 0 ? zip(x, y).reduce(0) { $0 + $1.0 * $1.1 } / product : .nan
  }

  /// A mean of gradients.
  private struct Mean {
    private(set) var value: [Double] = []
    private var count = 0.0

    mutating func add(_ gradient: [Float]) {
      if value.isEmpty { value = Array(repeating: 0, count: gradient.count) }
      count += 1
      for i in gradient.indices { value[i] += (Double(gradient[i]) - value[i]) / count }
    }
  }

  /// Plays segments, one after the other.
  private struct Player {
    private(set) var segment: RolloutSegment
    private var streams: [RandomStream]
    private var (raw, actions, next, observations): (Matrix, Matrix, Matrix, Matrix)
    private var isFirst = true

    init(_ environment: any VectorEnvironment, using random: RandomStream) {
      let (count, size, actionSize) = (
        environment.count, environment.spec.observationSize, environment.spec.action.size
      )
      segment = RolloutSegment(copies: count, observationSize: size, actionSize: actionSize, capacity: 1024)
      streams = (0..<count).map { random.child("actions").child($0) }
      raw = Matrix(rows: count, columns: actionSize)
      actions = raw
      next = Matrix(rows: count, columns: size)
      observations = next
    }

    mutating func play(_ agent: some GradientExaminable, in environment: inout any VectorEnvironment) throws {
      let (policy, count) = (agent.policy, segment.copies)
      let (workspace, size) = (policy.makeWorkspace(), segment.observationSize)
      segment.clear()
      repeat {
        if !isFirst { try environment.startEpisodes() }
        isFirst = false
        observations.mutablePointer.update(from: environment.observations, count: count * size)
        policy.sample(
          count: count, on: observations.pointer, using: &streams, raw: raw.mutablePointer,
          actions: actions.mutablePointer, workspace)
        try environment.step(actions)
        for copy in 0..<count { next.setRow(copy, Array(environment.nextObservation(copy))) }
        segment.append(
          observations: observations.pointer, actions: raw.pointer, rewards: environment.rewards,
          endings: environment.endings, next: next.pointer)
      } while !agent.isFull(segment)
    }
  }
}
