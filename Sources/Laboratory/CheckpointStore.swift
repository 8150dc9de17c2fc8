internal import Archive
internal import Configuration
import Foundation
internal import Interfaces
internal import Logging

/// Writing and finding a run's checkpoint files: checksummed, replaced atomically, the last two kept, and that of the
/// best evaluation. Replays are in files of their own (`RecordStore`), to which a checkpoint adds what is new.
struct CheckpointStore {
  let folder: RunFolder
  /// Whether to go on from pickles that another user has written.
  let trusts: Bool
  /// Text that names everything the run's results depend on; a checkpoint of another run is refused.
  private let fingerprint: String
  private let keepsBest: Bool
  private let records: RecordStore

  init(folder: RunFolder, plan: RunPlan, trusts: Bool = false) {
    self.folder = folder
    self.trusts = trusts
    keepsBest = plan.settings.checkpoint.best
    records = RecordStore(folder: folder)
    fingerprint =
      "\(plan.environment.name) \(plan.agent.name) \(plan.seed) " + plan.resolved.influential.json(indent: 0)
  }

  /// A checkpoint that is in memory as yet. Its records are on disk.
  struct Prepared {
    fileprivate let file: TensorFile
    let steps: Int
  }

  /// Puts a checkpoint together and appends to the files of records what it needs of them. What it holds in memory
  /// besides the state is the tensors, which are few next to the replays, and a block of records.
  func prepare(_ state: RunState, _ tables: RunTables, steps: Int) throws(ArchiveError) -> Prepared {
    var writer = StateWriter(settingRecordsAside: true)
    try writer.scope("tables") { writer throws(ArchiveError) in try tables.save(to: &writer) }
    state.save(to: &writer)
    var file = writer.file
    file.metadata = ["run": fingerprint, "version": Foresight.version]
    if let entries = try records.append(writer.records, step: steps) { file.metadata[RecordStore.key] = entries }
    file.metadata["crc32c"] = file.checksum
    return Prepared(file: file, steps: steps)
  }

  /// Writes checkpoints, in the order of their steps, and deletes all older ones but the newest of them and, where it is
  /// kept, that of `best`.
  func write(_ checkpoints: [Prepared], best: Int?) throws(ArchiveError) -> SavingPace.Written {
    for checkpoint in checkpoints { try checkpoint.file.write(to: folder.checkpoint(step: checkpoint.steps)) }
    let best = keepsBest ? best : nil
    let newest = checkpoints.last?.steps ?? 0
    let others = folder.checkpoints().filter { $0 < newest && $0 != best }
    for old in others.dropFirst() { folder.removeCheckpoint(step: old) }
    records.removeUnneeded(by: folder.checkpoints()) { try? read(step: $0) }
    let bytes = checkpoints.map { $0.file.tensors.values.reduce(0) { $0 + $1.bytes.count } }
    return SavingPace.Written(state: bytes.reduce(0, +), records: records.takeWritten())
  }

  /// Makes the files of records those of a state that `latest` found.
  func shortenRecords() throws(ArchiveError) {
    records.removeUnneeded(by: folder.checkpoints()) { try? read(step: $0) }
    try records.cutTails()
  }

  /// Deletes all checkpoints and records.
  func removeAll() {
    for step in folder.checkpoints() { folder.removeCheckpoint(step: step) }
    records.removeUnneeded(by: []) { _ in nil }
  }

  /// The newest state that a run can go on from, with the run's tables opened but not yet shortened to it, whether a
  /// Python environment will be unpickled, and the steps of newer files, damaged or good for measuring alone, which are
  /// of no use once the run goes on; nil if there is none. Nothing is changed. `fresh` makes states before the first
  /// step. Throws `RunError.foreign`.
  func latest(
    _ fresh: () throws -> RunState, log: Logger
  ) throws -> (state: RunState, tables: RunTables, unpickles: Bool, useless: [Int])? {
    guard let (state, file, step) = try newest(fresh, log: log, resuming: true) else { return nil }
    let reader = StateReader(file)
    let tables = try RunTables(resumingIn: folder, state.columns, from: reader.scope("tables"))
    return (state, tables, file.holdsPickle, folder.checkpoints().filter { $0 > step })
  }

  /// The newest state that is not damaged, nil if there is none; nothing is changed.
  func newestState(for plan: RunPlan, log: Logger) throws -> RunState? {
    try newest({ try RunState(plan) }, log: log, resuming: false)?.state
  }

  /// The state at a step that has a checkpoint. Throws `ArchiveError` when it is damaged.
  func state(at step: Int, for plan: RunPlan) throws -> RunState {
    var state = try RunState(plan)
    let (file, unwanted) = (try read(step: step), RecordStore(folder: folder, areWanted: false))
    try unwanted.open(file, step: step)
    try state.restore(from: StateReader(file, records: unwanted))
    return state
  }

  private func newest(
    _ fresh: () throws -> RunState, log: Logger, resuming: Bool
  ) throws -> (state: RunState, file: TensorFile, step: Int)? {
    for step in folder.checkpoints() {
      let file: TensorFile
      do throws(ArchiveError) {
        file = try read(step: step)
      } catch {
        guard case .damaged(let path, let reason) = error else { throw error }
        log.warning("\(path) is damaged (\(reason)); looking for the checkpoint before it")
        continue
      }
      if resuming && file.holdsPickle && !trusts { try folder.checkOwner(ofCheckpointAt: step) }
      let source = resuming ? records : RecordStore(folder: folder, areWanted: false)
      var state = try fresh()
      do throws(ArchiveError) {
        try source.open(file, step: step)
        try state.restore(from: StateReader(file, records: source))
      } catch {
        // of the records: all else was checked above
        guard case .damaged(let path, let reason) = error else { throw error }
        log.warning("\(path) is damaged (\(reason)); looking for the checkpoint before it")
        continue
      }
      if resuming && !state.isResumable { continue }
      return (state, file, step)
    }
    return nil
  }

  private func read(step: Int) throws(ArchiveError) -> TensorFile {
    let path = folder.checkpoint(step: step)
    let file = try Self.decode(path)
    guard let expected = file.metadata["crc32c"] else { throw .damaged(path: path, reason: "it has no checksum") }
    let found = file.checksum
    guard found == expected else {
      throw .damaged(path: path, reason: "its checksum is \(found) instead of \(expected)")
    }
    guard file.metadata["run"] == fingerprint else {
      throw .mismatch(name: path, expected: "a checkpoint of this run", found: "one of a run with other settings")
    }
    return file
  }

  /// Parses a checkpoint, in which an element type that does not exist is damage too.
  private static func decode(_ path: String) throws(ArchiveError) -> TensorFile {
    do throws(ArchiveError) {
      return try TensorFile(contentsOf: path)
    } catch {
      guard case .mismatch = error else { throw error }
      throw .damaged(path: path, reason: error.description)
    }
  }
}

extension RunFolder {
  /// Throws if anybody but this process's user may have written the checkpoint of a step.
  fileprivate func checkOwner(ofCheckpointAt step: Int) throws(RunError) {
    for path in [path, checkpoint(step: step)] {
      var status = stat()
      guard stat(path, &status) == 0, status.st_uid != geteuid() else { continue }
      let owner = getpwuid(status.st_uid).map { String(cString: $0.pointee.pw_name) } ?? "user \(status.st_uid)"
      throw .foreign(folder: self.path, owner: owner)
    }
  }
}

extension TensorFile {
  /// Whether it holds a pickle of a Python environment's state, which is code to whoever goes on from it.
  var holdsPickle: Bool {
    tensors.contains { name, tensor in
      tensor.type == .uint8 && (name.split(separator: ".").last?.hasPrefix("pickle") ?? false)
    }
  }

  /// CRC-32C of all names, types, shapes, contents and metadata (but the checksum itself), in eight hexadecimal digits.
  package var checksum: String {
    var checksum = Checksum()
    func add(_ text: String) {
      var text = text + "\n"
      text.withUTF8 { checksum.update(UnsafeRawBufferPointer($0)) }
    }
    for (key, value) in metadata.sorted(by: { $0.key < $1.key }) where key != "crc32c" { add("\(key)=\(value)") }
    for (name, tensor) in tensors.sorted(by: { $0.key < $1.key }) {
      add("\(name) \(tensor.type.rawValue) \(tensor.shape)")
      tensor.bytes.withUnsafeBytes { checksum.update($0) }
    }
    let digits = String(checksum.value, radix: 16)
    return String(repeating: "0", count: 8 - digits.count) + digits
  }
}
