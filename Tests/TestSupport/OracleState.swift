import Archive

/// Everything that a part of a program saves, open to comparison and to changes by name (`optimizer.first`).
package struct OracleState: Equatable {
  /// The saved tensors.
  package private(set) var file: TensorFile

  /// What `part` saves.
  package init(_ part: some Checkpointable) {
    var writer = StateWriter()
    part.save(to: &writer)
    file = writer.file
  }

  /// Overwrites the state of `part`.
  package func restore(into part: inout some Checkpointable) throws { try part.restore(from: StateReader(file)) }

  /// A saved tensor's elements; empty if there is no such tensor of that type.
  package func elements<Element: TensorElement>(_ name: String, as type: Element.Type = Element.self) -> [Element] {
    file.tensors[name]?.elements(as: type) ?? []
  }

  /// A saved tensor of floats in double precision.
  package func doubles(_ name: String) -> [Double] { elements(name, as: Float.self).map(Double.init) }

  /// A saved integer or list of integers.
  package func integers(_ name: String) -> [Int] { elements(name, as: Int64.self).map { Int($0) } }

  /// Replaces a tensor's elements by as many others.
  package mutating func set<Element: TensorElement>(_ name: String, _ elements: [Element]) {
    guard let old = file.tensors[name] else { preconditionFailure("nothing is saved as '\(name)'") }
    file.tensors[name] = elements.withUnsafeBufferPointer { Tensor(shape: old.shape, $0) }
  }
}
