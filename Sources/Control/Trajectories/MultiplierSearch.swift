import Foundation

/// The search for one multiplier of a bound on the whole trajectory.
struct MultiplierSearch {
  private let settings: ControllerUpdateSettings
  private let horizon: Int
  private let bound: Double

  init(_ settings: ControllerUpdateSettings, horizon: Int, bound: Double) {
    self.settings = settings
    self.horizon = horizon
    self.bound = bound * Double(horizon)
  }

  /// One end of the bracket: log η, and log (KL / ε) where it is known.
  private struct End {
    var place: Double
    var excess: Double?
  }

  /// A controller whose divergence is the bound within the tolerance, or the one at the least η if that is within the
  /// bound. KL falls as η grows; where Q_uu is not positive definite or a number not finite, η is too small.
  func run(from start: Double, _ evaluate: ([Double]) -> ControllerUpdate.Evaluation) -> ControllerUpdateOutcome {
    var (low, high) = (
      End(place: log(settings.minimalEta), excess: nil), End(place: log(settings.maximalEta), excess: nil)
    )
    var (hasLow, hasHigh) = (false, false)
    var place = log(start)
    var failure = ControllerUpdateFailure.notFinite(eta: start)
    var best: ControllerUpdateReport?
    var width = high.place - low.place
    // the first steps out of the start grow, so that a start far off costs little
    var stride = log(10.0)
    func bracket() -> ClosedRange<Double> { exp(low.place)...exp(max(high.place, low.place)) }
    for evaluation in 1...settings.evaluations {
      let eta = exp(place)
      var excess: Double?
      switch evaluate(Array(repeating: eta, count: horizon)) {
      case .indefinite(let step): failure = .indefinite(step: step, eta: eta)
      case .notFinite: failure = .notFinite(eta: eta)
      case .feasible(var report):
        let divergence = report.divergences.reduce(0, +)
        report.evaluations = evaluation
        report.bracket = bracket()
        excess = log(max(divergence, 1e-300) / bound)
        if abs(divergence / bound - 1) <= settings.tolerance { return .updated(report) }
        if divergence < bound {
          best = report
          if place <= log(settings.minimalEta) {
            report.isInactive = true
            return .updated(report)
          }
        } else {
          failure = .constraint(divergence: divergence, bracket: bracket())
        }
      }
      if let excess, excess < 0 {
        (high, hasHigh) = (End(place: place, excess: excess), true)
      } else {
        (low, hasLow) = (End(place: place, excess: excess), true)
        if place >= log(settings.maximalEta) { return .failed(failure) }
      }
      if hasLow && hasHigh {
        let isStuck = high.place - low.place > 0.5 * width
        width = high.place - low.place
        if width < 1e-12 { break }
        place = between(low, high, halving: isStuck && evaluation % 2 == 0)
      } else {
        place = hasHigh ? max(place - stride, log(settings.minimalEta)) : min(place + stride, log(settings.maximalEta))
        stride *= 2
      }
    }
    // KL jumps across the bound where Q_uu turns indefinite: the nearest feasible one below it is a valid step
    if let best { return .updated(best) }
    return .failed(failure)
  }

  /// The secant's zero, kept off the ends; the geometric mean of the multipliers if it is not known.
  private func between(_ low: End, _ high: End, halving: Bool) -> Double {
    let middle = (low.place + high.place) / 2
    guard !halving, let above = low.excess, let below = high.excess, above > below else { return middle }
    let share = above / (above - below)
    return low.place + min(max(share, 0.02), 0.98) * (high.place - low.place)
  }
}

/// The search for multipliers of bounds on every step, from the whole trajectory's.
struct StepwiseMultiplierSearch {
  private let settings: ControllerUpdateSettings
  private let horizon: Int
  private let bound: Double

  init(_ settings: ControllerUpdateSettings, horizon: Int, bound: Double) {
    self.settings = settings
    self.horizon = horizon
    self.bound = bound
  }

  /// The best controller, by the sum of its multipliers' use, of which every step meets its bound within the tolerance.
  func run(
    from whole: ControllerUpdateOutcome, _ evaluate: ([Double]) -> ControllerUpdate.Evaluation
  ) -> ControllerUpdateOutcome {
    guard case .updated(let first) = whole else { return whole }
    var report = first
    var used = first.evaluations
    var best: ControllerUpdateReport?
    for round in 0..<settings.evaluations {
      let worst = report.divergences.max() ?? 0
      if worst <= bound * (1 + settings.tolerance) {
        if best.map({ $0.divergences.reduce(0, +) < report.divergences.reduce(0, +) }) ?? true { best = report }
        let isTight = zip(report.divergences, report.multipliers).allSatisfy { divergence, eta in
          divergence >= bound * (1 - settings.tolerance) || eta <= settings.minimalEta * 1.001
        }
        if isTight { break }
      }
      // smaller steps as rounds pass, since the steps' bounds act on one another; towards too large a multiplier late on
      let damping = 1 / (1 + Double(round) / 10)
      let aim = round > settings.evaluations / 2 && best == nil ? 0.7 * bound : bound
      var multipliers = report.multipliers
      for t in 0..<horizon {
        let change = 0.5 * damping * log(max(report.divergences[t], 1e-300) / aim)
        let eta = multipliers[t] * exp(min(max(change, -log(10.0)), log(10.0)))
        multipliers[t] = min(max(eta, settings.minimalEta), settings.maximalEta)
      }
      var isFound = false
      for _ in 0..<20 where !isFound {
        used += 1
        if case .feasible(let next) = evaluate(multipliers) {
          report = next
          isFound = true
        } else {
          for t in 0..<horizon { multipliers[t] = min(multipliers[t] * 2, settings.maximalEta) }
        }
      }
      if !isFound { break }
    }
    guard var best else {
      let (least, largest) = (report.multipliers.min() ?? 0, report.multipliers.max() ?? 0)
      return .failed(.constraint(divergence: report.divergences.max() ?? 0, bracket: least...largest))
    }
    best.evaluations = used
    best.bracket = (best.multipliers.min() ?? 0)...(best.multipliers.max() ?? 0)
    best.isInactive = best.divergences.allSatisfy { $0 < bound * (1 - settings.tolerance) }
    return .updated(best)
  }
}
