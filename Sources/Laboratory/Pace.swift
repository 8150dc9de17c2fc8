internal import Interfaces

/// When to report progress, how many steps a second there are lately, and what evaluations and saves take besides.
struct Pace {
  /// Seconds of work, those of pauses left out, and the steps until then.
  private var marks: [(work: Double, steps: Int)] = []
  private var spacing = 1.0
  private var reported = ContinuousClock.now
  private let start = ContinuousClock.now
  /// Seconds in pauses so far, and how long the last of each kind took.
  private var paused = 0.0
  private(set) var lastEvaluation = 0.0
  private(set) var lastSave = 0.0
  private(set) var rate: Double?

  /// Most marks; beyond, every other one goes.
  private static let most = 64

  /// Whether something else than a count is to be reported, a quarter of a second after the last report.
  mutating func isDue() -> Bool {
    let now = ContinuousClock.now
    guard seconds(from: reported, to: now) > 0.25 else { return false }
    reported = now
    return true
  }

  /// Takes in a count; the rate if a report is due, a quarter of a second after the last one.
  mutating func tick(steps: Int) -> Double? {
    let now = ContinuousClock.now
    guard seconds(from: reported, to: now) > 0.25 else { return nil }
    reported = now
    let work = seconds(from: start, to: now) - paused
    guard let last = marks.last else {
      marks.append((work, steps))
      return nil
    }
    if work - last.work > spacing {
      if marks.count >= Self.most {
        marks = marks.enumerated().filter { $0.offset.isMultiple(of: 2) }.map(\.element)
        spacing *= 2
      }
      marks.append((work, steps))
    }
    // over half a minute at least, and over a third of the time: fits come rarely, and must be among what is counted
    let since = work - max(30, work / 3)
    let first = marks.first { $0.work >= since } ?? marks[0]
    guard work > first.work else { return rate }
    rate = Double(steps - first.steps) / (work - first.work)
    return rate
  }

  /// An evaluation was made.
  mutating func evaluated(in seconds: Double) {
    paused += seconds
    lastEvaluation = seconds
  }

  /// A checkpoint was written.
  mutating func saved(in seconds: Double) {
    paused += seconds
    lastSave = seconds
  }
}
