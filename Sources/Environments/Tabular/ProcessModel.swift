import Interfaces
import Kernels

/// A known Markov decision process as a model: next states are drawn from its probabilities, and rewards and terminations
/// are its own. States are one-hot, as in `FiniteTask`; others lead to states that are not finite.
public struct ProcessModel: DynamicsModel {
  private let process: MarkovDecisionProcess

  /// A model of `process`.
  public init(_ process: MarkovDecisionProcess) { self.process = process }

  public var stateSize: Int { process.stateCount }
  public var actionSize: Int { 1 }
  /// Enough to share the work among threads.
  public var preferredRows: Int { 64 }
  public var predictsRewards: Bool { true }

  public func makeRollout(capacity: Int, keeping steps: Int) -> Rollout {
    precondition(steps == 0, "the steps of a Markov decision process have no gradients")
    return Rollout(process, capacity: capacity)
  }

  /// Numbered states that advance together.
  public struct Rollout: ModelRollout {
    private let process: MarkovDecisionProcess
    private var numbers: [Int?]
    private var observations: Matrix
    private var rewards: Vector
    private let terminated: FixedBuffer<Bool>
    private var random = RandomStream(seed: 0)
    public private(set) var count = 0
    public private(set) var steps = 0

    init(_ process: MarkovDecisionProcess, capacity: Int) {
      self.process = process
      numbers = Array(repeating: nil, count: capacity)
      observations = Matrix(rows: capacity, columns: process.stateCount)
      rewards = Vector(count: capacity)
      terminated = FixedBuffer(false, count: capacity)
    }

    public var states: UnsafePointer<Float> { observations.pointer }
    public var predictedRewards: UnsafePointer<Float>? { rewards.pointer }
    public var predictedTerminations: UnsafePointer<Bool>? { UnsafePointer(terminated.pointer) }

    public mutating func reset(_ starts: RolloutStarts, using random: RandomStream) {
      precondition(starts.count <= numbers.count, "\(starts.count) states in a rollout for \(numbers.count)")
      (count, steps, self.random) = (starts.count, 0, random)
      let size = process.stateCount
      observations.mutablePointer.update(from: starts.states, count: count * size)
      for row in 0..<count { numbers[row] = OneHot.index(of: starts.states + row * size, count: size) }
    }

    public mutating func advance(_ actions: UnsafePointer<Float>) {
      let (target, reward, size) = (observations.mutablePointer, rewards.mutablePointer, process.stateCount)
      for row in 0..<count {
        terminated.pointer[row] = false
        guard let state = numbers[row], let action = Int(exactly: actions[row].rounded()),
          (0..<process.actionCount).contains(action)
        else {
          reward[row] = .nan
          (target + row * size).update(repeating: .nan, count: size)
          numbers[row] = nil
          continue
        }
        let outcome = MarkovDecisionProcess.draw(from: process[state, action], using: &random)
        numbers[row] = outcome.next
        reward[row] = Float(outcome.reward)
        terminated.pointer[row] = outcome.terminates
        OneHot.write(outcome.next, count: size, into: target + row * size)
      }
      steps += 1
    }
  }
}
