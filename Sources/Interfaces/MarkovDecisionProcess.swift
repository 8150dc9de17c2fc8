import Kernels

/// A finite Markov decision process: what can follow each action in each state, with which probability and reward.
///
/// Stored as one sparse row a pair of state and action. Whether an outcome ends the episode belongs to the outcome, so
/// that terminal states need no outcomes that mean anything.
public struct MarkovDecisionProcess: Sendable {
  /// Something that can follow a state and action.
  public struct Outcome: Sendable, Equatable {
    /// The state that follows.
    public var next: Int
    /// Its probability p(s', r | s, a).
    public var probability: Double
    /// Reward of the step.
    public var reward: Double
    /// Whether the episode ends there, so that no reward can follow.
    public var terminates: Bool

    /// State `next` with probability p(s', r | s, a); by default the only outcome, without reward.
    public init(next: Int, probability: Double = 1, reward: Double = 0, terminates: Bool = false) {
      self.next = next
      self.probability = probability
      self.reward = reward
      self.terminates = terminates
    }

    /// `outcomes` with those that are alike as one, their probabilities added, and without those of probability 0.
    public static func merged(_ outcomes: [Outcome]) -> [Outcome] {
      var result: [Outcome] = []
      for outcome in outcomes where outcome.probability > 0 {
        let same = result.firstIndex {
          $0.next == outcome.next && $0.reward == outcome.reward && $0.terminates == outcome.terminates
        }
        if let same { result[same].probability += outcome.probability } else { result.append(outcome) }
      }
      return result
    }
  }

  /// Number of states, S.
  public let stateCount: Int
  /// Number of actions in every state, A.
  public let actionCount: Int
  private var starts: [Int] = [0]
  private var outcomes: [Outcome] = []

  /// A process of the outcomes that `outcomes` gives for each state and action; their probabilities must sum to 1.
  public init(states: Int, actions: Int, outcomes: (_ state: Int, _ action: Int) -> [Outcome]) {
    precondition(states > 0 && actions > 0, "empty process")
    stateCount = states
    actionCount = actions
    for state in 0..<states {
      for action in 0..<actions {
        let row = outcomes(state, action)
        precondition(
          row.allSatisfy { (0..<states).contains($0.next) && $0.probability >= 0 && $0.reward.isFinite }
            && abs(row.reduce(0) { $0 + $1.probability } - 1) < 1e-9,
          "outcomes of action \(action) in state \(state) are no distribution: \(row)")
        self.outcomes += row
        starts.append(self.outcomes.count)
      }
    }
  }

  /// One of `outcomes` by their probabilities; where there is but one, without taking from the stream.
  public static func draw(from outcomes: ArraySlice<Outcome>, using random: inout RandomStream) -> Outcome {
    let last = outcomes.endIndex - 1
    guard outcomes.count > 1 else { return outcomes[last] }
    var left = Double(random.uniform())
    for index in outcomes.startIndex..<last {
      left -= outcomes[index].probability
      if left < 0 { return outcomes[index] }
    }
    return outcomes[last]
  }

  /// What can follow `action` in `state`. O(1).
  public subscript(state: Int, action: Int) -> ArraySlice<Outcome> {
    let pair = state * actionCount + action
    return outcomes[starts[pair]..<starts[pair + 1]]
  }
}

/// An environment with numbered states, shown as one-hot vectors, whose process is known: what planning by dynamic
/// programming needs.
public protocol FiniteEnvironment: Environment {
  /// What follows each action in each state now.
  var process: MarkovDecisionProcess { get }
}
