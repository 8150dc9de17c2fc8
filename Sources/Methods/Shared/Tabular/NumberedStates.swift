import Configuration
import Interfaces
import Laboratory

/// How many states and actions there are where both are numbered.
struct NumberedStates {
  let states: Int
  let actions: Int

  /// Those of `environment`. Throws, naming it and the agent `name`, where observations are not one-hot or actions not
  /// one choice.
  init(of environment: EnvironmentInstance, for name: String) throws(ConfigurationError) {
    let spec = environment.spec
    guard spec.isOneHot, case .discrete(let actions) = spec.action else {
      throw ConfigurationError(
        kind: .relation,
        problem: "\(name) needs numbered states, shown as one-hot vectors, and discrete actions, as dyna-maze or "
          + "gymnasium:FrozenLake-v1 have; \(environment.name) has others")
    }
    (states, self.actions) = (spec.observationSize, actions)
  }

  /// The number that a one-hot observation shows.
  static func state(_ observation: [Float]) -> Int {
    guard let state = OneHot.index(of: observation) else {
      preconditionFailure("an observation that is not one-hot: \(observation)")
    }
    return state
  }
}
