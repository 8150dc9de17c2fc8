import Archive
import Kernels

/// A step between numbered states.
public struct TabularStep: Sendable, Equatable {
  /// State at time t.
  public var state: Int
  /// Action at time t.
  public var action: Int
  /// Reward of the step from t to t + 1.
  public var reward: Double
  /// State at time t + 1.
  public var next: Int
  /// Whether the episode terminated there.
  public var terminates: Bool

  /// The step (s, a, r, s').
  public init(state: Int, action: Int, reward: Double, next: Int, terminates: Bool) {
    self.state = state
    self.action = action
    self.reward = reward
    self.next = next
    self.terminates = terminates
  }
}

/// Observations that are one-hot vectors, as `EnvironmentSpec.isOneHot` says.
public enum OneHot {
  /// Writes the vector [count] of `index`.
  public static func write(_ index: Int, count: Int, into observation: UnsafeMutablePointer<Float>) {
    precondition(index >= 0 && index < count, "\(index) in a one-hot vector of \(count)")
    observation.update(repeating: 0, count: count)
    observation[index] = 1
  }

  /// The index of a vector [count]; nil if it is not one-hot. O(count).
  public static func index(of observation: UnsafePointer<Float>, count: Int) -> Int? {
    var index: Int?
    for position in 0..<count where observation[position] != 0 {
      guard observation[position] == 1, index == nil else { return nil }
      index = position
    }
    return index
  }

  /// The same of an array.
  public static func index(of observation: [Float]) -> Int? {
    observation.withUnsafeBufferPointer { buffer in
      buffer.baseAddress.flatMap { index(of: $0, count: buffer.count) }
    }
  }
}
