import Archive
import Laboratory
import Models

/// The tables of `foresight diagnose`, described in Plots/README.md.
enum DiagnosisTables {
  /// Writes all of them into `folder`; `names` are those of all components.
  static func write(_ diagnostics: ModelDiagnostics, _ names: [String], to folder: String) throws(ArchiveError) {
    func table(_ name: String, _ columns: [String], _ rows: [[CSVField]]) throws(ArchiveError) {
      try CSVWriter(creating: "\(folder)/\(name)", columns: columns).append(rows)
    }
    func field(_ value: Double?) -> CSVField {
      guard let value, value.isFinite else { return .empty }
      return .number(value)
    }
    try table(
      "likelihood.csv", ["component", "error", "scale", "negative_log_likelihood", "baseline", "name"],
      diagnostics.likelihoods.map {
        [
          .integer($0.component), field($0.error), field($0.scale), field($0.negativeLogLikelihood),
          field($0.baseline), .text(names[$0.component]),
        ]
      })
    try table(
      "outcomes.csv", ["outcome", "error", "scale"],
      diagnostics.outcomes.map { [.text($0.name), field($0.error), field($0.scale)] })
    try table(
      "calibration.csv", ["component", "level", "frequency"],
      diagnostics.reliability.map {
        [$0.component.map { CSVField.integer($0) } ?? .text("all"), field($0.level), field($0.frequency)]
      })
    try table(
      "horizon.csv", ["step", "error", "spread", "persistence", "count"],
      diagnostics.horizon.map {
        [
          .integer($0.step), field($0.error), field($0.spread), field($0.persistence),
          .integer($0.count),
        ]
      })
    try table(
      "disagreement.csv", ["disagreement", "error", "count"],
      diagnostics.disagreement.map {
        [field($0.disagreement), field($0.error), .integer($0.count)]
      })
  }
}
