import Catalog
import Configuration
import Foundation
import Interfaces
import Laboratory

/// What `foresight list environments` shows: spaces, limits, rewards, and whether the objective is known.
struct EnvironmentTable {
  private let rows: [(entry: EnvironmentEntry, instance: Result<EnvironmentInstance, ConfigurationError>)]
  private let families: [EnvironmentFamily]

  /// The environments with their default settings; of families, whose members are unknown, only the pattern of names.
  init(_ entries: [EnvironmentEntry], families: [EnvironmentFamily] = []) {
    self.families = families
    rows = entries.map { entry in
      do throws(ConfigurationError) { return (entry, .success(try entry.make())) } catch {
        return (entry, .failure(error))
      }
    }
  }

  /// Columns with a head; in place of the summary of one that cannot be made, why.
  var text: String {
    var cells = [["name", "observation", "action", "steps", "reward", "objective", "summary"]]
    for row in rows {
      switch row.instance {
      case .success(let made):
        let spec = made.spec
        cells.append([
          row.entry.name, Self.words(forObservationsOf: spec), Self.words(for: spec.action),
          spec.stepLimit == EnvironmentSpec.unlimited ? "unlimited" : "\(spec.stepLimit)",
          spec.rewardRange.map { "\(Self.number($0.lowerBound))...\(Self.number($0.upperBound))" } ?? "unknown",
          made.objective.map { $0.knowsReward ? $0.knowsTermination ? "known" : "rewards" : "endings" } ?? "unknown",
          row.entry.summary,
        ])
      case .failure(let error):
        cells.append([row.entry.name, "", "", "", "", "", "\(error)"])
      }
    }
    for family in families { cells.append([family.pattern, "", "", "", "", "", family.summary]) }
    let widths = cells[0].indices.map { column in cells.map { $0[column].count }.max() ?? 0 }
    return cells.map { row in
      let padded = zip(row, widths).dropLast().map { ProgressText.padded($0, $1) }
      return (padded + row.suffix(1)).joined(separator: "  ")
    }.joined(separator: "\n")
  }

  /// The same as objects; one that cannot be made has its error instead of the rest.
  var json: ConfigurationTree {
    .list(
      rows.map { row in
        var fields: [(String, ConfigurationTree)] = [
          ("name", .string(row.entry.name)), ("summary", .string(row.entry.summary)),
        ]
        switch row.instance {
        case .success(let made):
          let spec = made.spec
          fields.append(("observation_size", .integer(spec.observationSize)))
          if let image = spec.imageShape {
            fields.append(("image", .list([image.height, image.width, image.channels].map { .integer($0) })))
          }
          fields.append(("action", .string(Self.words(for: spec.action))))
          fields.append(("action_size", .integer(spec.action.size)))
          fields.append(("step_limit", .integer(spec.stepLimit)))
          fields.append(("time_step", .number(spec.timeStep)))
          if let range = spec.rewardRange {
            // JSON has no infinity: an open end is null
            let ends = [range.lowerBound, range.upperBound].map { $0.isFinite ? ConfigurationTree.number($0) : .null }
            fields.append(("reward_range", .list(ends)))
          }
          fields.append(("objective", .bool(made.objective != nil)))
        case .failure(let error):
          fields.append(("error", .string("\(error)")))
        }
        return .mapping(fields)
      }
        + families.map { .mapping([("name", .string($0.pattern)), ("summary", .string($0.summary))]) })
  }

  private static func words(forObservationsOf spec: EnvironmentSpec) -> String {
    if let image = spec.imageShape { return "image \(image.height)x\(image.width)x\(image.channels)" }
    return reals(spec.observationSize)
  }

  private static func words(for action: ActionSpace) -> String {
    switch action {
    case .discrete(let count): return "\(count) choices"
    case .multiDiscrete(let counts): return counts.map { "\($0)" }.joined(separator: " x ") + " choices"
    case .box(let low, let high):
      let (lowest, highest) = (Set(low), Set(high))
      guard lowest.count == 1, highest.count == 1 else { return "\(reals(low.count)) in bounds of their own" }
      return "\(reals(low.count)) in \(number(low[0]))...\(number(high[0]))"
    }
  }

  private static func reals(_ count: Int) -> String { count == 1 ? "1 real" : "\(count) reals" }

  /// Four significant digits.
  private static func number(_ value: Float) -> String { String(format: "%.4g", Double(value)) }
}
