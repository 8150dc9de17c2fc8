import Archive
import Foundation
import Laboratory
import Testing
import TestSupport

/// Who may write into a run's folder, on one machine and on several that share it.
@Suite struct FolderLockTests {
  private let root: ScratchFolder
  private var owner: String { root.path + "/.owner" }

  init() throws { root = try ScratchFolder() }

  /// What another machine's process leaves, touched `seconds` ago.
  private func claimElsewhere(secondsAgo seconds: Double) throws {
    try FileSystem.replace(owner, with: Array("another-boot node7 123 word".utf8))
    let then = Date.now.addingTimeInterval(-seconds)
    try FileManager.default.setAttributes([.modificationDate: then], ofItemAtPath: owner)
  }

  @Test func oneAtATimeAndFreeAgainAfterwards() throws {
    let first = try FolderLock.acquire(root.path, patience: 0)
    #expect(first != nil && FolderLock.isHeld(root.path))
    let second = try FolderLock.acquire(root.path, patience: 0)
    withExtendedLifetime(first) { #expect(second == nil) }
  }

  @Test func nothingIsHeldAfterTheEnd() throws {
    do { _ = try FolderLock.acquire(root.path, patience: 0) }
    #expect(!FolderLock.isHeld(root.path))
    #expect(!FileManager.default.fileExists(atPath: owner))
  }

  /// As while another thread starts a process, which has copies of all descriptors until it executes its program.
  @Test func copiesOfTheDescriptorHoldNothing() throws {
    var copies: [Int32] = []
    let folder = URL(fileURLWithPath: root.path).lastPathComponent
    do {
      let lock = try FolderLock.acquire(root.path, patience: 0)
      let descriptors = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").filter {
        (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/" + $0))?
          .hasSuffix("/\(folder)/.lock") == true
      }
      copies = descriptors.compactMap(Int32.init).map { dup($0) }
      withExtendedLifetime(lock) {}
    }
    defer { for copy in copies { close(copy) } }
    #expect(copies.count == 1)
    #expect(try FolderLock.acquire(root.path, patience: 0) != nil)
  }

  @Test func anotherMachinesFreshClaimCountsAndAnOldOneDoesNot() throws {
    try claimElsewhere(secondsAgo: 20)
    #expect(FolderLock.isHeld(root.path))
    #expect(try FolderLock.acquire(root.path, patience: 0) == nil)
    try claimElsewhere(secondsAgo: 100)
    #expect(!FolderLock.isHeld(root.path))
    let lock = try FolderLock.acquire(root.path, patience: 0)
    #expect(lock != nil)
    #expect(try FileManager.default.contentsOfDirectory(atPath: root.path).sorted() == [".lock", ".owner"])
  }

  /// A process that stood still for longer than its claim lasts finds out, and leaves the other's claim alone.
  @Test func aClaimThatWasTakenAwayIsFoundOut() throws {
    let lock = try #require(try FolderLock.acquire(root.path, patience: 0))
    lock.touch()
    #expect(lock.isValid)
    try claimElsewhere(secondsAgo: 0)
    lock.touch()
    #expect(!lock.isValid)
  }

  /// Of many processes that find a void claim exactly one gets the folder. Threads stand in for them, whose locks of
  /// the operating system differ as those of processes do.
  @Test func oneOfManyTakesAVoidClaim() async throws {
    let path = root.path
    for _ in 0..<5 {
      try claimElsewhere(secondsAgo: 100)
      let locks = await withTaskGroup(of: FolderLock?.self) { group in
        for _ in 0..<8 { group.addTask { try? FolderLock.acquire(path, patience: 0) } }
        return await group.reduce(into: [FolderLock]()) { if let lock = $1 { $0.append(lock) } }
      }
      #expect(locks.count == 1)
    }
  }
}
