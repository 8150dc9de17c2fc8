public import Interfaces

/// Has actions chosen in [-1, 1], whatever the bounds of the base; beyond them they are clipped.
public typealias RescaledActions<Base: Environment> = MappedActions<Base, ActionRescaling>

/// Clips actions to the base's bounds, for environments that do not do so themselves.
public typealias ClippedActions<Base: Environment> = MappedActions<Base, ActionClipping>

/// Has actions chosen from a grid over the base's box, for learners of discrete actions.
public typealias DiscretizedActions<Base: Environment> = MappedActions<Base, ActionGrid>

extension MappedActions where Map == ActionRescaling {
  /// Throws unless the actions of `base` are reals between finite bounds.
  public init(_ base: Base) throws(WrapperError) { self.init(base, ActionRescaling(try box(of: base))) }
}

extension MappedActions where Map == ActionClipping {
  /// Throws unless the actions of `base` are reals.
  public init(_ base: Base) throws(WrapperError) { self.init(base, ActionClipping(try box(of: base, finite: false))) }
}

extension MappedActions where Map == ActionGrid {
  /// `steps` values, at least 2, for each component of the action. Throws unless the actions of `base` are reals between
  /// finite bounds, and when the grid has more than 10,000 points.
  public init(_ base: Base, steps: Int) throws(WrapperError) {
    self.init(base, try ActionGrid(try box(of: base), steps: steps))
  }
}

private func box(
  of environment: some Environment, finite: Bool = true
) throws(WrapperError) -> (low: [Float], high: [Float]) {
  guard case .box(let low, let high) = environment.spec.action else {
    throw WrapperError(description: "needs actions that are reals; these are choices")
  }
  if finite, !(low + high).allSatisfy(\.isFinite) {
    throw WrapperError(description: "needs finite bounds of actions; these are \(low)...\(high)")
  }
  return (low, high)
}

/// a -> low + (a + 1) / 2 (high - low), for a clipped to [-1, 1].
public struct ActionRescaling: ActionMap {
  public let chosen: ActionSpace
  public let taken: ActionSpace
  private let low: [Float]
  private let high: [Float]

  init(_ bounds: (low: [Float], high: [Float])) {
    (low, high) = bounds
    taken = .box(low: low, high: high)
    chosen = .box(low: low.map { _ in -1 }, high: low.map { _ in 1 })
  }

  public func map(_ chosen: UnsafePointer<Float>, into taken: UnsafeMutablePointer<Float>) {
    for index in low.indices {
      let clipped = clip(chosen[index], -1, 1)
      // exact at both ends
      taken[index] = low[index] * (0.5 * (1 - clipped)) + high[index] * (0.5 * (1 + clipped))
    }
  }
}

/// a -> a clipped to the bounds.
public struct ActionClipping: ActionMap {
  public let chosen: ActionSpace
  private let low: [Float]
  private let high: [Float]

  init(_ bounds: (low: [Float], high: [Float])) {
    (low, high) = bounds
    chosen = .box(low: low, high: high)
  }

  public var taken: ActionSpace { chosen }

  public func map(_ chosen: UnsafePointer<Float>, into taken: UnsafeMutablePointer<Float>) {
    for index in low.indices { taken[index] = clip(chosen[index], low[index], high[index]) }
  }
}

/// Choice i -> the grid point whose component c is number (i / steps^c) mod steps of `steps` values from low to high.
public struct ActionGrid: ActionMap {
  public let chosen: ActionSpace
  public let taken: ActionSpace
  private let low: [Float]
  private let high: [Float]
  private let steps: Int

  init(_ bounds: (low: [Float], high: [Float]), steps: Int) throws(WrapperError) {
    precondition(steps >= 2, "a grid of \(steps) values")
    (low, high) = bounds
    self.steps = steps
    taken = .box(low: low, high: high)
    var count = 1
    for _ in low.indices where count <= 10_000 { count *= steps }
    guard count <= 10_000 else {
      throw WrapperError(
        description: "with \(steps) values for each of \(low.count) components gives more than 10,000 choices")
    }
    chosen = .discrete(count: count)
  }

  /// Numbers that are no choice give NaN, which environments refuse.
  public func map(_ chosen: UnsafePointer<Float>, into taken: UnsafeMutablePointer<Float>) {
    let choice = chosen[0]
    guard case .discrete(let count) = self.chosen, choice == choice.rounded(), choice >= 0, choice < Float(count) else {
      for index in low.indices { taken[index] = .nan }
      return
    }
    var rest = Int(choice)
    for index in low.indices {
      let place = Float(rest % steps) / Float(steps - 1)
      taken[index] = low[index] * (1 - place) + high[index] * place
      rest /= steps
    }
  }
}

/// `value` limited to [`low`, `high`]; NaN stays NaN.
@inline(__always)
private func clip(_ value: Float, _ low: Float, _ high: Float) -> Float {
  value < low ? low : value > high ? high : value
}
