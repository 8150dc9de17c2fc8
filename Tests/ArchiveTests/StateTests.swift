import Archive
import Kernels
import Testing

/// A part with a part, as agents are built.
private struct Counter: Checkpointable, Equatable {
  var steps = 0
  var flag = false

  func save(to writer: inout StateWriter) {
    writer.write("steps", steps)
    writer.write("flag", flag)
  }

  mutating func restore(from reader: StateReader) throws(ArchiveError) {
    steps = try reader.integer("steps")
    flag = try reader.bool("flag")
  }
}

private struct Whole: Checkpointable, Equatable {
  var counter = Counter()
  var stream = RandomStream(seed: 0)
  var vector = Vector(count: 3)
  var matrix = Matrix(rows: 2, columns: 3)
  var list = [1, -2, 1 << 48]
  var doubles = [0.1, .infinity]

  func save(to writer: inout StateWriter) {
    writer.write("counter", counter)
    writer.scope("numbers") { writer in
      writer.write("stream", stream)
      writer.write("vector", vector)
      writer.write("matrix", matrix)
    }
    writer.write("list", list)
    writer.write("doubles", doubles)
  }

  mutating func restore(from reader: StateReader) throws(ArchiveError) {
    try reader.read("counter", into: &counter)
    let numbers = reader.scope("numbers")
    stream = try numbers.stream("stream")
    try numbers.read("vector", into: &vector)
    try numbers.read("matrix", into: &matrix)
    list = try reader.integers("list")
    doubles = try reader.read("doubles")
  }
}

@Suite struct StateTests {
  private func saved(_ part: some Checkpointable) -> TensorFile {
    var writer = StateWriter()
    part.save(to: &writer)
    return writer.file
  }

  private func changed() -> Whole {
    var whole = Whole()
    whole.counter = Counter(steps: 7, flag: true)
    whole.stream = RandomStream(seed: 4).child("x")
    _ = whole.stream.nextWord()
    whole.vector = Vector([1, -0.0, 3])
    whole.matrix = Matrix(rows: 2, columns: 3, [1, 2, 3, 4, 5, 6])
    whole.list = [3, -2, -(1 << 48)]
    whole.doubles = [-.infinity]
    return whole
  }

  @Test func nestedStateRestoresThroughAFile() throws {
    let original = changed()
    let file = try TensorFile(decoding: saved(original).encoded(), path: "f")
    var restored = Whole()
    try restored.restore(from: StateReader(file))
    #expect(restored == original)
  }

  @Test func restoringLeavesCopiesAlone() throws {
    var restored = Whole()
    let copy = restored
    try restored.restore(from: StateReader(saved(changed())))
    #expect(copy == Whole())
  }

  @Test func namesAreScoped() {
    let file = saved(Whole())
    #expect(
      file.tensors.keys.sorted() == [
        "counter.flag", "counter.steps", "doubles", "list", "numbers.matrix", "numbers.stream", "numbers.vector",
      ])
    let reader = StateReader(file)
    #expect(reader.has("list") && !reader.has("steps") && reader.scope("counter").has("steps"))
  }

  @Test func scopesEndAlsoOnErrors() {
    struct Stop: Error {}
    var writer = StateWriter()
    #expect(throws: Stop.self) {
      try writer.scope("a") { (writer: inout StateWriter) throws(Stop) in
        writer.write("x", 1)
        throw Stop()
      }
    }
    writer.write("y", 2)
    #expect(writer.file.tensors.keys.sorted() == ["a.x", "y"])
  }

  @Test(arguments: ["counter.flag", "counter.steps", "list", "numbers.matrix", "numbers.stream", "numbers.vector"])
  func missingNamesAreNamedInFull(_ name: String) {
    var file = saved(Whole())
    file.tensors[name] = nil
    #expect(throws: ArchiveError.missing(name: name)) {
      var whole = Whole()
      try whole.restore(from: StateReader(file))
    }
  }

  @Test func otherShapesAndTypesAreMismatches() {
    var writer = StateWriter()
    writer.write("vector", Vector(count: 4))
    writer.write("matrix", Matrix(rows: 3, columns: 2))
    writer.write("doubles", [1.0, 2, 3])
    writer.write("number", 5)
    writer.write("words", [UInt64(1), 2])
    let reader = StateReader(writer.file)
    var (vector, matrix) = (Vector(count: 3), Matrix(rows: 2, columns: 3))
    #expect(throws: ArchiveError.mismatch(name: "vector", expected: "F32[3]", found: "F32[4]")) {
      try reader.read("vector", into: &vector)
    }
    #expect(throws: ArchiveError.mismatch(name: "doubles", expected: "F32[3]", found: "F64[3]")) {
      try reader.read("doubles", into: &vector)
    }
    #expect(throws: ArchiveError.mismatch(name: "matrix", expected: "F32[2, 3]", found: "F32[3, 2]")) {
      try reader.read("matrix", into: &matrix)
    }
    #expect(throws: ArchiveError.mismatch(name: "doubles", expected: "I64[]", found: "F64[3]")) {
      try reader.integer("doubles")
    }
    #expect(throws: ArchiveError.mismatch(name: "doubles", expected: "F64[]", found: "F64[3]")) {
      try reader.value("doubles", as: Double.self)
    }
    #expect(throws: ArchiveError.mismatch(name: "number", expected: "U8[]", found: "I64[]")) {
      try reader.bool("number")
    }
    #expect(throws: ArchiveError.mismatch(name: "doubles", expected: "F64[2]", found: "F64[3]")) {
      try reader.read("doubles", as: Double.self, shape: [2])
    }
    #expect { try reader.stream("words") } throws: { error in
      if case .mismatch("words", _, _)? = error as? ArchiveError { return true }
      return false
    }
  }
}
