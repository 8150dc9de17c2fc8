import Archive
import Foundation
import Interfaces
import Kernels

/// Episodes in files of their own, NumPy's NPZ, as collectors leave them for a learner in a shared folder: `observations`
/// [T + 1, D], `actions` [T, A] and `rewards` [T] of 32-bit floats, and `terminated` and `truncated`, one byte each.
public enum EpisodeFile {
  /// The file's bytes.
  public static func encode(_ episode: Trajectories.Episode) -> [UInt8] {
    var archive = NumPyArchive()
    func array(_ matrix: Matrix) -> Tensor {
      Tensor(
        shape: [matrix.rows, matrix.columns], UnsafeBufferPointer(start: matrix.pointer, count: matrix.count))
    }
    archive.arrays["observations"] = array(episode.observations)
    archive.arrays["actions"] = array(episode.actions)
    archive.arrays["rewards"] = episode.rewards.withUnsafeBufferPointer { Tensor(shape: [$0.count], $0) }
    for (name, ending) in [("terminated", Ending.terminated), ("truncated", .truncated)] {
      let flag: [UInt8] = [episode.ending == ending ? 1 : 0]
      archive.arrays[name] = flag.withUnsafeBufferPointer { Tensor(shape: [1], $0) }
    }
    return archive.encoded()
  }

  /// Parses a file of observations of `observationSize` floats and actions of `actionSize`; `path` is named in errors.
  public static func decode(
    _ bytes: [UInt8], observationSize: Int, actionSize: Int, path: String
  ) throws(ArchiveError) -> Trajectories.Episode {
    let archive = try NumPyArchive(decoding: bytes, path: path)
    func floats(_ name: String, _ shape: (Int) -> [Int], rows: Int) throws(ArchiveError) -> [Float] {
      let array = try find(name)
      guard let elements = array.elements(as: Float.self), array.shape == shape(rows) else {
        throw .mismatch(
          name: name, expected: "F32 \(shape(rows))", found: "\(array.type.rawValue) \(array.shape)")
      }
      return elements
    }
    func find(_ name: String) throws(ArchiveError) -> Tensor {
      guard let array = archive.arrays[name] else { throw .missing(name: name) }
      return array
    }
    let count = try find("rewards").shape.first ?? 0
    let rewards = try floats("rewards", { [$0] }, rows: count)
    let observations = try floats("observations", { [$0 + 1, observationSize] }, rows: count)
    let actions = try floats("actions", { [$0, actionSize] }, rows: count)
    func flag(_ name: String) throws(ArchiveError) -> Bool { try find(name).bytes.first.map { $0 != 0 } ?? false }
    let (terminated, truncated) = (try flag("terminated"), try flag("truncated"))
    let ending: Ending = terminated ? .terminated : truncated ? .truncated : .none
    return Trajectories.Episode(
      observations: Matrix(rows: count + 1, columns: observationSize, observations),
      actions: Matrix(rows: count, columns: actionSize, actions), rewards: rewards, ending: ending)
  }

  /// Writes `episode` to `path`, all at once: a reader never sees a part of it.
  public static func write(_ episode: Trajectories.Episode, to path: String) throws(ArchiveError) {
    try FileSystem.replace(path, with: encode(episode))
  }
}

/// A folder into which collectors write episode files, read as they come.
public struct EpisodeFolder: Sendable {
  /// The folder.
  public let path: String
  private let observationSize: Int
  private let actionSize: Int
  /// Names of files that have been looked at.
  private var known: Set<String> = []
  /// Episodes taken in.
  public private(set) var episodes = 0
  /// Files that could not be read, or are of other shapes.
  public private(set) var refused = 0

  /// Nothing read yet.
  public init(_ path: String, observationSize: Int, actionSize: Int) {
    (self.path, self.observationSize, self.actionSize) = (path, observationSize, actionSize)
  }

  /// Appends the transitions of files that are new since the last call to `replay`, in order of their names.
  public mutating func takeIn(to replay: inout ReplayBuffer) {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    for name in names.sorted() where name.hasSuffix(".npz") && !known.contains(name) {
      known.insert(name)
      let file = path + "/" + name
      guard let bytes = try? FileSystem.read(file),
        let episode = try? EpisodeFile.decode(
          bytes, observationSize: observationSize, actionSize: actionSize, path: file)
      else {
        refused += 1
        continue
      }
      replay.append(episode)
      episodes += 1
    }
  }
}

extension EpisodeFolder: Checkpointable {
  public func save(to writer: inout StateWriter) {
    writer.write("known", Array(known.sorted().joined(separator: "/").utf8))
    writer.write("episodes", episodes)
    writer.write("refused", refused)
  }

  public mutating func restore(from reader: StateReader) throws(ArchiveError) {
    let names = String(decoding: try reader.read("known", as: UInt8.self), as: UTF8.self)
    known = Set(names.split(separator: "/").map(String.init))
    (episodes, refused) = (try reader.integer("episodes"), try reader.integer("refused"))
  }
}
