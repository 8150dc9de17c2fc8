import Archive
import Foundation
import Laboratory
import TestSupport
import Testing

/// TensorBoard's events of a run, made from its tables; what TensorBoard reads in them is tested in Plots/tests.
@Suite struct EventTests {
  private let root: ScratchFolder
  private var source: RunFolder { RunFolder(root.path + "/run") }
  private var copy: RunFolder { RunFolder(root.path + "/copy") }
  private var out: String { root.path + "/events" }

  init() throws {
    root = try ScratchFolder()
    let plan = try plan(steps: 60, ["evaluation.interval=10", "evaluation.episodes=3", "log.interval=4"])
    guard case .ready(var run) = try Run.open(plan, in: source, host: .forTests) else { return }
    try run.writeEvents()
    #expect(try run.execute(stop: StopRequest()) == .finished)
    try FileSystem.makeFolder(copy.path)
    try FileSystem.replace(copy.manifest, with: FileSystem.read(source.manifest))
  }

  /// Gives the copy so much of each table.
  private func fill(_ share: Double) throws {
    for table in RunTable.allCases {
      let bytes = try FileSystem.read(source.path(of: table))
      try FileSystem.replace(copy.path(of: table), with: Array(bytes[..<Int(share * Double(bytes.count))]))
    }
  }

  /// What a file has: lines of step, tag and value, in order of tag and step; one file only may be there.
  private func values(in folder: String) throws -> [String] {
    let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.contains("tfevents") }
    #expect(names.count == 1)
    return try EventReader.values(FileSystem.read("\(folder)/\(names[0])")).sorted()
  }

  @Test func readInPiecesTheyAreTheSame() throws {
    try fill(0.1)
    let events = try RunEvents(of: copy, in: out)
    for share in [0.1, 0.3, 0.31, 0.8, 1, 1] {
      try fill(share)
      try events.update(isLive: true)
    }
    #expect(try values(in: out) == values(in: source.path))
    #expect(try values(in: out).count == events.count)
    #expect(try values(in: out).filter { $0.hasPrefix("evaluation/return ") }.count == 7)
    #expect(try values(in: out).contains("training/loss 8 6.5"))
  }

  @Test func shortenedTablesBeginThemAnew() throws {
    try fill(1)
    let events = try RunEvents(of: copy, in: out)
    try events.update(isLive: true)
    try fill(0.5)
    try events.update(isLive: true)
    #expect(try values(in: out).count < values(in: source.path).count)
    try fill(1)
    try events.update(isLive: true)
    #expect(try values(in: out) == values(in: source.path))
  }

  @Test func aNewProcessTakesThePlaceOfTheOldOne() throws {
    try fill(1)
    for _ in 0..<2 { try RunEvents(of: copy, in: out).update(isLive: false) }
    #expect(try values(in: out) == values(in: source.path))
  }

  @Test func damagedTablesAreNamed() throws {
    try fill(1)
    let rows = try CSV.records(FileSystem.read(source.path(of: .training)))
    let path = copy.path(of: .training)
    for (lines, reason) in [
      ([rows[0], rows[2], rows[1]], "line 3: step 4 comes after 8"),
      (
        [rows[0], ["x"] + rows[1].dropFirst()], "line 2: environment_steps must be a whole number, 0 or more, found 'x'"
      ),
      ([rows[0], Array(rows[1].dropLast())], "line 2: 4 cells are expected, found 3"),
    ] {
      try FileSystem.replace(path, with: lines.flatMap { CSV.line($0.map { .text($0) }) })
      #expect(throws: ArchiveError.damaged(path: path, reason: reason)) {
        try RunEvents(of: copy, in: out).update(isLive: false)
      }
    }
  }

  @Test func aFolderMadeAnewHasNone() throws {
    #expect(try values(in: source.path).count > 0)
    try source.clear()
    #expect(try FileManager.default.contentsOfDirectory(atPath: source.path).filter { $0.contains("event") } == [])
  }
}

/// Reads event files; checksums are left to TensorBoard.
private enum EventReader {
  /// `tag step value` of every value.
  static func values(_ bytes: [UInt8]) throws -> [String] {
    var lines: [String] = []
    var place = 0
    while place < bytes.count {
      let length = Int(integer(bytes[place..<place + 8]))
      let event = fields(bytes[(place + 12)..<(place + 12 + length)])
      place += length + 16
      for summary in event where summary.number == 5 {
        for value in fields(summary.bytes[...]) {
          let parts = fields(value.bytes[...])
          let tag = String(decoding: try #require(parts.first { $0.number == 1 }).bytes, as: UTF8.self)
          let single = integer(try #require(parts.first { $0.number == 2 }).bytes[...])
          let step = try #require(event.first { $0.number == 2 }).value
          lines.append("\(tag) \(step) \(Float(bitPattern: UInt32(single)))")
        }
      }
    }
    return lines
  }

  private static func integer(_ bytes: ArraySlice<UInt8>) -> UInt64 {
    bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  private static func fields(_ bytes: ArraySlice<UInt8>) -> [(number: Int, value: UInt64, bytes: [UInt8])] {
    var found: [(Int, UInt64, [UInt8])] = []
    var rest = bytes
    func variable() -> UInt64 {
      let count = (rest.firstIndex { $0 < 128 } ?? rest.endIndex - 1) - rest.startIndex + 1
      let taken = rest.prefix(count)
      rest = rest.dropFirst(count)
      return taken.reversed().reduce(0) { $0 << 7 | UInt64($1 & 127) }
    }
    while !rest.isEmpty {
      let key = variable()
      var (value, size) = (UInt64(0), 0)
      switch key & 7 {
      case 0: value = variable()
      case 1: size = 8
      case 5: size = 4
      default: size = Int(variable())
      }
      found.append((Int(key >> 3), value, Array(rest.prefix(size))))
      rest = rest.dropFirst(size)
    }
    return found
  }
}
