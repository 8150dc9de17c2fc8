import Foundation
import Laboratory
import Testing
import TestSupport

/// How much memory there is, by files as the system has them.
@Suite struct MemoryLimitTests {
  private let root: ScratchFolder

  init() throws {
    root = try ScratchFolder()
    try write("proc/meminfo", "MemTotal:       8000000 kB\nMemAvailable:   5000000 kB\n")
    try write(
      "proc/self/limits",
      "Limit                     Soft Limit           Hard Limit           Units     \n"
        + "Max data size             unlimited            unlimited            bytes     \n"
        + "Max address space         unlimited            unlimited            bytes     \n")
  }

  private func write(_ name: String, _ text: String) throws {
    let path = root.path + "/" + name
    try FileManager.default.createDirectory(
      atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
    try text.write(toFile: path, atomically: true, encoding: .utf8)
  }

  @Test func whatTheMachineHasLeftIsALimit() throws {
    let limit = try #require(MemoryLimit.available(root: root.path))
    #expect(limit.bytes == 5.12e9 && limit.source == "this machine's memory")
  }

  /// Pages of files count as free; groups above count too.
  @Test func controlGroupsOfVersionTwoAreLimits() throws {
    try write("proc/self/cgroup", "0::/jobs/mine\n")
    try write("sys/fs/cgroup/jobs/memory.max", "3000000000\n")
    try write("sys/fs/cgroup/jobs/memory.current", "2500000000\n")
    try write("sys/fs/cgroup/jobs/memory.stat", "anon 1000\ninactive_file 1500000000\n")
    try write("sys/fs/cgroup/jobs/mine/memory.max", "max\n")
    let limit = try #require(MemoryLimit.available(root: root.path))
    #expect(limit.bytes == 2e9 && limit.source == "the limit of this control group, 3.0 GB")
  }

  /// In a container the group's path is that of the machine, and the group itself lies at the mount.
  @Test func controlGroupsOfVersionOneAreLimits() throws {
    try write("proc/self/cgroup", "5:cpu:/\n4:memory:/docker/0123\n0::/\n")
    try write("sys/fs/cgroup/memory/memory.limit_in_bytes", "1000000000\n")
    try write("sys/fs/cgroup/memory/memory.usage_in_bytes", "400000000\n")
    try write("sys/fs/cgroup/memory/memory.stat", "inactive_file 1\ntotal_inactive_file 100000000\n")
    #expect(MemoryLimit.available(root: root.path)?.bytes == 7e8)
    try write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n")
    #expect(MemoryLimit.available(root: root.path)?.bytes == 5.12e9, "no limit at all")
  }

  @Test func limitsOfTheProcessAreLimits() throws {
    try write(
      "proc/self/limits",
      "Max data size             unlimited            unlimited            bytes     \n"
        + "Max address space         1000000000           unlimited            bytes     \n")
    #expect(MemoryLimit.available(root: root.path)?.bytes == 1e9)
  }

  @Test func whereNothingCanBeReadThereIsNoLimit() throws {
    #expect(MemoryLimit.available(root: root.path + "/nowhere") == nil)
  }
}
