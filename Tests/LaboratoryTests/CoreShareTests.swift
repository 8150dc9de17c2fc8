import Foundation
import Laboratory
import Testing
import TestSupport

/// How many cores a process may use, by files as the system has them.
@Suite struct CoreShareTests {
  private let root: ScratchFolder

  init() throws { root = try ScratchFolder() }

  private func write(_ name: String, _ text: String) throws {
    let path = root.path + "/" + name
    try FileManager.default.createDirectory(
      atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
    try text.write(toFile: path, atomically: true, encoding: .utf8)
  }

  private var share: CoreShare { CoreShare.available(root: root.path, machine: 64) }

  @Test func withoutLimitsItIsTheMachine() {
    #expect(share == CoreShare(count: 64, reason: nil))
  }

  /// Four processors of sixty-four, as a batch system binds a job to.
  @Test func coresThatTheProcessIsBoundTo() throws {
    try write("proc/self/status", "Name:\tforesight\nCpus_allowed:\t00000003,00000300\nCpus_allowed_list:\t8-9,32-33\n")
    #expect(share == CoreShare(count: 4, reason: "this process is bound to them"))
  }

  @Test(arguments: [("400000 100000", 4), ("150000 100000", 1), ("50000 100000", 1), ("max 100000", 64)])
  func quotasOfVersionTwo(_ text: String, _ cores: Int) throws {
    try write("proc/self/cgroup", "0::/jobs/mine\n")
    try write("sys/fs/cgroup/jobs/cpu.max", text + "\n")
    try write("sys/fs/cgroup/jobs/mine/cpu.max", "max 100000\n")
    #expect(share.count == cores)
  }

  @Test(arguments: [(200_000, 2), (-1, 64)]) func quotasOfVersionOne(_ quota: Int, _ cores: Int) throws {
    try write("proc/self/cgroup", "4:cpu,cpuacct:/docker/x\n3:memory:/docker/x\n")
    try write("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "\(quota)\n")
    try write("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n")
    #expect(share.count == cores)
  }

  /// Of a processor that may be used and a quota the smaller counts.
  @Test func theLeastCounts() throws {
    try write("proc/self/status", "Cpus_allowed:\tff\n")
    try write("proc/self/cgroup", "0::/\n")
    try write("sys/fs/cgroup/cpu.max", "300000 100000\n")
    #expect(share == CoreShare(count: 3, reason: "the quota of this control group"))
  }
}
