internal import Synchronization

/// What the thread of a run does that may take long, for another thread that shows it. A process has one run at a time.
package enum Activity: UInt8, Sendable {
  /// Acting, stepping and learning, which are over soon.
  case stepping
  /// Fitting a model.
  case fitting
  /// Writing a checkpoint.
  case saving

  private static let stored = Atomic<UInt8>(0)

  /// What is done now.
  package static var current: Activity {
    get { Activity(rawValue: stored.load(ordering: .relaxed)) ?? .stepping }
    set { stored.store(newValue.rawValue, ordering: .relaxed) }
  }
}

/// Measures how long a model is fitted, and says meanwhile that it is.
package struct FittingClock {
  private let start = ContinuousClock.now

  /// A fit begins.
  package init() { Activity.current = .fitting }

  /// It is over: the seconds that it took.
  package func stop() -> Double {
    Activity.current = .stepping
    return seconds(from: start)
  }
}
