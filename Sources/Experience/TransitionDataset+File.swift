import Archive
import Interfaces
import Kernels

extension TransitionDataset {
  /// The bytes of a file. Equal datasets give equal bytes.
  public func encoded() -> [UInt8] {
    var archive = NumPyArchive()
    func add<Element: TensorElement>(_ name: String, _ shape: [Int], _ elements: [Element]) {
      archive.arrays[name] = elements.withUnsafeBufferPointer { Tensor(shape: shape, $0) }
    }
    add("observations", [count, observationSize], observations)
    add("actions", [count, actionSize], actions)
    add("rewards", [count], rewards)
    add("next_observations", [count, observationSize], nextObservations)
    for (name, ending) in [("terminated", Ending.terminated), ("truncated", .truncated)] {
      add(name, [count], endings.map { $0 == ending ? UInt8(1) : 0 })
    }
    add("environment", [environment.utf8.count], Array(environment.utf8))
    return archive.encoded()
  }

  /// Writes the file `path`, all at once.
  public func write(to path: String) throws(ArchiveError) { try FileSystem.replace(path, with: encoded()) }

  /// Reads a file: NumPy's NPZ, as `write` leaves it or `numpy.savez` with arrays of these names of any type of numbers; or,
  /// where `path` does not end in `.npz`, safetensors. Endings may also be called `terminals` and `timeouts`, or be told by
  /// `continues` [N], 0 where the episode terminated.
  ///
  /// - Throws: `ArchiveError` where it cannot be read, lacks an array, or has some of different lengths.
  public init(contentsOf path: String) throws(ArchiveError) {
    var archive: NumPyArchive
    if path.hasSuffix(".npz") {
      archive = try NumPyArchive(contentsOf: path)
    } else {
      archive = NumPyArchive()
      archive.arrays = try TensorFile(contentsOf: path).tensors
    }
    func numbers(_ name: String) throws(ArchiveError) -> (shape: [Int], values: [Float]) {
      guard let found = archive.floats(name) else { throw .missing(name: name) }
      return found
    }
    let rewards = try numbers("rewards").values
    let count = rewards.count
    func rows(_ name: String, width expected: Int? = nil) throws(ArchiveError) -> (width: Int, values: [Float]) {
      let (shape, values) = try numbers(name)
      let width = expected ?? (count > 0 ? values.count / count : 0)
      guard count > 0, width > 0, values.count == count * width, shape.first == count else {
        throw .mismatch(
          name: name,
          expected: expected.map { "[\(count), \($0)], as there are \(count) rewards" }
            ?? "one row for each of \(count) rewards", found: "\(shape)")
      }
      return (width, values)
    }
    let observations = try rows("observations")
    let actions = try rows("actions")
    self.init(
      environment: archive.arrays["environment"]?.elements(as: UInt8.self).map { String(decoding: $0, as: UTF8.self) }
        ?? "", observationSize: observations.width, actionSize: actions.width)
    let next = try rows("next_observations", width: observations.width).values
    func flags(_ names: [String]) throws(ArchiveError) -> [Bool]? {
      guard let name = names.first(where: { archive.arrays[$0] != nil }) else { return nil }
      return try rows(name, width: 1).values.map { $0 != 0 }
    }
    var terminated = try flags(["terminated", "terminals"])
    if terminated == nil { terminated = try flags(["continues"])?.map { !$0 } }
    guard let terminated else { throw .missing(name: "terminated") }
    let truncated = try flags(["truncated", "timeouts"])
    adopt(
      observations.values, actions.values, rewards, next,
      (0..<count).map { terminated[$0] ? .terminated : truncated?[$0] == true ? .truncated : .none })
  }
}
