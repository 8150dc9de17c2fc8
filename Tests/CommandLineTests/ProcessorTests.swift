import Laboratory
import Testing

/// A program on a processor that lacks an instruction which it was built with.
@Suite struct ProcessorTests {
  @Test func aLesserProcessorIsToldSo() throws {
    // what every build with kernels of its own uses
    guard Host.fusesMultiplyAdd else { return }
    let result = try Program.run(["list", "agents"], environment: ["FORESIGHT_WITHOUT": "avx2"])
    #expect(result.status == 69 && result.output.isEmpty)
    #expect(
      result.errors
        == "error: this program was built for processors with avx2, which this one does not have: build it here, or build "
        + "it with 'make portable' where it was built\n")
  }
}
