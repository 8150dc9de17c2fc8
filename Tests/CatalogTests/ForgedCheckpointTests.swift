import Archive
import Catalog
import Configuration
import Foundation
import Kernels
import Laboratory
import Testing
import TestSupport

/// Checkpoints whose numbers were changed and whose checksum was made to fit: each is refused or goes on, none traps, none
/// runs for ever.
@Suite struct ForgedCheckpointTests {
  private static let integers: [Int64] = [-1, 0, 1, 2, 7, 1 << 20, 1 << 31, 1 << 48, 1 << 62, .max, .min]
  private static let floats: [Float] = [.nan, .infinity, -1, 1e30, -1e38]
  /// Forgeries of each agent's checkpoint; more for a search by hand.
  private static var count: Int {
    ProcessInfo.processInfo.environment["FORESIGHT_FORGERIES"].flatMap { Int($0) } ?? 6
  }

  @Test(arguments: Catalog.registry.agents.map(\.name)) func noneTraps(name: String) throws {
    let agent = try Catalog.registry.agent(name)
    var tree = ConfigurationTree()
    for setting in agent.tiny.settings + ["evaluation.episodes=0", "checkpoint.interval=1000"] {
      tree = tree.merging(try ConfigurationTree(assignment: setting))
    }
    let root = try ScratchFolder()
    let folder = RunFolder(root.path + "/run")
    func run(_ steps: Int) throws {
      let plan = try RunPlan(
        agent: name, environment: agent.tiny.environment, seed: 1, steps: steps, settings: tree, in: Catalog.registry,
        trial: false)
      guard case .ready(var run) = try Run.open(plan, in: folder, host: .forTests) else { return }
      _ = try run.execute(stop: StopRequest())
    }
    try run(62)
    // a run of several copies ends at a multiple of their number
    let path = folder.checkpoint(step: try #require(folder.checkpoints().max()))
    let (original, manifest) = (try TensorFile(contentsOf: path), try FileSystem.read(folder.manifest))
    let tables = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter {
      $0.hasSuffix(".csv") || $0.hasSuffix(".segment")
    }
    let contents = try tables.map { try FileSystem.read(folder.path + "/" + $0) }
    var random = RandomStream(seed: 11)
    var refused = 0
    for _ in 0..<Self.count {
      var forged = original
      let change = Self.change(&forged, using: &random)
      forged.metadata["crc32c"] = forged.checksum
      for step in folder.checkpoints() { unlink(folder.checkpoint(step: step)) }
      try forged.write(to: path)
      try FileSystem.replace(folder.manifest, with: manifest)
      for (table, bytes) in zip(tables, contents) { try FileSystem.replace(folder.path + "/" + table, with: bytes) }
      if ProcessInfo.processInfo.environment["FORESIGHT_FORGERIES"] != nil { print(name, change) }
      do { try run(75) } catch { refused += 1 }
    }
    #expect(refused <= Self.count)
  }

  /// Changes one number of one tensor, integers more often than floats; what was changed.
  private static func change(_ file: inout TensorFile, using random: inout RandomStream) -> String {
    let wantsFloats = random.index(below: 4) == 0
    let names = file.tensors.keys.sorted().filter { name in
      guard let tensor = file.tensors[name], tensor.count > 0 else { return false }
      return (tensor.type == .float32 || tensor.type == .float64) == wantsFloats
    }
    guard !names.isEmpty else { return "nothing" }
    let name = names[random.index(below: names.count)]
    guard let tensor = file.tensors[name] else { return "nothing" }
    let place = random.index(below: tensor.count)
    var bytes = tensor.bytes
    func put<Value>(_ value: Value) {
      withUnsafeBytes(of: value) { raw in
        for (offset, byte) in raw.enumerated() { bytes[place * tensor.type.size + offset] = byte }
      }
    }
    let (integer, float) = (integers[random.index(below: integers.count)], floats[random.index(below: floats.count)])
    switch tensor.type {
    case .float32: put(float)
    case .float64: put(Double(float))
    case .int64, .uint64: put(integer)
    case .uint8: put(UInt8(truncatingIfNeeded: integer))
    }
    file.tensors[name] = Tensor(type: tensor.type, shape: tensor.shape, bytes: bytes)
    return "\(name)[\(place)] = \(wantsFloats ? "\(float)" : "\(integer)")"
  }
}
