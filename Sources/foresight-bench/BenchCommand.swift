import Archive
import ArgumentParser
import Catalog
import Configuration
import Foundation
import Kernels
import Laboratory

/// The benchmark cases, also as `foresight bench`.
@main
struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "foresight-bench",
    abstract: "Measure the speed of updates, fits, planning and environments.",
    discussion: """
      Each figure is a median over windows, next to the rate reached by the matrix products (or integration steps) \
      alone, measured alternately with it. Benchmarks/peers/run.sh runs the same cases in Python libraries.

      Examples:
        foresight bench sac-update ensemble-fit --threads 2
        foresight bench --scaling population horizon
      """)

  @Argument(help: "Cases to run; all of them if none is named.")
  var cases: [String] = []

  @Option(help: "Threads that share the work; default all cores that this process may use.")
  var threads: Int = Host.cores

  @Option(help: "Least seconds in each of the windows; default 0.6, with --scaling 0.05.")
  var seconds: Double?

  @Option(help: "Windows for each figure; default 7, with --scaling 3.")
  var windows: Int?

  @Flag(help: "One JSON object a line.")
  var json = false

  @Flag(help: "Leave out the limits, for a profiler's sake.")
  var noLimits = false

  @Flag(help: "How cost grows with each size (those named, or all): a table, a CSV file and a figure.")
  var scaling = false

  @Option(help: "Folder that --scaling writes scaling.csv and scaling.png into.")
  var out = "scaling"

  @Flag(help: "Name the cases with what they measure, and run none.")
  var list = false

  static var all: [BenchCase] {
    let learning: [BenchCase] = [
      .gemm, .softActorCriticUpdate, .softActorCriticUpdateReduced, .twinDelayedUpdate, .deepDeterministicUpdate,
      .randomizedUpdate,
      .convolutionalUpdate, .deepQUpdate, .prioritizedSample, .prioritizedUpdate, .sumTree, .proximalEpochs,
      .trustRegionUpdate,
    ]
    let planning: [BenchCase] = [
      .ensembleFit, .ensembleFitReduced, .ensembleRollout, .planCartPole, .planHalfCheetah, .linearQuadraticIteration,
      .localModels,
      .gaussianProcess, .gaussianProcessRollout,
    ]
    let environments = Catalog.nativeEnvironments.map { BenchCase.environmentStep($0.name) }
    return learning + BenchCase.latentCases + planning + environments + [
      .vectorStep("Pendulum-v1"), .vectorStep("cartpole-swingup"),
    ]
      + BenchCase.mujoco + [.gymnasiumStep, .gymnasiumOverhead]
  }

  static func main() {
    StandardStreams.prepare()
    main(nil)
  }

  func validate() throws {
    guard threads >= 1 else { throw ValidationError("--threads \(threads): must be at least 1") }
    if let seconds, !(seconds > 0 && seconds.isFinite) {
      throw ValidationError("--seconds \(seconds): must be above 0")
    }
    if let windows, windows < 1 { throw ValidationError("--windows \(windows): must be at least 1") }
    if scaling, out.isEmpty { throw ValidationError("--out: names no folder") }
    let names = scaling ? ScalingCase.all(threads: threads).map(\.size) : Self.all.map(\.name)
    for name in cases where !names.contains(name) {
      let hint = nearestName(to: name, among: names).map { ": did you mean '\($0)'?" } ?? ""
      throw ValidationError("unknown \(scaling ? "size" : "benchmark case") '\(name)'\(hint)")
    }
  }

  func run() throws {
    if list {
      for entry in scaling ? ScalingCase.all(threads: threads) : [] { print(entry.title) }
      for entry in scaling ? [] : Self.all {
        print(entry.name.padding(toLength: 28, withPad: " ", startingAt: 0) + entry.summary)
      }
      return
    }
    WorkerPool.configure(threads: threads)
    if scaling {
      let clock = BenchClock(windows: windows ?? 3, seconds: seconds ?? 0.05, measuresLimits: false)
      let entries = ScalingCase.all(threads: threads).filter { cases.isEmpty || cases.contains($0.size) }
      return try ScalingReport(entries, threads: threads).write(to: out, clock)
    }
    let clock = BenchClock(windows: windows ?? 7, seconds: seconds ?? 0.6, measuresLimits: !noLimits)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    for entry in Self.all where cases.isEmpty || cases.contains(entry.name) {
      let result = try entry.measure(clock)
      if json {
        print(String(decoding: try encoder.encode(result), as: UTF8.self))
      } else {
        print(Self.line(result))
      }
      fflush(nil)
    }
  }

  private static func line(_ result: Measurement) -> String {
    func number(_ value: Double) -> String {
      value >= 1000 ? String(format: "%.0f", value) : String(format: "%.4g", value)
    }
    var text = result.case.padding(toLength: 28, withPad: " ", startingAt: 0)
    text += "\(number(result.value)) \(result.unit)"
    if result.limit == nil, let share = result.shareOfLibraryLimit {
      text += String(format: "  (%.0f %% of OpenBLAS's)", 100 * share)
    }
    if let limit = result.limit, let share = result.shareOfLimit {
      text += String(format: "  (%.0f %% of %@ by %@ alone", 100 * share, number(limit), result.limitedBy)
      if let library = result.shareOfLibraryLimit { text += String(format: ", %.0f %% by OpenBLAS's", 100 * library) }
      text += ")"
    }
    return text + String(format: "  ±%.0f %%  %d threads", 50 * result.spread, result.threads)
  }
}
