/// Lines by which the process of a run tells the study that started it how far it is.
public enum StudyReport {
  /// One line: steps, budget, evaluation, rate and pauses, `-` for what is not known, and what it does besides
  /// stepping.
  public static func line(_ progress: RunProgress) -> String {
    let words = [progress.evaluation, progress.rate, progress.pauses].map { $0.map { "\($0)" } ?? "-" }
    let activity = progress.activity.map { " \($0)" } ?? ""
    return "\(progress.steps) \(progress.budget) \(words.joined(separator: " "))\(activity)\n"
  }

  /// What a line says; nil if it is no such line.
  public static func parse(_ line: some StringProtocol) -> RunProgress? {
    let words = line.split(separator: " ", maxSplits: 5)
    guard words.count >= 5, let steps = Int(words[0]), let budget = Int(words[1]) else { return nil }
    return RunProgress(
      steps: steps, budget: budget, evaluation: Double(words[2]), rate: Double(words[3]), pauses: Double(words[4]),
      activity: words.count > 5 ? String(words[5]) : nil)
  }
}
