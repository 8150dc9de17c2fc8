import Archive
import Foundation
import Testing

@Suite struct FileSystemTests {
  private func isSystemError(_ error: any Error, _ action: String) -> Bool {
    if case .system(action, _, let reason)? = error as? ArchiveError { return !reason.isEmpty }
    return false
  }

  @Test(arguments: [0, 1, 100_000]) func replacedContentsReadBack(_ count: Int) throws {
    let folder = try ScratchFolder()
    let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
    try FileSystem.replace(folder.file("a"), with: [1, 2, 3])
    try FileSystem.replace(folder.file("a"), with: bytes)
    #expect(try FileSystem.read(folder.file("a")) == bytes)
    #expect(folder.names == ["a"])
  }

  @Test func aLeftoverOfAKilledWriteIsReplaced() throws {
    let folder = try ScratchFolder()
    try FileSystem.replace(folder.file("a.partial"), with: Array(repeating: 7, count: 1_000))
    try FileSystem.replace(folder.file("a"), with: [1])
    #expect(try FileSystem.read(folder.file("a")) == [1])
    #expect(folder.names == ["a"])
  }

  @Test func aFullDiskLeavesTheOldContentsAndNoTemporaryFile() throws {
    let folder = try ScratchFolder()
    try FileSystem.replace(folder.file("a"), with: [1, 2, 3])
    // writes through this link fail as on a full disk
    try FileManager.default.createSymbolicLink(atPath: folder.file("a.partial"), withDestinationPath: "/dev/full")
    #expect(
      throws: ArchiveError.system(
        action: "write", path: folder.file("a.partial"), reason: String(cString: strerror(ENOSPC)))
    ) {
      try FileSystem.replace(folder.file("a"), with: Array(repeating: 9, count: 10_000))
    }
    #expect(try FileSystem.read(folder.file("a")) == [1, 2, 3])
    #expect(folder.names == ["a"])
  }

  @Test func aPathThatCannotBeRenamedToIsLeftAlone() throws {
    let folder = try ScratchFolder()
    try FileSystem.makeFolder(folder.file("target/inside"))
    #expect { try FileSystem.replace(folder.file("target"), with: [1]) } throws: { isSystemError($0, "rename to") }
    #expect(folder.names == ["target"])
  }

  @Test func foldersThatCannotBeWrittenAreNamed() throws {
    let folder = try ScratchFolder()
    try FileSystem.replace(folder.file("file"), with: [1])
    for parent in [folder.file("missing"), folder.file("file"), "/proc"] {
      #expect { try FileSystem.replace(parent + "/a", with: [1]) } throws: { isSystemError($0, "create") }
    }
    #expect(folder.names == ["file"])
    #expect { try FileSystem.makeFolder(folder.file("file/inside")) } throws: { isSystemError($0, "create folder") }
  }

  @Test func unreadablePathsAreErrors() throws {
    let folder = try ScratchFolder()
    #expect { try FileSystem.read(folder.file("missing")) } throws: { isSystemError($0, "open") }
    #expect { try FileSystem.read(folder.path) } throws: { isSystemError($0, "read") }
  }

  @Test func writesToAnOpenFileReportAFullDisk() throws {
    let descriptor = open("/dev/full", O_WRONLY | O_CLOEXEC)
    try #require(descriptor >= 0)
    defer { close(descriptor) }
    #expect { try FileSystem.write([1], to: descriptor, path: "rows.csv") } throws: { isSystemError($0, "write") }
    try FileSystem.write([], to: descriptor, path: "rows.csv")
  }

  @Test func foldersAreMadeWithTheirParents() throws {
    let folder = try ScratchFolder()
    try FileSystem.makeFolder(folder.file("a/b/c"))
    try FileSystem.makeFolder(folder.file("a/b/c"))
    try FileSystem.replace(folder.file("a/b/c/d"), with: [5])
    #expect(try FileSystem.read(folder.file("a/b/c/d")) == [5])
  }

  @Test func relativePathsHaveAFolderToo() throws {
    let name = "foresight-\(UUID().uuidString)"
    defer { unlink(name) }
    try FileSystem.replace(name, with: [4])
    #expect(try FileSystem.read(name) == [4])
  }
}
