import Archive
import Configuration
import Kernels

/// Settings of extremely randomized trees.
public struct ExtraTreesSettings: Configuration {
  public init() {}
  @Setting("Trees, whose mean counts", in: 1...100_000) public var trees: Int = 50
  @Setting("Inputs tried for a split, K; auto for all of them", in: 1...100_000) public var candidates: Int? = nil
  @Setting("Fewest examples in a node that is split", in: 2...1_000_000) public var minimalSplit: Int = 5
  @Setting("Fewest examples in a leaf", in: 1...1_000_000) public var minimalLeaf: Int = 2
}

/// Extremely randomized trees for regression (Geurts, Ernst and Wehenkel 2006).
///
/// A node tries K inputs that are not constant in it, drawn without replacement, each at one threshold drawn uniformly
/// between its least and its largest value there, and takes the split with the largest reduction of the variance. Nodes
/// with too few examples, equal targets or equal inputs are leaves, whose value is the mean of their targets. Every
/// tree sees all examples. A fit is O(trees * K * N log N) and grows trees side by side.
public struct ExtraTrees: Regressor {
  /// What was set.
  public let settings: ExtraTreesSettings
  /// Floats per input, D.
  public let inputs: Int
  private var forest: [ContiguousArray<TreeNode>] = []

  /// Trees that have seen nothing.
  public init(_ settings: ExtraTreesSettings, inputs: Int) {
    precondition(inputs > 0, "no inputs")
    self.settings = settings
    self.inputs = inputs
  }

  /// Nodes of all trees.
  public var nodeCount: Int { forest.reduce(0) { $0 + $1.count } }

  public mutating func fit(
    _ x: UnsafePointer<Float>, _ y: UnsafePointer<Float>, count: Int, using random: RandomStream
  ) {
    precondition(count > 0, "no examples")
    var grown = [ContiguousArray<TreeNode>](repeating: [], count: settings.trees)
    let (settings, inputs) = (settings, inputs)
    grown.withUnsafeMutableBufferPointer { grown in
      nonisolated(unsafe) let (grown, x, y) = (grown, x, y)
      WorkerPool.forEach(settings.trees) { tree in
        var growth = TreeGrowth(settings, inputs: inputs, x, y, count: count, using: random.child(tree))
        grown[tree] = growth.grow()
      }
    }
    forest = grown
  }

  public func predict(_ x: UnsafePointer<Float>) -> Float {
    guard !forest.isEmpty else { return 0 }
    var sum = 0.0
    for tree in forest {
      var node = tree[0]
      while node.input >= 0 {
        node = tree[Int(node.child) + (x[Int(node.input)] <= node.value ? 0 : 1)]
      }
      sum += Double(node.value)
    }
    return Float(sum / Double(forest.count))
  }
}

/// A node of a regression tree.
struct TreeNode: Sendable {
  /// The input that it asks for; -1 in a leaf.
  var input: Int32
  /// The threshold, at or below which the first child follows; in a leaf the value.
  var value: Float
  /// Place of the first child, after which the second one stands.
  var child: Int32
}

extension ExtraTrees: Checkpointable {
  public func save(to writer: inout StateWriter) {
    writer.write("sizes", forest.map(\.count))
    writer.write("inputs", forest.flatMap { $0.map { Int64($0.input) } })
    writer.write("values", forest.flatMap { $0.map(\.value) })
    writer.write("children", forest.flatMap { $0.map { Int64($0.child) } })
  }

  public mutating func restore(from reader: StateReader) throws(ArchiveError) {
    let sizes = try reader.integers("sizes", in: 1...Int(Int32.max))
    let total = sizes.reduce(0, +)
    let asked = try reader.read("inputs", as: Int64.self, shape: [total])
    let values = try reader.read("values", as: Float.self, shape: [total])
    let children = try reader.read("children", as: Int64.self, shape: [total])
    var (restored, place) = ([ContiguousArray<TreeNode>](), 0)
    for size in sizes {
      // children stand behind their parents, so that every way down ends
      for node in 0..<size where asked[place + node] >= 0 {
        let (input, child) = (asked[place + node], children[place + node])
        guard input < Int64(inputs), child > Int64(node), child < Int64(size - 1) else {
          throw .mismatch(
            name: "trees", expected: "inputs below \(inputs) and children behind their parents",
            found: "input \(input) and child \(child) of node \(node) of \(size)")
        }
      }
      restored.append(
        ContiguousArray(
          (place..<place + size).map {
            TreeNode(
              input: Int32(max(asked[$0], -1)), value: values[$0], child: Int32(truncatingIfNeeded: children[$0]))
          }))
      place += size
    }
    forest = restored
  }
}
