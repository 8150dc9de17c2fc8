import Archive
import Interfaces
import Kernels

/// Examples of action values: where, what was done, and what it was worth.
public struct ActionValueExamples {
  /// Observations, [N, D].
  public let observations: Matrix
  /// Numbers of the actions, [N].
  public let actions: [Int]
  /// Values to learn, [N].
  public var targets: Vector

  /// Of as many observations, actions and targets, at least one.
  public init(observations: Matrix, actions: [Int], targets: Vector) {
    precondition(
      observations.rows == actions.count && targets.count == actions.count && !actions.isEmpty,
      "\(observations.rows) observations, \(actions.count) actions, \(targets.count) targets")
    self.observations = observations
    self.actions = actions
    self.targets = targets
  }

  /// Number of examples, N.
  public var count: Int { actions.count }
}

/// Action values of discrete actions, fitted by regression.
public protocol ActionValueRegression: Checkpointable, Sendable {
  /// Number of actions, A.
  var actionCount: Int { get }

  /// Fits to `examples`, perhaps from where it was. Uses all threads, with the same result whatever their number.
  /// Throws `NumericalFailure` when values are not finite.
  mutating func fit(_ examples: ActionValueExamples, using random: RandomStream) throws(NumericalFailure)

  /// Forgets everything: all values are 0.
  mutating func reset()

  /// Writes Q [N, A] at `count` observations [N, D], each row by itself, to the bit. Uses all threads for many rows.
  func values(_ observations: UnsafePointer<Float>, count: Int, into values: UnsafeMutablePointer<Float>)
}

/// A regression for each action by itself, on the examples of that action. Actions without examples keep values of 0.
public struct ActionwiseRegression<Base: Regressor>: ActionValueRegression {
  private let untrained: Base
  private let observationSize: Int
  private var parts: [Base]

  /// `actions` regressions like `untrained`, of observations of `observationSize` floats.
  public init(_ untrained: Base, observationSize: Int, actions: Int) {
    self.untrained = untrained
    self.observationSize = observationSize
    parts = Array(repeating: untrained, count: actions)
  }

  public var actionCount: Int { parts.count }

  public mutating func reset() { parts = Array(repeating: untrained, count: parts.count) }

  public mutating func fit(_ examples: ActionValueExamples, using random: RandomStream) {
    let source = examples.observations.pointer
    for action in parts.indices {
      let rows = examples.actions.indices.filter { examples.actions[$0] == action }
      guard !rows.isEmpty else { continue }
      var (x, y) = (Matrix(rows: rows.count, columns: observationSize), Vector(count: rows.count))
      let (inputs, targets) = (x.mutablePointer, y.mutablePointer)
      for (place, row) in rows.enumerated() {
        (inputs + place * observationSize).update(from: source + row * observationSize, count: observationSize)
        targets[place] = examples.targets.pointer[row]
      }
      parts[action].fit(x, y, using: random.child(action))
    }
  }

  public func values(_ observations: UnsafePointer<Float>, count: Int, into values: UnsafeMutablePointer<Float>) {
    guard count > RowBlocks.size else {
      write(0..<count, observations, values)
      return
    }
    let blocks = RowBlocks(rows: count)
    nonisolated(unsafe) let (observations, values) = (observations, values)
    WorkerPool.forEach(blocks.count) { block in write(blocks[block], observations, values) }
  }

  private func write(
    _ rows: Range<Int>, _ observations: UnsafePointer<Float>, _ values: UnsafeMutablePointer<Float>
  ) {
    for row in rows {
      for action in parts.indices {
        values[row * parts.count + action] = parts[action].predict(observations + row * observationSize)
      }
    }
  }
}

extension ActionwiseRegression: Archived {
  public mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    for action in parts.indices { try fields.field("action_\(action)", &parts[action]) }
  }
}
