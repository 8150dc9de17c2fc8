package import Archive
internal import Configuration
internal import Interfaces
public import Logging

/// One agent learning in one environment, from the first step or from where it was left, into a folder.
///
/// The results depend on the plan alone: not on how often the run was interrupted, on threads, or on time.
public struct Run {
  /// How `execute` ended.
  public enum Outcome: Sendable, Equatable {
    /// All steps are taken.
    case finished
    /// Saved and left because of a signal.
    case stopped(signal: Int32)
  }

  /// What `open` found.
  public enum Opening {
    /// A run to execute.
    case ready(Run)
    /// A run that has taken that many steps, at least as many as asked for; nothing was touched.
    case alreadyDone(steps: Int)
  }

  /// What it does.
  public let plan: RunPlan
  /// Where its files are.
  public let folder: RunFolder
  /// Environment steps taken so far.
  public var steps: Int { state.interaction.steps }
  /// Whether it goes on from a pickle of a Python environment, which is unpickled at the next step.
  public private(set) var unpickles = false
  /// Environment steps at the newest checkpoint, from which an interrupted run goes on.
  public var savedSteps: Int { saved?.steps ?? 0 }

  let store: CheckpointStore
  let tables: RunTables
  var state: RunState
  var evaluator: Evaluator
  var manifest: Manifest
  /// Step and last evaluation of the newest checkpoint on disk.
  var saved: (steps: Int, evaluatedAt: Int)?
  /// That of the best evaluation, until the next checkpoint is written.
  private var best: CheckpointStore.Prepared?
  /// What the last checkpoint has put on disk.
  var written = SavingPace.Written()
  /// Whether a checkpoint had to wait for the end of an episode.
  private var hasPostponed = false
  /// Whether it was said that evaluations are cut.
  private var hasCut = false
  /// Follows the tables, where events are asked for.
  var events: (writer: RunEvents, updated: ContinuousClock.Instant)?
  /// Keeps other processes out of the folder.
  private let lock: FolderLock
  let log: Logger

  /// Takes hold of a folder, and of the run in it where there is one to go on with.
  ///
  /// A finished run with fewer steps than `plan` asks for goes on to the new number of steps.
  ///
  /// - Parameters:
  ///   - folder: made if need be. One that holds another run is refused, unless `force`, and then nothing is changed.
  ///   - host: facts for the manifest.
  ///   - force: delete an earlier run's files, even those of the same run, and start anew.
  ///   - trusts: go on from a pickled environment that another user may have written.
  ///   - expected: what the environment must be made of, by name, where a run was submitted earlier; nil for no demand.
  ///   - lockPatience: seconds to wait for another process to leave the folder.
  ///   - log: told of damaged checkpoints, and of checkpoints that must wait.
  /// - Throws: `RunError`, `ArchiveError`, and `ConfigurationError` for an unreadable manifest.
  public static func open(
    _ plan: RunPlan, in folder: RunFolder, host: HostFacts, force: Bool = false, trusts: Bool = false,
    expected: [String: String]? = nil, lockPatience: Double = 5,
    log: Logger = Logger(label: "foresight")
  ) throws -> Opening {
    var run: Run
    // before the folder is touched: the agent may not fit the environment
    var spare: RunState? = try RunState(plan)
    if let state = spare { try plan.checkMemory(of: state.interaction.agent) }
    func fresh() throws -> RunState { try spare.take() ?? RunState(plan) }
    let columns = spare?.columns ?? TableColumns(metrics: [], measures: [])
    let provenance = spare?.provenance ?? []
    if let expected {
      let now = Dictionary(provenance.map { ($0.name, $0.value) }) { $1 }
      if let name = Set(expected.keys).union(now.keys).sorted().first(where: { expected[$0] != now[$0] }) {
        throw RunError.changed(reason: "\(name) has changed")
      }
    }
    try FileSystem.makeFolder(folder.path)
    guard let lock = try FolderLock.acquire(folder.path, patience: lockPatience) else {
      throw RunError.busy(folder: folder.path)
    }
    if force { try folder.clear() }
    let store = CheckpointStore(folder: folder, plan: plan, trusts: trusts)
    var manifest = Manifest(plan: plan, columns: columns, host: host, provenance: provenance)

    if let earlier = try folder.heldManifest(for: plan) {
      if earlier.status == .finished, earlier.steps >= plan.steps { return .alreadyDone(steps: earlier.steps) }
      for change in manifest.changes(since: earlier) {
        log.warning("\(change) since the run began: from here on it may differ from one that was not interrupted")
      }
      manifest.keepStart(of: earlier)
      if let (state, tables, unpickles, useless) = try store.latest(fresh, log: log) {
        // the last steps may go beyond the budget by some of the copies
        if state.interaction.lastSteps.before >= plan.steps { return .alreadyDone(steps: state.interaction.steps) }
        folder.removePartialFiles()
        for step in useless { folder.removeCheckpoint(step: step) }
        try store.shortenRecords()
        try tables.dropTails()
        run = Run(plan, folder, lock, store, tables, state, try Evaluator(for: plan), manifest, log)
        run.saved = (state.interaction.steps, state.evaluatedAt)
        run.unpickles = unpickles
        try manifest.write(to: folder.manifest)
        return .ready(run)
      }
      if earlier.status == .finished {
        throw RunError.occupied(folder: folder.path, reason: "it is finished, and no checkpoint is left to go on from")
      }
      folder.removePartialFiles()
      store.removeAll()
    }
    try manifest.write(to: folder.manifest)
    let state = try fresh()
    let tables = try RunTables(creatingIn: folder, columns)
    run = Run(plan, folder, lock, store, tables, state, try Evaluator(for: plan), manifest, log)
    return .ready(run)
  }

  private init(
    _ plan: RunPlan, _ folder: RunFolder, _ lock: FolderLock, _ store: CheckpointStore, _ tables: RunTables,
    _ state: RunState, _ evaluator: Evaluator, _ manifest: Manifest, _ log: Logger
  ) {
    self.plan = plan
    self.folder = folder
    self.lock = lock
    self.store = store
    self.tables = tables
    self.state = state
    self.evaluator = evaluator
    self.manifest = manifest
    self.log = log
  }

  /// Keeps in memory the checkpoint of this state, which is the best so far; the next `save` writes it. What is killed
  /// before that comes by it again.
  mutating func holdBest() throws {
    Activity.current = .saving
    defer { Activity.current = .stepping }
    try state.prepareToSave()
    best = try store.prepare(state, tables, steps: steps)
  }

  /// Writes a checkpoint unless the newest one is of this very state, or the run could not go on from it and it is not
  /// its end; and before that the best one, which is there to be measured. Says whether a run can go on from what is
  /// saved now.
  mutating func save(isLast: Bool) throws -> Bool {
    if let saved, saved == (steps, state.evaluatedAt) { return true }
    Activity.current = .saving
    defer { Activity.current = .stepping }
    try state.prepareToSave()
    if !state.isResumable && !hasPostponed {
      hasPostponed = true
      let until = plan.settings.run.copies > 1 ? "the end of the run" : "episodes to end"
      log.warning(
        "the state of \(plan.environment.name) cannot be saved within an episode: checkpoints wait for \(until)")
    }
    var checkpoints = best.take().map { [$0] } ?? []
    if (state.isResumable || isLast) && checkpoints.last?.steps != steps {
      checkpoints.append(try store.prepare(state, tables, steps: steps))
    }
    guard !checkpoints.isEmpty else { return false }
    try checkHold()
    written = try store.write(checkpoints, best: state.best?.step)
    guard state.isResumable || isLast else { return false }
    saved = (steps, state.evaluatedAt)
    return true
  }

  /// Throws when another machine has taken the folder.
  func checkHold() throws(RunError) {
    guard lock.isValid else { throw .lost(folder: folder.path) }
  }

  /// Says the first time that evaluations are cut.
  mutating func warnOnce(of cut: String) {
    if !hasCut { log.warning("\(cut)") }
    hasCut = true
  }

  /// Whether the agent has recorded anything about learning; true where it never records any.
  public var hasLearned: Bool {
    state.metrics.names.isEmpty || !state.metrics.isEmpty || tables.hasRows(.training)
  }

  /// Puts how the run stands into the manifest.
  mutating func close(_ status: Manifest.Status, failure: String? = nil) throws {
    manifest.close(status, failure: failure)
    try manifest.write(to: folder.manifest)
  }
}

extension RunFolder {
  /// The manifest of the run in this folder, nil if there is none. Throws when the folder holds another run than
  /// `plan`'s.
  package func heldManifest(for plan: RunPlan) throws -> Manifest? {
    guard hasManifest else {
      if !isOccupied { return nil }
      throw RunError.occupied(folder: path, reason: "it has a run's files but no manifest.json")
    }
    let manifest = try Manifest(contentsOf: self.manifest)
    if let difference = manifest.difference(from: plan) { throw RunError.occupied(folder: path, reason: difference) }
    return manifest
  }
}

extension Run {
  /// Its state with all records among the tensors, as checkpoints once had them.
  package var stateAmongTensors: TensorFile {
    var writer = StateWriter()
    state.save(to: &writer)
    return writer.file
  }
}
