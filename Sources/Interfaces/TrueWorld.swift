import Archive
import Kernels

/// A world that is known from the start, such as the environment itself: it fits nothing and saves nothing.
///
/// Planning and imagining in it is the control experiment of model-based methods: what would a perfect model give?
public struct TrueWorld<Base: World>: LearnedWorld {
  /// What is known.
  public let base: Base
  /// Its steps and costs in double precision, where they have derivatives.
  public let knownDynamics: (any PlannedDynamics)?

  /// `base`, for agents that fit a world; `dynamics` are its own in double precision, where they have derivatives.
  public init(_ base: Base, dynamics: (any PlannedDynamics)? = nil) {
    self.base = base
    knownDynamics = dynamics
  }

  public static var metricNames: [String] { [] }
  public var isFitted: Bool { true }
  public var needsData: Bool { false }
  public var stateSize: Int { base.stateSize }
  public var actionSize: Int { base.actionSize }
  public var preferredRows: Int { base.preferredRows }
  public var gradients: GradientSupport { base.gradients }
  public var isTimed: Bool { base.isTimed }
  public var horizon: Int { base.horizon }
  public var expectation: TrueWorld { TrueWorld(base.expectation, dynamics: knownDynamics) }
  public var members: [TrueWorld] { base.members.map { TrueWorld($0, dynamics: knownDynamics) } }

  public func makeRollout(capacity: Int, keeping steps: Int) -> Base.Rollout {
    base.makeRollout(capacity: capacity, keeping: steps)
  }

  public mutating func fit(
    to data: some TransitionSource, using random: inout RandomStream, metrics: inout MetricRow
  ) {}

  public func save(to writer: inout StateWriter) {}
  public mutating func restore(from reader: StateReader) {}
}

/// An environment that can be imagined in as it is.
public protocol ImaginableEnvironment: Environment {
  /// The environment itself as a world; its own episode plays no part. Rewards and terminations are its own.
  var trueWorld: any LearnedWorld { get }
}

/// Known dynamics as one object, for planners that keep what they made of them.
public final class SharedDynamics<Base: DifferentiableDynamics>: PlannedDynamics where Base.Simulation: CostSimulation {
  private let base: Base

  /// `base`, shared.
  public init(_ base: Base) { self.base = base }

  public var stateSize: Int { base.stateSize }
  public var tangentSize: Int { base.tangentSize }
  public var actionSize: Int { base.actionSize }
  public var observationSize: Int { base.observationSize }
  public var actionBounds: (low: [Double], high: [Double]) { base.actionBounds }

  public func makeSimulation() -> Base.Simulation { base.makeSimulation() }

  public func difference(
    from origin: UnsafePointer<Double>, to target: UnsafePointer<Double>, into change: UnsafeMutablePointer<Double>
  ) {
    base.difference(from: origin, to: target, into: change)
  }
}
