import Kernels
import TestSupport
import Testing

@Suite struct ValueSemanticsTests {
  @Test func vectorsStartAtZeroAndAligned() {
    for count in [0, 1, 17, 1_000] {
      let vector = Vector(count: count)
      #expect(vector.elements == Array(repeating: 0, count: count))
      #expect(UInt(bitPattern: vector.pointer) % 64 == 0)
    }
    #expect(Vector([]).count == 0)
  }

  @Test func mutatingACopiedVectorLeavesTheOriginal() {
    let original = Vector([1, 2, 3])
    let mutations: [(inout Vector) -> Void] = [
      { $0[1] = 9 }, { $0.fill(9) }, { $0.mutablePointer[0] = 9 }, { $0.copy(from: Vector([4, 5, 6])) },
      { $0.applyExp() },
    ]
    for mutate in mutations {
      var copy = original
      mutate(&copy)
      #expect(original.elements == [1, 2, 3])
      #expect(copy != original)
    }
  }

  @Test func mutatingACopiedMatrixLeavesTheOriginal() {
    let original = Matrix(rows: 2, columns: 2, [1, 2, 3, 4])
    let mutations: [(inout Matrix) -> Void] = [
      { $0[1, 0] = 9 }, { $0.fill(9) }, { $0.mutablePointer[0] = 9 }, { $0.setRow(1, [7, 8]) },
      { $0.copy(from: Matrix(rows: 2, columns: 2)) }, { $0.reshape(rows: 1) }, { $0.reshape(rows: 5) },
      {
        $0.reshape(rows: 1)
        $0.fill(9)
      },
    ]
    for mutate in mutations {
      var copy = original
      mutate(&copy)
      #expect(original.elements == [1, 2, 3, 4] && original.rows == 2)
      #expect(copy != original)
    }
  }

  @Test func aMatrixIsRowMajor() {
    var matrix = Matrix(rows: 2, columns: 3, [1, 2, 3, 4, 5, 6])
    #expect(matrix[1, 0] == 4 && Array(matrix.row(1)) == [4, 5, 6] && matrix.count == 6)
    matrix.setRow(0, [7, 8, 9])
    #expect(matrix.elements == [7, 8, 9, 4, 5, 6])
    #expect(Matrix(rows: 3, columns: 2, matrix.elements) != matrix)
  }

  @Test func notANumberEqualsNothing() {
    #expect(Vector([.nan]) != Vector([.nan]))
    #expect(Vector([0]) == Vector([-0.0]))
  }

  @Test func reshapeKeepsItsBlockWhileItFits() {
    var matrix = Matrix(rows: 4, columns: 3)
    let block = matrix.pointer
    matrix.reshape(rows: 2)
    #expect(matrix.rows == 2 && matrix.count == 6 && matrix.elements.count == 6)
    matrix.reshape(rows: 4)
    #expect(matrix.pointer == block)
    matrix.reshape(rows: 0)
    #expect(matrix.elements.isEmpty)
    matrix.reshape(rows: 9)
    matrix.fill(2)
    #expect(matrix.elements == Array(repeating: 2, count: 27))
  }

  @Test func copyingIntoUniqueStorageAllocatesNothing() {
    let source = Matrix(rows: 50, columns: 20)
    var target = Matrix(rows: 50, columns: 20)
    let vector = Vector(count: 100)
    var other = Vector(count: 100)
    let count = allocations {
      target.copy(from: source)
      target.reshape(rows: 10)
      target.reshape(rows: 50)
      target[3, 3] = 1
      other.copy(from: vector)
      other.fill(1)
    }
    #expect(count == 0)
  }
}
