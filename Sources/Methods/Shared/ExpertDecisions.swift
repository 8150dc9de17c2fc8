import Archive
import Configuration
import Interfaces
import Laboratory

/// Observations and what an expert did at them, from a file.
struct ExpertDecisions: Equatable {
  /// Decisions, N.
  let count: Int
  /// Observations, [N, D].
  let observations: [Float]
  /// Actions in the environment's units, [N, A].
  let actions: [Float]

  /// Reads `path`: safetensors with `observations` [N, D] and `actions` [N, A], both of 32-bit or both of 64-bit
  /// floats; where the name ends in `.csv`, a table with a header whose first D columns are the observation and
  /// the other A the action; or, in `.npz`, as `numpy.savez` writes it, arrays `observations` or `obs` [N, D] and
  /// `actions` or `acts` [N, A] or [N].
  ///
  /// - Throws: `ConfigurationError` naming `key` where it cannot be read, is of other sizes than `spec` or holds
  ///   numbers that are not finite or choices that there are not.
  init(contentsOf path: String, for spec: EnvironmentSpec, key: String) throws(ConfigurationError) {
    func refuse(_ problem: String) -> ConfigurationError {
      ConfigurationError(kind: .relation, key: key, value: path, problem: problem)
    }
    do {
      (observations, actions) =
        path.hasSuffix(".csv")
        ? try Self.table(FileSystem.read(path), observationSize: spec.observationSize)
        : path.hasSuffix(".npz")
          ? try Self.arrays(NumPyArchive(contentsOf: path)) : try Self.tensors(TensorFile(contentsOf: path))
    } catch let error as ArchiveError {
      throw refuse("cannot be read: \(error)")
    } catch {
      throw refuse("\(error)")
    }
    count = observations.count / spec.observationSize
    guard count > 0, observations.count == count * spec.observationSize, actions.count == count * spec.action.size
    else {
      throw refuse(
        "holds \(observations.count) numbers of observations and \(actions.count) of actions; needed are "
          + "\(spec.observationSize) and \(spec.action.size) for each decision")
    }
    guard observations.allSatisfy(\.isFinite), actions.allSatisfy(\.isFinite) else {
      throw refuse("holds a number that is not finite")
    }
    if case .box = spec.action { return }
    let high = spec.action.bounds.high
    for (index, choice) in actions.enumerated() {
      guard choice >= 0, choice <= high[index % high.count], choice == choice.rounded() else {
        throw refuse("holds the action \(choice), which is none of 0...\(Int(high[index % high.count]))")
      }
    }
  }

  /// What is wrong with a file.
  private struct Flaw: Error, CustomStringConvertible {
    let description: String
  }

  private static func tensors(_ file: TensorFile) throws -> (observations: [Float], actions: [Float]) {
    func numbers(_ name: String) throws -> (rows: Int, [Float]) {
      guard let tensor = file.tensors[name], tensor.shape.count == 2 else {
        throw Flaw(description: "needs a tensor '\(name)' of two dimensions")
      }
      if let values = tensor.elements(as: Float.self) { return (tensor.shape[0], values) }
      guard let values = tensor.elements(as: Double.self) else {
        throw Flaw(description: "'\(name)' must be of 32-bit or 64-bit floats")
      }
      return (tensor.shape[0], values.map { Float($0) })
    }
    let (observations, actions) = (try numbers("observations"), try numbers("actions"))
    guard observations.rows == actions.rows else {
      throw Flaw(description: "has \(observations.rows) observations but \(actions.rows) actions")
    }
    return (observations.1, actions.1)
  }

  private static func arrays(_ file: NumPyArchive) throws -> (observations: [Float], actions: [Float]) {
    func find(_ names: [String]) throws -> (shape: [Int], values: [Float]) {
      guard let found = names.lazy.compactMap({ file.floats($0) }).first, let rows = found.shape.first, rows > 0 else {
        throw Flaw(
          description: "needs an array '\(names[0])'; it has \(file.arrays.keys.sorted().joined(separator: ", "))")
      }
      return found
    }
    let (observations, actions) = (try find(["observations", "obs"]), try find(["actions", "acts"]))
    // libraries of demonstrations keep the last observation of an episode, to which there is no action
    guard observations.shape[0] == actions.shape[0] else {
      throw Flaw(description: "has \(observations.shape[0]) observations but \(actions.shape[0]) actions")
    }
    return (observations.values, actions.values)
  }

  private static func table(
    _ bytes: [UInt8], observationSize: Int
  ) throws -> (observations: [Float], actions: [Float]) {
    let records = CSV.records(bytes)
    var (observations, actions): ([Float], [Float]) = ([], [])
    for (line, record) in records.enumerated().dropFirst() {
      guard record.count == records[0].count, record.count > observationSize else {
        throw Flaw(description: "line \(line + 1) has \(record.count) columns")
      }
      for (column, field) in record.enumerated() {
        guard let number = Float(field) else {
          throw Flaw(description: "line \(line + 1), column \(column + 1): '\(field)' is no number")
        }
        if column < observationSize { observations.append(number) } else { actions.append(number) }
      }
    }
    return (observations, actions)
  }
}
