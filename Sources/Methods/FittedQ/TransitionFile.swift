import Archive
import Configuration
import Experience
import Interfaces

extension ReplayBuffer {
  /// The transitions of the safetensors file at `path`, in their order: `observations` [N, D], `actions` [N, A],
  /// `rewards` [N], `next_observations` [N, D] and `continues` [N], 0 where the episode terminated and 1 elsewhere, all
  /// of 32-bit floats. A replay buffer's part of a checkpoint has these names, too.
  ///
  /// - Throws: `ConfigurationError` naming `key` where it cannot be read, is of other sizes than `spec`, or holds numbers
  ///   that are not finite or actions that there are not.
  init(contentsOf path: String, for spec: EnvironmentSpec, key: String) throws(ConfigurationError) {
    func refuse(_ problem: String) -> ConfigurationError {
      ConfigurationError(kind: .relation, key: key, value: path, problem: problem)
    }
    let file: TensorFile
    do throws(ArchiveError) {
      file = try TensorFile(contentsOf: path)
    } catch {
      throw refuse("cannot be read: \(error)")
    }
    func numbers(_ name: String, width: Int) throws(ConfigurationError) -> [Float] {
      guard let numbers = file.tensors[name]?.elements(as: Float.self) else {
        throw refuse("needs a tensor '\(name)' of 32-bit floats")
      }
      guard numbers.allSatisfy(\.isFinite) else { throw refuse("'\(name)' holds a number that is not finite") }
      guard !numbers.isEmpty, numbers.count % width == 0 else {
        throw refuse("'\(name)' has \(numbers.count) numbers; needed are \(width) for each transition")
      }
      return numbers
    }
    let (size, width) = (spec.observationSize, spec.action.size)
    let observations = try numbers("observations", width: size)
    let actions = try numbers("actions", width: width)
    let rewards = try numbers("rewards", width: 1)
    let next = try numbers("next_observations", width: size)
    let continues = try numbers("continues", width: 1)
    let count = rewards.count
    guard observations.count == count * size, next.count == count * size, actions.count == count * width,
      continues.count == count
    else { throw refuse("has tensors of different lengths") }
    if case .discrete(let choices) = spec.action {
      for action in actions where action < 0 || action >= Float(choices) || action != action.rounded() {
        throw refuse("holds the action \(action), which is none of 0...\(choices - 1)")
      }
    }
    self.init(capacity: count, observationSize: size, actionSize: width)
    for row in 0..<count {
      append(
        Array(observations[row * size..<(row + 1) * size]), Array(actions[row * width..<(row + 1) * width]),
        reward: rewards[row], next: Array(next[row * size..<(row + 1) * size]), continues: continues[row])
    }
  }
}
