import Foundation
import Interfaces
import Kernels
import Laboratory
import Learners

/// `foresight diagnose` of an agent that follows a policy gradient.
struct GradientDiagnosis {
  let seed: Int
  let segments: Int
  let referenceSegments: Int

  /// Examines the gradient of `agent`, of `saved`, and writes the tables to `out`.
  func run(_ agent: some GradientExaminable, of saved: SavedRun, to out: String) throws {
    var (agent, environment) = (agent, saved.trainingEnvironment)
    let diagnostics = try GradientDiagnostics(
      of: &agent, in: &environment, segments: segments, referenceSegments: referenceSegments,
      using: RandomStream(seed: UInt64(seed)).child("gradient diagnosis"))
    try FileManager.default.createDirectory(atPath: out, withIntermediateDirectories: true)
    try write(diagnostics, to: out)
    print("\(saved.plan.label) in \(saved.plan.environment.name) after \(ProgressText.grouped(saved.steps)) steps,")
    print(
      "\(segments) segments of \(ProgressText.grouped(diagnostics.steps / segments)) steps; Monte-Carlo gradient from "
        + "\(ProgressText.grouped(diagnostics.referenceSteps)) more, cosine of its halves "
        + "\(ProgressText.fixed(diagnostics.referenceCosine, digits: 4)):")
    print("  gradient of     number   variance   variance/|mean|^2   mean cosine   cosine of mean")
    for summary in diagnostics.summaries {
      let numbers = [
        (summary.variance, 10), (summary.noiseToSignal, 19), (summary.cosine, 13), (summary.cosineOfMean, 16),
      ].map { value, width in String(format: "%\(width).4g", value) }
      print(
        "  \(ProgressText.padded(summary.kind.rawValue, 13)) \(String(format: "%8d", summary.count)) "
          + numbers.joined(separator: " "))
    }
  }

  private func write(_ diagnostics: GradientDiagnostics, to folder: String) throws {
    func field(_ value: Double) -> CSVField { value.isFinite ? .number(value) : .empty }
    try CSVWriter(
      creating: "\(folder)/gradient.csv",
      columns: ["estimate", "count", "variance", "noise_to_signal", "cosine", "cosine_of_mean"]
    ).append(
      diagnostics.summaries.map {
        [
          .text($0.kind.rawValue), .integer($0.count), field($0.variance), field($0.noiseToSignal), field($0.cosine),
          field($0.cosineOfMean),
        ]
      })
    try CSVWriter(creating: "\(folder)/gradients.csv", columns: ["estimate", "segment", "norm", "cosine"]).append(
      diagnostics.samples.map {
        [.text($0.kind.rawValue), .integer($0.segment), field($0.norm), field($0.cosine)]
      })
  }
}
