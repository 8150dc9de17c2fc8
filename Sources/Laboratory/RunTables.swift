import Archive
internal import Interfaces

/// The tables of a run.
public enum RunTable: String, Sendable, CaseIterable {
  /// One row a training episode.
  case episodes
  /// One row an evaluation episode.
  case evaluations
  /// Learning metrics.
  case training
  /// Wall time, and shares of it; the only table that differs between repetitions.
  case timing

  /// Name of the file.
  public var fileName: String { rawValue + ".csv" }

  /// The last column of every table: actions chosen so far, over all copies; fewer than environment steps where wrappers
  /// repeat them.
  static let decisions = "decisions"

  /// Names of the columns, for an agent with these metrics in an environment with these measures.
  public func columns(metrics: [String], measures: [String] = []) -> [String] {
    columns(TableColumns(metrics: metrics, measures: measures))
  }

  /// Names of the columns.
  func columns(_ columns: TableColumns) -> [String] {
    [columns.steps.rawValue] + ownColumns(metrics: columns.metrics, measures: columns.measures) + [Self.decisions]
  }

  private func ownColumns(metrics: [String], measures: [String]) -> [String] {
    switch self {
    case .episodes: ["episode", "return", "length", "ending", "clipped_actions"]
    case .evaluations: ["episode", "return", "length", "predicted_value", "discounted_return"] + measures
    case .training: metrics
    case .timing: ["wall_seconds", "acting", "fitting", "planning", "learning", "stepping"]
    }
  }
}

/// What a run counts, and its tables begin with.
enum CountedSteps: String {
  /// Steps of the task's simulator.
  case environment = "environment_steps"
  /// Steps of an agent that learns offline, from a dataset alone.
  case gradient = "gradient_steps"
}

/// What names the columns of a run's tables.
struct TableColumns {
  /// What the agent records about learning.
  var metrics: [String]
  /// What the environment measures besides returns.
  var measures: [String]
  /// What is counted.
  var steps = CountedSteps.environment
  /// The agent's own tables.
  var own: [AgentTable] = []
}

/// The open tables of one run.
struct RunTables {
  private let writers: [RunTable: CSVWriter]
  /// The agent's own tables, in its order.
  private let own: [(name: String, writer: CSVWriter)]

  /// New tables in place of any earlier ones.
  init(creatingIn folder: RunFolder, _ columns: TableColumns) throws(ArchiveError) {
    var writers: [RunTable: CSVWriter] = [:]
    for table in RunTable.allCases {
      writers[table] = try CSVWriter(
        creating: folder.path(of: table), columns: table.columns(columns))
    }
    self.writers = writers
    var made: [(name: String, writer: CSVWriter)] = []
    for table in columns.own {
      let names = table.columns(counting: columns.steps)
      made.append((table.name, try CSVWriter(creating: folder.path(ofAgentTable: table.name), columns: names)))
    }
    self.own = made
  }

  /// The tables as they were at a checkpoint, once `dropTails` has been called. Throws when one of them cannot go on.
  init(resumingIn folder: RunFolder, _ columns: TableColumns, from reader: StateReader) throws(ArchiveError) {
    var writers: [RunTable: CSVWriter] = [:]
    for table in RunTable.allCases {
      writers[table] = try CSVWriter(
        resuming: folder.path(of: table), columns: table.columns(columns), length: reader.count(table.rawValue))
    }
    self.writers = writers
    let lengths = reader.scope("agent")
    var opened: [(name: String, writer: CSVWriter)] = []
    for table in columns.own {
      let writer = try CSVWriter(
        resuming: folder.path(ofAgentTable: table.name), columns: table.columns(counting: columns.steps),
        length: lengths.count(table.name))
      opened.append((table.name, writer))
    }
    self.own = opened
  }

  /// Whether a table has any row.
  func hasRows(_ table: RunTable) -> Bool { writers[table].map { $0.length > $0.headerLength } ?? false }

  /// Drops the lines written after the checkpoint.
  func dropTails() throws(ArchiveError) {
    for writer in writers.values { try writer.dropTail() }
    for table in own { try table.writer.dropTail() }
  }

  /// Saves how far each table has got, after making sure that the disk has it.
  func save(to writer: inout StateWriter) throws(ArchiveError) {
    for table in RunTable.allCases {
      guard let open = writers[table] else { continue }
      try open.synchronize()
      writer.write(table.rawValue, open.length)
    }
    for table in own { try table.writer.synchronize() }
    writer.scope("agent") { writer in
      for table in own { writer.write(table.name, table.writer.length) }
    }
  }

  /// Appends rows, written after so many decisions.
  func append(_ rows: [[CSVField]], to table: RunTable, decisions: Int) throws(ArchiveError) {
    if let writer = writers[table] { try writer.append(rows.map { $0 + [.integer(decisions)] }) }
  }

  /// Appends rows of the agent's own tables, each after the step it was written at.
  func append(_ rows: [(table: Int, fields: [AgentField])], step: Int) throws(ArchiveError) {
    for index in own.indices {
      let lines = rows.filter { $0.table == index }.map { [.integer(step)] + $0.fields.map(CSVField.init) }
      if !lines.isEmpty { try own[index].writer.append(lines) }
    }
  }
}

extension AgentTable {
  /// The columns in the file.
  func columns(counting steps: CountedSteps) -> [String] { [steps.rawValue] + columns }
}

extension CSVField {
  /// The field as tables write it.
  init(_ field: AgentField) {
    switch field {
    case .integer(let value): self = .integer(value)
    case .number(let value): self = value.isFinite ? .number(value) : .empty
    case .text(let value): self = .text(value)
    case .empty: self = .empty
    }
  }
}
