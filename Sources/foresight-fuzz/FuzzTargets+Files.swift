import Archive
import Experience
import Foundation
import Interfaces
import Laboratory

extension FuzzTarget {
  /// Files of tensors, of episodes and of records, and whole checkpoints with a checksum that fits.
  static func files(in folder: String) throws -> [FuzzTarget] {
    var file = TensorFile()
    file.metadata = ["run": "x"]
    let (floats, integers): ([Float], [Int64]) = ([1, 2, 3, 4, 5, 6], [7, 8])
    file.tensors["a.b"] = floats.withUnsafeBufferPointer { Tensor(shape: [2, 3], $0) }
    file.tensors["count"] = integers.withUnsafeBufferPointer { Tensor(shape: [2], $0) }
    var trajectories = Trajectories(observationSize: 3, actionSize: 1)
    for step in 0..<3 {
      let outcome = StepOutcome(reward: 1, ending: step == 2 ? .terminated : .none)
      trajectories.append([1, 2, 3], [4], outcome, next: [5, 6, 7])
    }
    let tokens = [
      "\"dtype\":\"F32\"", "\"shape\":[", "\"data_offsets\":[0,", "\"U8\"", "\"I64\"", "{", "}", "999999999999",
    ]
    var targets = [
      FuzzTarget("tensors", share: 120, examples: [file.encoded(), TensorFile().encoded()], tokens: tokens) {
        input, _ in
        let reader = StateReader(try TensorFile(decoding: input, path: "f"))
        _ = try? reader.scope("a").read("b", as: Float.self, shape: [2, 3])
        _ = try? reader.counts("count")
      },
      FuzzTarget("episodes", share: 50, examples: trajectories.episodes.map(EpisodeFile.encode)) { input, _ in
        _ = try EpisodeFile.decode(input, observationSize: 3, actionSize: 1, path: "f")
      },
      try records(in: folder),
    ]
    for agent in ["sac", "mbpo", "q-learning", "pets", "me-trpo"] {
      targets.append(try checkpoint(of: agent, in: folder))
    }
    return targets
  }

  // MARK: - Records

  private static func makeReplay(_ kind: Int) -> ReplayBuffer {
    let image = kind == 2 ? ImageShape(height: 3, width: 2, channels: 2, frames: 2) : nil
    var replay = ReplayBuffer(
      capacity: 16, observationSize: image?.count ?? 3, actionSize: 1, keepsTimes: kind == 1, image: image)
    for step in 0..<21 {
      let row = (0..<replay.observationSize).map { Float((step + $0) % 256) }
      replay.append(row, [Float(step)], reward: 1, next: row, continues: true, time: step % 4)
    }
    return replay
  }

  /// Blocks whose contents or numbers were changed, with checksums that fit.
  private static func records(in folder: String) throws -> FuzzTarget {
    let path = folder + "/records"
    let examples = (0..<3).map { kind -> [UInt8] in
      var bytes = [UInt8(kind)]
      let replay = makeReplay(kind)
      replay.encode(replay.heldRecords, into: &bytes)
      return bytes
    }
    return FuzzTarget("records", share: 70, examples: examples) { input, mutator in
      guard let kind = input.first else { return }
      let numbers = mutator.pick([5..<21, 0..<21, 5..<20, 5..<1 << 20, 5..<1 << 47, 6..<22, 0..<1])
      let block = RecordFile.block(numbers, Array(input.dropFirst()))
      try block.withUnsafeBytes { raw in try Data(raw).write(to: URL(fileURLWithPath: path)) }
      var writer = StateWriter(settingRecordsAside: true)
      var replay = makeReplay(Int(kind) % 3)
      writer.write("replay", replay)
      try StateReader(writer.file, records: OneFile(path: path, length: block.count)).read("replay", into: &replay)
    }
  }

  private final class OneFile: RecordSource {
    private let path: String
    private let length: Int

    init(path: String, length: Int) { (self.path, self.length) = (path, length) }

    func has(_ name: String) -> Bool { true }

    func read(
      _ name: String, _ numbers: Range<Int>, lineage: RecordLineage,
      _ take: (RecordBlock) throws(ArchiveError) -> Void
    ) throws(ArchiveError) -> Bool {
      try RecordFile.read(path, length: length, from: numbers.lowerBound, take)
      return true
    }
  }

  // MARK: - Checkpoints

  /// The newest checkpoint of a run with a few changes to its tensors, from which the run goes on.
  private static func checkpoint(of agent: String, in folder: String) throws -> FuzzTarget {
    let run = try FuzzRuns.finished(agent: agent, in: "\(folder)/\(agent)")
    let names = try FileManager.default.contentsOfDirectory(atPath: run.path)
    let contents = try names.map { (path: "\(run.path)/\($0)", bytes: try FileSystem.read("\(run.path)/\($0)")) }
    let path = run.checkpoint(step: run.checkpoints().first ?? 0)
    let file = try TensorFile(contentsOf: path)
    let plan = try FuzzRuns.plan(agent: agent, steps: 43)
    return FuzzTarget("checkpoint-\(agent)", share: 2, examples: [[0]]) { _, mutator in
      for name in try FileManager.default.contentsOfDirectory(atPath: run.path) { unlink("\(run.path)/\(name)") }
      for (path, bytes) in contents where !path.contains("/checkpoint-") {
        try Data(bytes).write(to: URL(fileURLWithPath: path))
      }
      var forged = file
      for _ in 0...mutator.index(below: 3) { forge(&forged, &mutator) }
      forged.metadata["crc32c"] = forged.checksum
      try Data(forged.encoded()).write(to: URL(fileURLWithPath: path))
      guard case .ready(var resumed) = try Run.open(plan, in: run, host: FuzzRuns.host) else { return }
      _ = try resumed.execute(stop: StopRequest())
    }
  }

  private static func forge(_ file: inout TensorFile, _ mutator: inout Mutator) {
    if mutator.index(below: 8) == 0 {
      let key = mutator.pick(file.metadata.keys.sorted())
      let text = mutator.input(from: [Array((file.metadata[key] ?? "").utf8)], tokens: ["{", "[", "]", "\"", "-1"])
      file.metadata[key] = String(decoding: text, as: UTF8.self)
      return
    }
    let name = mutator.pick(file.tensors.keys.sorted())
    guard let tensor = file.tensors[name] else { return }
    switch mutator.index(below: 10) {
    case 0: file.tensors[name] = nil
    case 1: file.tensors[mutator.pick(file.tensors.keys.sorted())] = tensor
    case 2: file.tensors[name] = Tensor(type: tensor.type, shape: [tensor.count, 1], bytes: tensor.bytes)
    default:
      guard tensor.count > 0 else { return }
      var bytes = tensor.bytes
      let changed = mutator.input(from: [bytes], tokens: [])
      let place = mutator.index(below: bytes.count)
      for offset in place..<min(bytes.count, place + 16) where offset < changed.count {
        bytes[offset] = changed[offset]
      }
      file.tensors[name] = Tensor(type: tensor.type, shape: tensor.shape, bytes: bytes)
    }
  }
}
