import Archive
import ArgumentParser
import Foundation
import Kernels
import Laboratory

/// Measures how cost grows with sizes, and writes it down.
struct ScalingReport {
  private let entries: [ScalingCase]
  private let threads: Int

  init(_ entries: [ScalingCase], threads: Int) { (self.entries, self.threads) = (entries, threads) }

  /// Measures every case at each of its values, prints a line a case with the power of the size that fits the costs, and
  /// writes `scaling.csv` and `scaling.png` into a folder.
  func write(to folder: String, _ clock: BenchClock) throws {
    try FileSystem.makeFolder(folder)
    let path = "\(folder)/scaling.csv"
    let table = try CSVWriter(
      creating: path, columns: ["size", "work", "value", "seconds", "rate", "unit", "threads", "power"])
    print(
      "size                  work                      from       to   cost at these, ms       grows as   operations")
    for entry in entries {
      var points: [(value: Int, seconds: Double)] = []
      for value in entry.values {
        let used = entry.threads?(value) ?? threads
        WorkerPool.configure(threads: used)
        let result = try entry.make(value).measure(clock)
        let seconds = result.seconds / Double(entry.repeats)
        points.append((value, seconds))
        let fields: [CSVField] = [
          .text(entry.size), .text(entry.work), .integer(value), .number(seconds), .number(result.value),
          .text(result.unit), .integer(used), .number(entry.power),
        ]
        try table.append(fields)
      }
      print(Self.line(entry, points))
      fflush(nil)
    }
    print(path)
    try draw(path, as: "\(folder)/scaling.png")
  }

  /// The power of the size with which the cost grows: the slope of a line through the logarithms by least squares; nil
  /// where there is one point alone.
  static func power(_ points: [(value: Int, seconds: Double)]) -> Double? {
    let (x, y) = (points.map { log(Double($0.value)) }, points.map { log($0.seconds) })
    let (meanX, meanY) = (x.reduce(0, +) / Double(x.count), y.reduce(0, +) / Double(y.count))
    let spread = x.reduce(0) { $0 + ($1 - meanX) * ($1 - meanX) }
    guard spread > 0 else { return nil }
    return zip(x, y).reduce(0) { $0 + ($1.0 - meanX) * ($1.1 - meanY) } / spread
  }

  private static func line(_ entry: ScalingCase, _ points: [(value: Int, seconds: Double)]) -> String {
    func left(_ text: String, _ width: Int) -> String { text.padding(toLength: width, withPad: " ", startingAt: 0) }
    func right(_ text: String, _ width: Int) -> String {
      String(repeating: " ", count: max(0, width - text.count)) + text
    }
    let (first, last) = (points[0], points[points.count - 1])
    let costs = String(format: "%.4g to %.4g", 1000 * first.seconds, 1000 * last.seconds)
    let power = power(points).map { String(format: "size^%.2f", $0) } ?? "-"
    return left(entry.size, 22) + left(entry.work, 24) + right("\(first.value)", 6) + right("\(last.value)", 9)
      + right(costs, 21) + right(power, 15) + right(String(format: "size^%.0f", entry.power), 13)
  }

  /// Draws the table in the package's Python environment.
  private func draw(_ table: String, as figure: String) throws {
    guard let root = PackageRoot.find() else { return }
    let python = PackageRoot.python(in: root)
    guard FileManager.default.isExecutableFile(atPath: python) else {
      StandardStreams.writeErrors("no figure: \(python) is missing; 'make setup' installs it\n")
      return
    }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: python)
    process.arguments = ["\(root)/Plots/scaling.py", table, "--out", figure]
    try process.run()
    process.waitUntilExit()
    if process.terminationStatus != 0 { throw ExitCode(process.terminationStatus) }
  }
}
