import Archive

/// Everything that a part of a program saves, to compare and to restore.
package struct OracleState: Equatable {
  /// The saved tensors.
  package let file: TensorFile

  /// What `part` saves.
  package init(_ part: some Checkpointable) {
    var writer = StateWriter()
    part.save(to: &writer)
    file = writer.file
  }

  /// Overwrites the state of `part`.
  package func restore(into part: inout some Checkpointable) throws { try part.restore(from: StateReader(file)) }

  /// Of each tensor of floats, the largest difference from `other`'s and its own largest magnitude.
  package func gaps(to other: OracleState) -> [(name: String, gap: Float, scale: Float)] {
    file.tensors.sorted { $0.key < $1.key }.compactMap { name, tensor in
      guard let own = tensor.elements(as: Float.self) else { return nil }
      let others = other.file.tensors[name]?.elements(as: Float.self) ?? []
      let gap = own.count == others.count ? zip(own, others).map { abs($0 - $1) }.reduce(0, max) : .infinity
      return (name, gap, own.map(abs).reduce(0, max))
    }
  }
}
