/// Selection of the best returns without allocating.
package enum TopSelection {
  /// Reorders `order`, a permutation of the indices of `values`, so that its first `count` entries name the largest
  /// values, in ascending order of index. Ties go to the lower index, so the result is unique. O(n) on average.
  package static func select(_ count: Int, of values: [Float], order: inout [Int32]) {
    precondition(count <= order.count && order.count == values.count, "\(count) of \(values.count) values")
    for index in order.indices { order[index] = Int32(index) }
    func before(_ a: Int32, _ b: Int32) -> Bool {
      let (x, y) = (values[Int(a)], values[Int(b)])
      return x > y || (x == y && a < b)
    }
    var (low, high) = (0, order.count - 1)
    while low < high {
      let pivot = order[(low + high) / 2]
      var (i, j) = (low, high)
      while i <= j {
        while before(order[i], pivot) { i += 1 }
        while before(pivot, order[j]) { j -= 1 }
        if i <= j {
          order.swapAt(i, j)
          i += 1
          j -= 1
        }
      }
      if count - 1 <= j { high = j } else if count - 1 >= i { low = i } else { break }
    }
    // Insertion sort by index: a fixed order for the sums over the selected ones.
    for i in 1..<max(count, 1) {
      let moved = order[i]
      var j = i
      while j > 0 && order[j - 1] > moved {
        order[j] = order[j - 1]
        j -= 1
      }
      order[j] = moved
    }
  }
}
