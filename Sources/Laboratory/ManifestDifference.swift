public import Archive
internal import Configuration

/// In what two manifests differ.
public struct ManifestDifference: Sendable, Equatable {
  /// A fact that differs.
  public struct Line: Sendable, Equatable {
    /// What it is.
    public let key: String
    /// Its value in the first manifest; `-` where it has none.
    public let first: String
    /// Its value in the second.
    public let second: String
  }

  /// Facts of a kind.
  public struct Group: Sendable, Equatable {
    /// Name of the kind.
    public let name: String
    /// What differs.
    public let lines: [Line]
  }

  /// The kinds of facts of which some differ.
  public let groups: [Group]
  /// Whether anything differs on which results depend.
  public let isInfluential: Bool

  /// Compares two manifests.
  public init(_ a: Manifest, _ b: Manifest) {
    func lines(_ facts: [(String, String?, String?)]) -> [Line] {
      facts.filter { $0.1 != $0.2 }.map { Line(key: $0.0, first: $0.1 ?? "-", second: $0.2 ?? "-") }
    }
    func lines(_ a: ConfigurationTree, _ b: ConfigurationTree) -> [Line] {
      let (a, b) = (a.leaves(), b.leaves())
      let keys = a.map(\.key) + b.map(\.key).filter { key in !a.contains { $0.key == key } }
      return keys.compactMap { key in
        let (x, y) = (a.first { $0.key == key }?.value, b.first { $0.key == key }?.value)
        return x == y ? nil : Line(key: key, first: x?.words ?? "-", second: y?.words ?? "-")
      }
    }
    let run = lines([
      ("environment", a.environment, b.environment), ("agent", a.agent, b.agent), ("seed", "\(a.seed)", "\(b.seed)"),
    ])
    let influential = lines(a.settings.influential, b.settings.influential)
    let all = lines(a.settings, b.settings)
    let others =
      all.filter { line in !influential.contains { $0.key == line.key } }
      + lines([("label", a.label, b.label), ("steps", "\(a.steps)", "\(b.steps)")])
    let program = lines([("version", a.version, b.version), ("toolchain", a.toolchain, b.toolchain)])
    let state = lines([("status", a.status.rawValue, b.status.rawValue), ("failure", a.failure, b.failure)])
    groups = [
      Group(name: "run", lines: run), Group(name: "settings", lines: influential),
      Group(name: "without influence on results", lines: others), Group(name: "program", lines: program),
      Group(name: "machine and time", lines: lines(a.host, b.host)), Group(name: "state", lines: state),
    ].filter { !$0.lines.isEmpty }
    isInfluential = !run.isEmpty || !influential.isEmpty
  }
}

/// Whether the tables of two runs say the same.
public enum RunTableDifference {
  /// A line for each table that repetitions have in common: equal, or where the first difference is. Throws
  /// `ArchiveError` for one that cannot be read.
  public static func lines(_ a: RunFolder, _ b: RunFolder) throws(ArchiveError) -> [String] {
    var lines: [String] = []
    for table in RunTable.allCases where table != .timing {
      let paths = [a.path(of: table), b.path(of: table)]
      let missing = paths.filter { !FileSystem.exists($0) }
      guard missing.isEmpty else {
        if missing.count == 1 { lines.append("\(table.fileName): there is no \(missing[0])") }
        continue
      }
      let (x, y) = (CSV.records(try FileSystem.read(paths[0])), CSV.records(try FileSystem.read(paths[1])))
      guard x != y else {
        lines.append("\(table.fileName): equal, \(max(0, x.count - 1)) rows")
        continue
      }
      let row = zip(x, y).enumerated().first { $0.element.0 != $0.element.1 }?.offset ?? min(x.count, y.count)
      let step = row < x.count ? x[row].first : row < y.count ? y[row].first : nil
      let place = row == 0 ? "their headers" : "line \(row + 1), step \(step ?? "-")"
      lines.append("\(table.fileName): they differ from \(place) on; \(x.count - 1) and \(y.count - 1) rows")
    }
    return lines
  }
}
