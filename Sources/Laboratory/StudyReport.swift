/// Lines by which the process of a run tells the study that started it how far it is.
public enum StudyReport {
  /// One line: steps, budget, evaluation and rate, `-` for what is not known.
  public static func line(_ progress: RunProgress) -> String {
    let words = [progress.evaluation, progress.rate].map { $0.map { "\($0)" } ?? "-" }
    return "\(progress.steps) \(progress.budget) \(words.joined(separator: " "))\n"
  }

  /// What a line says; nil if it is no such line.
  public static func parse(_ line: some StringProtocol) -> RunProgress? {
    let words = line.split(separator: " ")
    guard words.count == 4, let steps = Int(words[0]), let budget = Int(words[1]) else { return nil }
    return RunProgress(steps: steps, budget: budget, evaluation: Double(words[2]), rate: Double(words[3]))
  }
}
