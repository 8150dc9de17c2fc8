import ArgumentParser
import Foundation

/// `foresight dataset convert`.
struct DatasetConvertCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "convert",
    abstract: "Convert transitions among NumPy's NPZ, HDF5 as D4RL has it, and Minari.",
    discussion: """
      The format is told by the name: .npz; .hdf5 or .h5 for HDF5 with D4RL's names (terminals, timeouts); minari:NAME for a \
      dataset of Minari's in its local folder, such as minari:pendulum/medium-v0. Runs Plots/dataset.py in the package's Python \
      environment, which 'make offline' prepares.

      Example:
        foresight dataset convert medium.npz medium.hdf5
        foresight dataset convert minari:mujoco/hopper/medium-v0 hopper.npz --environment Hopper-v5
      """)

  @Argument(help: "What there is.")
  var from: String
  @Argument(help: "What is to be written.")
  var to: String
  @Option(help: "Name of the environment in the new file; what the old one says unless given.")
  var environment: String?

  func run() throws {
    try reportingErrors {
      for name in [from, to] where !Self.isKnown(name) { throw DatasetError.unknownFormat(name) }
      try PlotCommand.runPython("dataset.py", [from, to] + (environment.map { ["--environment", $0] } ?? []))
    }
  }

  private static func isKnown(_ name: String) -> Bool {
    name.hasPrefix("minari:") || [".npz", ".hdf5", ".h5"].contains { name.hasSuffix($0) }
  }
}
