import Archive
import Configuration
import Kernels

/// Which optimizer trains a network.
public enum OptimizerChoice: String, CaseIterable, SettingValue {
  /// `Adam` with its usual constants.
  case adam
  /// `CenteredRMSprop` with decay 0.95 and epsilon 0.01.
  case rmsprop
}

/// The optimizer of one network, as a setting chose it.
public struct NetworkOptimizer: Sendable {
  // one of them is there; as optionals they are stepped in place
  private var adam: Adam?
  private var rmsprop: CenteredRMSprop?

  /// The chosen one for `count` parameters, before its first step.
  public init(_ choice: OptimizerChoice, count: Int) {
    switch choice {
    case .adam: adam = Adam(count: count)
    case .rmsprop: rmsprop = CenteredRMSprop(count: count)
    }
  }

  /// Counts a step and fixes its constants.
  package mutating func beginStep(learningRate: Float) -> Step {
    if let step = adam?.beginStep(learningRate: learningRate) { return .adam(step) }
    if let step = rmsprop?.beginStep(learningRate: learningRate) { return .rmsprop(step) }
    preconditionFailure("no optimizer")
  }

  /// One step's constants and what it keeps.
  package enum Step: OptimizerStep {
    case adam(Adam.Step)
    case rmsprop(CenteredRMSprop.Step)

    package func apply(
      _ parameters: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>, range: Range<Int>
    ) {
      switch self {
      case .adam(let step): step.apply(parameters, gradient: gradient, range: range)
      case .rmsprop(let step): step.apply(parameters, gradient: gradient, range: range)
      }
    }

    package func apply(
      _ parameters: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>, plus other: UnsafePointer<Float>,
      range: Range<Int>
    ) {
      switch self {
      case .adam(let step): step.apply(parameters, gradient: gradient, plus: other, range: range)
      case .rmsprop(let step): step.apply(parameters, gradient: gradient, plus: other, range: range)
      }
    }
  }
}

extension NetworkOptimizer: Checkpointable {
  public func save(to writer: inout StateWriter) {
    adam?.save(to: &writer)
    rmsprop?.save(to: &writer)
  }

  public mutating func restore(from reader: StateReader) throws(ArchiveError) {
    try adam?.restore(from: reader)
    try rmsprop?.restore(from: reader)
  }
}
