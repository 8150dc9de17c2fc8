import Interfaces

/// How a network sees actions: reals as they are, choices as one-hot vectors.
struct ActionEncoding: Sendable, Equatable {
  /// Number of choices of each component; nil for reals.
  private let choices: [Int]?
  /// Floats per action as environments take them, A.
  let size: Int
  /// Floats per action as the network takes them.
  let width: Int

  /// Of `size` reals.
  init(reals size: Int) {
    choices = nil
    self.size = size
    width = size
  }

  /// Of the actions of an environment.
  init(_ space: ActionSpace) {
    switch space {
    case .box(let low, _): self.init(reals: low.count)
    case .discrete(let count): self.init(choices: [count])
    case .multiDiscrete(let counts): self.init(choices: counts)
    }
  }

  private init(choices: [Int]) {
    self.choices = choices
    size = choices.count
    width = choices.reduce(0, +)
  }

  /// Writes the code [width] of `action` [A]. A choice is rounded; one that does not exist gives zeros.
  @inline(__always)
  func encode(_ action: UnsafePointer<Float>, into code: UnsafeMutablePointer<Float>) {
    guard let choices else {
      for i in 0..<size { code[i] = action[i] }
      return
    }
    var place = 0
    for i in 0..<size {
      let chosen = action[i].rounded()
      for choice in 0..<choices[i] { code[place + choice] = chosen == Float(choice) ? 1 : 0 }
      place += choices[i]
    }
  }
}
