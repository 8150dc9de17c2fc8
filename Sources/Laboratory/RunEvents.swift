public import Archive
internal import Configuration
import Foundation
internal import Interfaces

/// What a run's tables say, as TensorBoard's events: `evaluation/…` (means over the episodes of an evaluation),
/// `training/…` and `timing/…`, by the run's steps, with the times at which they were measured.
///
/// The tables are the only source. A file of events is made anew by each process that writes one, from the tables as
/// they are then, so that a continued run's has each value once.
public final class RunEvents {
  /// Values written so far.
  public private(set) var count = 0

  private let run: RunFolder
  private let folder: String
  private var file: EventFile?
  private var tails: [RunTable: TableTail] = [:]
  /// When the run began, in seconds since 1970.
  private let began: Double
  /// Episodes of an evaluation, if known.
  private let episodes: Int?
  /// The rows of the newest evaluation, which may still be incomplete.
  private var evaluation: [TableTail.Row] = []
  /// Steps, and the seconds that the run had taken then, of the rows of timing.csv.
  private var clock: [(step: Int, seconds: Double)] = [(0, 0)]
  /// When the newest of these rows was read, where the run was followed then.
  private var read: ContinuousClock.Instant?

  /// Writes the events of the run in `run` into `folder`, in place of earlier ones. Nothing is written before `update`.
  ///
  /// - Throws: `ArchiveError` and `ConfigurationError` when there is no manifest, or an unreadable one.
  public init(of run: RunFolder, in folder: String) throws {
    self.run = run
    self.folder = folder
    let manifest = try Manifest(contentsOf: run.manifest)
    let started = manifest.host["started"]?.scalarText.flatMap { try? Date($0, strategy: .iso8601) }
    began = started?.timeIntervalSince1970 ?? 0
    episodes = manifest.settings["evaluation"]?["episodes"]?.scalarText.flatMap { Int($0) }
    start()
  }

  private func start() {
    (file, count, evaluation, clock, read) = (nil, 0, [], [(0, 0)], nil)
    for table in RunTable.allCases { tails[table] = TableTail(run.path(of: table)) }
  }

  /// Writes what the tables have more than the last time. Returns the number of new values.
  ///
  /// A table that has lost lines, as a run's that goes on from its checkpoint, begins a new file.
  ///
  /// - Parameter isLive: whether the run goes on now, so that what lies beyond the last row of timing.csv is of now.
  @discardableResult
  public func update(isLive: Bool) throws(ArchiveError) -> Int {
    var rows: [RunTable: [TableTail.Row]] = [:]
    for _ in 0..<2 {
      rows = [:]
      for table in RunTable.allCases { rows[table] = try tails[table]?.takeRows() }
      if rows.count == RunTable.allCases.count { break }
      start()
    }
    let isFirst = file == nil
    note(rows[.timing] ?? [], isLive: isLive && !isFirst)
    var events: [Event] = []
    func add(_ step: Int, _ values: [(tag: String, value: Double)]) {
      if !values.isEmpty { events.append(Event(step: step, time: time(at: step), values: values)) }
    }
    for row in rows[.episodes] ?? [] { add(row.step, Self.tagged("training", row, Self.episodeColumns.contains)) }
    for row in rows[.training] ?? [] { add(row.step, Self.tagged("training", row) { $0 != RunTable.decisions }) }
    for row in rows[.timing] ?? [] { add(row.step, Self.tagged("timing", row) { _ in true }) }
    for row in takeEvaluations(rows[.evaluations] ?? [], all: episodes == nil && !isLive) {
      add(row.step, Self.tagged("evaluation", row) { !Self.counts.contains($0) })
    }
    events = events.enumerated().sorted { ($0.element.step, $0.offset) < ($1.element.step, $1.offset) }.map(\.element)
    if events.isEmpty { return 0 }
    if file == nil { file = try EventFile(creatingIn: folder, at: Date.now.timeIntervalSince1970) }
    try file?.append(events)
    let new = events.reduce(0) { $0 + $1.values.count }
    count += new
    return new
  }

  private static let episodeColumns: Set = ["return", "length"]
  private static let counts: Set = ["episode", RunTable.decisions]

  private static func tagged(
    _ prefix: String, _ row: TableTail.Row, _ isMeant: (String) -> Bool
  ) -> [(tag: String, value: Double)] {
    row.values.filter { isMeant($0.column) && $0.value.isFinite }.map { ("\(prefix)/\($0.column)", $0.value) }
  }

  /// The means of the evaluations that are complete with these rows, or of `all`.
  private func takeEvaluations(_ rows: [TableTail.Row], all: Bool) -> [TableTail.Row] {
    var means: [TableTail.Row] = []
    for row in rows {
      if let first = evaluation.first, first.step != row.step { means.append(takeEvaluation(at: first.step)) }
      evaluation.append(row)
      if evaluation.count == episodes { means.append(takeEvaluation(at: row.step)) }
    }
    if all, let first = evaluation.first { means.append(takeEvaluation(at: first.step)) }
    return means
  }

  private func takeEvaluation(at step: Int) -> TableTail.Row {
    var names: [String] = []
    var sums: [String: (sum: Double, count: Double)] = [:]
    for row in evaluation {
      for (name, value) in row.values {
        if sums[name] == nil { names.append(name) }
        let old = sums[name] ?? (0, 0)
        sums[name] = (old.sum + value, old.count + 1)
      }
    }
    evaluation = []
    return TableTail.Row(step: step, values: names.map { name in (name, sums[name].map { $0.sum / $0.count } ?? 0) })
  }

  private func note(_ rows: [TableTail.Row], isLive: Bool) {
    for row in rows {
      guard let seconds = row.values.first(where: { $0.column == "wall_seconds" })?.value else { continue }
      clock.append((row.step, seconds))
    }
    if !rows.isEmpty { read = isLive ? .now : nil }
  }

  /// When the run was at that step: between the rows of timing.csv on a straight line.
  private func time(at step: Int) -> Double {
    let next = clock.partitioningIndex { $0.step >= step }
    guard next < clock.count else {
      let since = read.map { seconds(from: $0) } ?? 0
      return began + (clock.last?.seconds ?? 0) + since
    }
    let (after, before) = (clock[next], clock[max(0, next - 1)])
    let share = after.step > before.step ? Double(step - before.step) / Double(after.step - before.step) : 1
    return began + before.seconds + share * (after.seconds - before.seconds)
  }
}

extension RunFolder {
  /// Whether the run has finished or failed, so that its tables grow no more.
  public var hasEnded: Bool {
    guard let status = try? Manifest(contentsOf: manifest).status else { return false }
    return status == .finished || status == .failed
  }

  /// Paths of the files of events that `foresight train --tensorboard` has made here.
  var events: [String] { EventFile.names(in: path).map { "\(path)/\($0)" } }
}

extension Array {
  /// The first index whose element satisfies a condition that all later ones satisfy too; `count` if none does.
  fileprivate func partitioningIndex(_ belongs: (Element) -> Bool) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if belongs(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
