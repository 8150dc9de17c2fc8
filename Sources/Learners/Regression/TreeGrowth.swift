import Kernels

/// Grows one extremely randomized tree.
struct TreeGrowth {
  private let settings: ExtraTreesSettings
  private let inputs: Int
  private let x: UnsafePointer<Float>
  private let y: UnsafePointer<Float>
  private var random: RandomStream
  /// Examples, those of a node side by side.
  private var examples: [Int32]
  /// Inputs in the order in which a node draws them.
  private var order: [Int32]
  private var nodes: ContiguousArray<TreeNode> = []

  /// A split of a node's examples.
  private struct Split {
    var input = -1
    var threshold: Float = 0
    var score = -Double.infinity
  }

  /// On `count` examples, inputs `x` [N, D] and targets `y` [N], which must live until it is grown.
  init(
    _ settings: ExtraTreesSettings, inputs: Int, _ x: UnsafePointer<Float>, _ y: UnsafePointer<Float>, count: Int,
    using random: RandomStream
  ) {
    self.settings = settings
    self.inputs = inputs
    self.x = x
    self.y = y
    self.random = random
    examples = Array(0..<Int32(count))
    order = Array(0..<Int32(inputs))
  }

  /// The tree, its root first.
  mutating func grow() -> ContiguousArray<TreeNode> {
    nodes = [TreeNode(input: -1, value: 0, child: 0)]
    var open = [(node: 0, range: 0..<examples.count)]
    while let (node, range) = open.popLast() {
      var (sum, least, most) = (0.0, Float.infinity, -Float.infinity)
      for place in range {
        let target = y[Int(examples[place])]
        sum += Double(target)
        (least, most) = (min(least, target), max(most, target))
      }
      let split = range.count < settings.minimalSplit || least == most ? Split() : bestSplit(of: range, sum: sum)
      guard split.input >= 0 else {
        nodes[node].value = Float(sum / Double(range.count))
        continue
      }
      let middle = partition(range, split)
      nodes[node] = TreeNode(input: Int32(split.input), value: split.threshold, child: Int32(nodes.count))
      nodes.append(TreeNode(input: -1, value: 0, child: 0))
      nodes.append(TreeNode(input: -1, value: 0, child: 0))
      open.append((Int(nodes[node].child) + 1, middle..<range.upperBound))
      open.append((Int(nodes[node].child), range.lowerBound..<middle))
    }
    return nodes
  }

  /// The best of K random splits; none where all inputs are constant, or leaves would be too small.
  private mutating func bestSplit(of range: Range<Int>, sum: Double) -> Split {
    var (best, left, tried) = (Split(), inputs, 0)
    while left > 0 && tried < settings.candidates ?? inputs {
      let drawn = random.index(below: left)
      let input = Int(order[drawn])
      left -= 1
      order.swapAt(drawn, left)
      var (low, high) = (Float.infinity, -Float.infinity)
      for place in range {
        let value = x[Int(examples[place]) * inputs + input]
        (low, high) = (min(low, value), max(high, value))
      }
      guard low < high else { continue }
      tried += 1
      let threshold = random.uniform(low, high)
      var (count, part) = (0, 0.0)
      for place in range {
        let example = Int(examples[place])
        let isLeft = x[example * inputs + input] <= threshold
        count += isLeft ? 1 : 0
        part += isLeft ? Double(y[example]) : 0
      }
      let rest = range.count - count
      guard min(count, rest) >= settings.minimalLeaf else { continue }
      // the sum of squares falls by that much more
      let score = part * part / Double(count) + (sum - part) * (sum - part) / Double(rest)
      if score > best.score { best = Split(input: input, threshold: threshold, score: score) }
    }
    return best
  }

  /// Brings the examples at or below the threshold to the front, and returns where the others begin.
  private mutating func partition(_ range: Range<Int>, _ split: Split) -> Int {
    var (first, last) = (range.lowerBound, range.upperBound)
    while first < last {
      if x[Int(examples[first]) * inputs + split.input] <= split.threshold {
        first += 1
      } else {
        last -= 1
        examples.swapAt(first, last)
      }
    }
    return first
  }
}
