internal import Archive
import Foundation
import Synchronization

/// The records of a run's checkpoints (replays) in files of their own, to which each checkpoint adds what is new.
///
/// A ring's records are in files `records-<series>-<first>.segment` (`RecordFile`), a series for each lineage of
/// numbers; the checkpoint's metadata say which files, and how much of them, belong to it. A file is deleted once no
/// checkpoint needs it.
final class RecordStore: RecordSource {
  /// Of a checkpoint, the records of one ring.
  struct Entry: Codable, Equatable {
    /// The ring's scope.
    var name: String
    var series: Int
    /// The number after the last record.
    var end: Int
    /// In order of their records.
    var files: [File]
  }

  /// A file, as far as a checkpoint needs it.
  struct File: Codable, Equatable {
    /// Number of its first record.
    var first: Int
    var length: Int
  }

  /// The key of the entries in a checkpoint's metadata.
  static let key = "records"
  /// Bytes after which a file is followed by another, at least; an eighth of the ring, if that is more.
  private static let fileSize = 16 << 20

  private struct State {
    /// As on disk, whether or not a checkpoint says so yet.
    var entries: [String: Entry] = [:]
    var lineages: [String: RecordLineage] = [:]
    var nextSeries = 0
    var written = 0
    /// Names of the files that the checkpoint of each step needs.
    var needs: [Int: Set<String>] = [:]
  }

  private let folder: RunFolder
  private let areWanted: Bool
  private let state = Mutex(State())

  /// Without entries. Records are passed over by `read` unless they `areWanted`.
  init(folder: RunFolder, areWanted: Bool = true) { (self.folder, self.areWanted) = (folder, areWanted) }

  // MARK: - Reading

  /// Goes on from a checkpoint's entries. Nothing on disk is changed. Throws when they are no entries.
  func open(_ file: TensorFile, step: Int) throws(ArchiveError) {
    let entries = try Self.entries(of: file, path: folder.checkpoint(step: step))
    state.withLock { state in
      state = State()
      state.needs[step] = Self.names(entries)
      for entry in entries {
        state.entries[entry.name] = entry
        state.nextSeries = max(state.nextSeries, entry.series + 1)
      }
    }
  }

  private static func entries(of file: TensorFile, path: String) throws(ArchiveError) -> [Entry] {
    guard let text = file.metadata[key] else { return [] }
    guard let entries = try? JSONDecoder().decode([Entry].self, from: Data(text.utf8)),
      entries.allSatisfy(\.isSound), Set(entries.map(\.name)).count == entries.count
    else { throw .damaged(path: path, reason: "what it says of its records makes no sense") }
    return entries
  }

  func has(_ name: String) -> Bool { state.withLock { $0.entries[name] != nil } }

  func read(
    _ name: String, _ numbers: Range<Int>, lineage: RecordLineage,
    _ take: (RecordBlock) throws(ArchiveError) -> Void
  ) throws(ArchiveError) -> Bool {
    guard areWanted else { return false }
    guard let entry = state.withLock({ $0.entries[name] }) else { throw .missing(name: name) }
    guard entry.end == numbers.upperBound else {
      throw .mismatch(name: name, expected: "\(numbers.upperBound) records", found: "\(entry.end)")
    }
    var next = numbers.lowerBound
    for (index, file) in entry.files.enumerated() {
      if index + 1 < entry.files.count, entry.files[index + 1].first <= next { continue }
      try RecordFile.read(path(entry.series, file), length: file.length, from: next) { block throws(ArchiveError) in
        guard block.numbers.lowerBound == next || next == numbers.lowerBound && block.numbers.contains(next),
          block.numbers.upperBound <= numbers.upperBound
        else { throw .damaged(path: block.path, reason: "records after \(next - 1) are missing") }
        try take(block)
        next = block.numbers.upperBound
      }
    }
    guard next == numbers.upperBound else {
      throw .damaged(path: folder.path, reason: "records from \(next) on are missing")
    }
    state.withLock { $0.lineages[name] = lineage }
    return true
  }

  // MARK: - Writing

  /// Bytes appended since this was last asked.
  func takeWritten() -> Int {
    state.withLock { state in
      defer { state.written = 0 }
      return state.written
    }
  }

  /// Appends to the files what the rings hold and no file has yet.
  ///
  /// - Returns: what the checkpoint of `step` must say of them; nil if there are none.
  func append(_ rings: [(name: String, ring: any RecordRing)], step: Int) throws(ArchiveError) -> String? {
    guard !rings.isEmpty else { return nil }
    var entries: [Entry] = []
    for (name, ring) in rings { entries.append(try append(name, ring)) }
    state.withLock { $0.needs[step] = Self.names(entries) }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    // entries of text and integers are always JSON
    return String(decoding: (try? encoder.encode(entries)) ?? Data("[]".utf8), as: UTF8.self)
  }

  private func append(_ name: String, _ ring: some RecordRing) throws(ArchiveError) -> Entry {
    let held = ring.heldRecords
    var entry = state.withLock { state in
      if let known = state.entries[name], state.lineages[name] == ring.lineage,
        (held.lowerBound...held.upperBound).contains(known.end)
      {
        return known
      }
      defer { state.nextSeries += 1 }
      return Entry(name: name, series: state.nextSeries, end: held.lowerBound, files: [])
    }
    // those that hold nothing but what is forgotten by now
    while entry.files.count > 1, entry.files[1].first <= held.lowerBound { entry.files.removeFirst() }
    let limit = max(Self.fileSize, ring.recordSize * held.count / 8)
    while entry.end < held.upperBound {
      if entry.files.last.map({ $0.length >= limit }) ?? true { entry.files.append(File(first: entry.end, length: 0)) }
      let last = entry.files.count - 1
      let most = max(1, (limit - entry.files[last].length) / max(1, ring.recordSize))
      let part = entry.end..<min(held.upperBound, entry.end + most)
      let before = entry.files[last].length
      let length = try RecordFile.append(part, of: ring, to: path(entry.series, entry.files[last]), length: before)
      state.withLock { $0.written += length - before }
      entry.files[last].length = length
      entry.end = part.upperBound
    }
    state.withLock { state in
      state.entries[name] = entry
      state.lineages[name] = ring.lineage
    }
    return entry
  }

  /// Deletes files that the checkpoints of none of these steps need; those that it does not know yet are read with
  /// `read`.
  func removeUnneeded(by steps: [Int], read: (Int) -> TensorFile?) {
    let unknown = state.withLock { state in steps.filter { state.needs[$0] == nil } }
    let found = unknown.compactMap { step in read(step).map { (step, (try? Self.entries(of: $0, path: "")) ?? []) } }
    let needed = state.withLock { state in
      for (step, entries) in found { state.needs[step] = Self.names(entries) }
      state.needs = state.needs.filter { steps.contains($0.key) }
      return state.needs.values.reduce(into: Set()) { $0.formUnion($1) }
    }
    for name in folder.segments() where !needed.contains(name) { unlink("\(folder.path)/\(name)") }
  }

  /// Cuts off what was appended after the entries that were opened.
  func cutTails() throws(ArchiveError) {
    for entry in state.withLock({ Array($0.entries.values) }) {
      for file in entry.files where truncate(path(entry.series, file), off_t(file.length)) != 0 {
        throw FileSystem.failure("shorten", path(entry.series, file))
      }
    }
  }

  private static func names(_ entries: [Entry]) -> Set<String> {
    Set(entries.flatMap { entry in entry.files.map { RunFolder.segmentName(series: entry.series, first: $0.first) } })
  }

  private func path(_ series: Int, _ file: File) -> String {
    "\(folder.path)/\(RunFolder.segmentName(series: series, first: file.first))"
  }
}

extension RecordStore.Entry {
  /// Whether its numbers can be: a checkpoint may have been made to mislead.
  fileprivate var isSound: Bool {
    let possible = 0...1 << 48
    return possible.contains(series) && possible.contains(end)
      && files.allSatisfy { possible.contains($0.first) && possible.contains($0.length) && $0.first <= end }
      && zip(files, files.dropFirst()).allSatisfy { $0.first < $1.first }
  }
}
