import Archive
import Foundation
import Laboratory
import Testing
import TestSupport

@Suite struct CSVTests {
  @Test func linesFollowTheRFC() {
    let line = CSV.line([.integer(-3), .number(0.1), .empty, .text("a,b"), .text("say \"hi\""), .text("plain")])
    #expect(String(decoding: line, as: UTF8.self) == "-3,0.1,,\"a,b\",\"say \"\"hi\"\"\",plain\r\n")
  }

  @Test(arguments: [0.1, -1e-5, 1.0 / 3, 123_456_789.0, 0x1p-1074, 1.7976931348623157e308, 200])
  func numbersReadBackTheSame(value: Double) throws {
    let text = String(decoding: CSV.line([.number(value)]).dropLast(2), as: UTF8.self)
    #expect(Double(text) == value)
    #expect(!text.contains(","))
  }

  @Test func recordsInvertLines() {
    let rows: [[CSVField]] = [
      [.text("a"), .text("b,c")], [.text("line\r\nbreak"), .text("\"")], [.empty, .integer(7)],
    ]
    let bytes = rows.flatMap(CSV.line)
    #expect(CSV.records(bytes) == [["a", "b,c"], ["line\r\nbreak", "\""], ["", "7"]])
  }

  @Test func halfALineIsNoRecord() {
    #expect(CSV.records("a,b\n1,2\n3,".utf8) == [["a", "b"], ["1", "2"]])
  }

  @Test func aTableResumesAtItsLength() throws {
    let folder = try ScratchFolder()
    let path = folder.path + "/table.csv"
    var length = 0
    do {
      let writer = try CSVWriter(creating: path, columns: ["x", "y"])
      try writer.append([.integer(1), .integer(2)])
      length = writer.length
      try writer.append([.integer(3), .integer(4)])
    }
    let resumed = try CSVWriter(resuming: path, columns: ["x", "y"], length: length)
    try resumed.dropTail()
    try resumed.append([.integer(5), .integer(6)])
    #expect(try FileSystem.read(path) == Array("x,y\r\n1,2\r\n5,6\r\n".utf8))
  }

  @Test func aShortenedOrForeignTableIsRefusedUntouched() throws {
    let folder = try ScratchFolder()
    let path = folder.path + "/table.csv"
    let contents = Array("x,y\r\n1,2\r\n".utf8)
    try FileSystem.replace(path, with: contents)
    #expect(throws: ArchiveError.self) { try CSVWriter(resuming: path, columns: ["x", "y"], length: 100) }
    #expect(throws: ArchiveError.self) { try CSVWriter(resuming: path, columns: ["x", "z"], length: 5) }
    #expect(try FileSystem.read(path) == contents)
  }

  @Test func aFullDiskIsAnError() throws {
    let error = try #require(throws: ArchiveError.self) { try CSVWriter(creating: "/dev/full", columns: ["x"]) }
    #expect(error.description == "cannot write /dev/full: No space left on device")
  }
}
