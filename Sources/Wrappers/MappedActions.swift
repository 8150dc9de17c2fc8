import Archive
public import Interfaces

/// A fixed function from the actions an agent chooses to those an environment takes.
public protocol ActionMap: Sendable {
  /// Actions to choose from.
  var chosen: ActionSpace { get }
  /// Actions that come out.
  var taken: ActionSpace { get }

  /// Writes what is taken (`taken.size` floats) for what was chosen (`chosen.size` floats). Does not allocate. NaN gives
  /// NaN, which environments refuse.
  func map(_ chosen: UnsafePointer<Float>, into taken: UnsafeMutablePointer<Float>)
}

/// Has the agent choose actions in another way than the base takes them.
public struct MappedActions<Base: Environment, Map: ActionMap>: EnvironmentWrapper {
  public var base: Base
  public let spec: EnvironmentSpec
  private let map: Map
  private var taken: [Float]

  init(_ base: Base, _ map: Map) {
    precondition(map.taken == base.spec.action, "a map to other actions")
    self.base = base
    self.map = map
    spec = base.spec.with(action: map.chosen)
    taken = Array(repeating: 0, count: map.taken.size)
  }

  public mutating func step(_ action: [Float], observation: inout [Float]) throws -> StepOutcome {
    precondition(action.count == map.chosen.size, "\(action.count) floats for an action of \(map.chosen.size)")
    action.withUnsafeBufferPointer { action in
      taken.withUnsafeMutableBufferPointer { [map] taken in
        if let action = action.baseAddress, let taken = taken.baseAddress { map.map(action, into: taken) }
      }
    }
    return try base.step(taken, observation: &observation)
  }

  /// What `objective` says of the base, for actions as they are chosen here.
  public func objective(_ objective: any Objective) -> any Objective {
    MappedActionsObjective(base: objective, map: map, observationSize: spec.observationSize)
  }
}

/// An objective that is told the actions which a map makes of those chosen.
private struct MappedActionsObjective<Map: ActionMap>: Objective {
  let base: any Objective
  let map: Map
  let observationSize: Int

  var knowsReward: Bool { base.knowsReward }
  var knowsTermination: Bool { base.knowsTermination }

  func evaluate(
    count: Int, states: UnsafePointer<Float>, actions: UnsafePointer<Float>, next: UnsafePointer<Float>,
    rewards: UnsafeMutablePointer<Float>, terminated: UnsafeMutablePointer<Bool>
  ) {
    // In blocks of rows whose actions fit into the 1,024 bytes that need no heap.
    let (chosenSize, takenSize) = (map.chosen.size, map.taken.size)
    let block = max(1, 256 / takenSize)
    withUnsafeTemporaryAllocation(of: Float.self, capacity: block * takenSize) { taken in
      guard let taken = taken.baseAddress, count > 0 else { return }
      for first in stride(from: 0, to: count, by: block) {
        let rows = min(block, count - first)
        for row in 0..<rows { map.map(actions + (first + row) * chosenSize, into: taken + row * takenSize) }
        base.evaluate(
          count: rows, states: states + first * observationSize, actions: taken, next: next + first * observationSize,
          rewards: rewards + first, terminated: terminated + first)
      }
    }
  }
}
