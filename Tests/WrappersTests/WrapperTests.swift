import Environments
import Interfaces
import Kernels
import TestSupport
import Testing
import Wrappers

/// What each wrapper does.
@Suite struct WrapperTests {
  @Test func timeLimitTruncatesAndTerminationGoesFirst() throws {
    var limited = try TimeLimit(Recorder(length: 5), steps: 3)
    #expect(limited.spec.stepLimit == 3)
    let actions = Array(repeating: [Float](repeating: 3, count: 2), count: 3)
    #expect(try play(&limited, actions).outcomes.map(\.ending) == [.none, .none, .truncated])
    var terminated = try TimeLimit(Recorder(length: 3), steps: 3)
    #expect(try play(&terminated, actions).outcomes.map(\.ending) == [.none, .none, .terminated])
    let error = #expect(throws: WrapperError.self) { try TimeLimit(Recorder(), steps: 101) }
    #expect(error?.description == "is 101, but episodes end after 100 steps anyway")
  }

  @Test func actionRepeatAddsRewardsUpAndStopsAtTheEnd() throws {
    var repeated = ActionRepeat(Recorder(length: 7), times: 3)
    #expect(repeated.spec.stepLimit == 34 && repeated.spec.timeStep == 1.5 && repeated.spec.rewardRange == 0...300)
    let played = try play(&repeated, [[0, 2], [1, 3], [2, 4]])
    #expect(played.outcomes.map(\.reward) == [6, 15, 7])
    #expect(played.outcomes.map(\.ending) == [.none, .none, .terminated])
    #expect(repeated.base.taken.map { $0[0] } == [0, 0, 0, 1, 1, 1, 2])
    #expect(played.observations[1] == [0, 2, 3])
  }

  @Test func stickyActionsRepeatAsOftenAsAsked() throws {
    var sticky = StickyActions(Recorder(length: 20_000, stepLimit: 20_000), probability: 0.25)
    let actions = (0..<10_000).map { [Float($0), 0] }
    _ = try play(&sticky, actions)
    let taken = sticky.base.taken.map { $0[0] }
    #expect(taken[0] == 0)
    var repeats = 0
    for step in 1..<taken.count {
      let asked = Float(step)
      #expect(taken[step] == asked || taken[step] == taken[step - 1])
      if taken[step] != asked { repeats += 1 }
    }
    // 0.25 of 9,999 with a standard deviation of 43
    #expect(abs(repeats - 2500) < 220, "\(repeats)")
  }

  @Test func actionsAreRescaledClippedAndGridded() throws {
    var rescaled = try RescaledActions(Recorder())
    #expect(rescaled.spec.action == .box(low: [-1, -1], high: [1, 1]))
    _ = try play(&rescaled, [[-1, -1], [1, 1], [0, 0.5], [-7, .infinity]])
    #expect(rescaled.base.taken == [[-1, 2], [3, 4], [1, 3.5], [-1, 4]])
    var clipped = try ClippedActions(Recorder())
    _ = try play(&clipped, [[-5, 3], [9, -.infinity]])
    #expect(clipped.base.taken == [[-1, 3], [3, 2]])
    var grid = try DiscretizedActions(Recorder(length: 100), steps: 3)
    #expect(grid.spec.action == .discrete(count: 9))
    _ = try play(&grid, (0..<9).map { [Float($0)] })
    let expected: [[Float]] = [[-1, 2], [1, 2], [3, 2], [-1, 3], [1, 3], [3, 3], [-1, 4], [1, 4], [3, 4]]
    #expect(grid.base.taken == expected)
  }

  @Test func actionWrappersRefuseWhatDoesNotFit() {
    let choices = Recorder(actions: .discrete(count: 2))
    for make in [
      { _ = try RescaledActions(choices) }, { _ = try ClippedActions(choices) },
      { _ = try DiscretizedActions(choices, steps: 2) },
    ] as [() throws -> Void] {
      #expect(throws: WrapperError(description: "needs actions that are reals; these are choices")) { try make() }
    }
    let endless = Recorder(actions: .box(low: [0], high: [.infinity]))
    #expect(throws: WrapperError.self) { try RescaledActions(endless) }
    #expect(throws: Never.self) { try ClippedActions(endless) }
    let wide = Recorder(actions: .box(low: [Float](repeating: 0, count: 40), high: [Float](repeating: 1, count: 40)))
    #expect(throws: WrapperError.self) { try DiscretizedActions(wide, steps: 2) }
  }

  @Test func rewardsAreScaledForTheAgentButNotForMeasuring() throws {
    var scaled = ScaledRewards(Recorder(), by: 0.5)
    #expect(scaled.spec.rewardRange == 0...50)
    #expect(try play(&scaled, [[0, 2], [0, 2]]).outcomes.map(\.reward) == [0.5, 1])
    try measure(&scaled, like: scaled)
    #expect(try play(&scaled, [[0, 2], [0, 2]]).outcomes.map(\.reward) == [1, 2])
    #expect(scaled.spec.rewardRange == 0...100)
  }

  @Test func framesAreStackedOldestFirst() throws {
    var flat = FrameStack(Recorder(actions: .box(low: [0], high: [9])), frames: 3)
    #expect(flat.spec.observationSize == 6 && flat.spec.imageShape == nil)
    let seen = try play(&flat, [[4], [5], [6]]).observations
    #expect(seen == [[0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 4, 1], [0, 0, 4, 1, 5, 2], [4, 1, 5, 2, 6, 3]])
    var images = FrameStack(Camera(height: 2, width: 2), frames: 2)
    #expect(images.spec.imageShape == ImageShape(height: 2, width: 2, channels: 6, frames: 2))
    var alone = Camera(height: 2, width: 2)
    let (stacked, frames) = (try play(&images, [[1], [2]]).observations, try play(&alone, [[1], [2]]).observations)
    for (step, shown) in stacked.enumerated() {
      for pixel in 0..<4 {
        let (older, newer) = (frames[max(0, step - 1)], frames[step])
        let expected = Array(older[3 * pixel..<3 * pixel + 3]) + newer[3 * pixel..<3 * pixel + 3]
        #expect(Array(shown[6 * pixel..<6 * pixel + 6]) == expected)
      }
    }
  }

  @Test func imagesTurnGray() throws {
    var (gray, colored) = (try Grayscale(Camera()), Camera())
    #expect(gray.spec.imageShape == ImageShape(height: 4, width: 6, channels: 1))
    let (shown, original) = (try play(&gray, [[2]]).observations, try play(&colored, [[2]]).observations)
    for (gray, color) in zip(shown, original) {
      for pixel in gray.indices {
        let luma = 0.299 * color[3 * pixel] + 0.587 * color[3 * pixel + 1] + 0.114 * color[3 * pixel + 2]
        #expect(abs(gray[pixel] - luma) < 0.5 + 1e-4 && gray[pixel] == gray[pixel].rounded())
      }
    }
    #expect(throws: WrapperError(description: "needs images of 3 channels; these have 1")) { try Grayscale(gray) }
    #expect(throws: WrapperError(description: "needs images; the observation is 3 numbers")) {
      try Grayscale(Pendulum(PendulumSettings()))
    }
  }

  /// Against the integral over the covered area, on a fine grid of which both sizes are divisors.
  @Test(arguments: [(2, 3), (3, 4), (4, 6), (1, 1), (3, 5)]) func imagesShrinkByArea(height: Int, width: Int) throws {
    var (small, original) = (try Resized(Camera(), height: height, width: width), Camera())
    #expect(small.spec.imageShape == ImageShape(height: height, width: width, channels: 3))
    let (shown, image) = (try play(&small, []).observations[0], try play(&original, []).observations[0])
    let (tall, wide) = (4 * height, 6 * width)
    for y in 0..<height {
      for x in 0..<width {
        for channel in 0..<3 {
          var sum = 0.0
          for row in y * tall / height..<(y + 1) * tall / height {
            for column in x * wide / width..<(x + 1) * wide / width {
              sum += Double(image[(row / height * 6 + column / width) * 3 + channel])
            }
          }
          let mean = sum / Double(tall / height * (wide / width))
          let value = Double(shown[(y * width + x) * 3 + channel])
          #expect(abs(value - mean) < 0.5 + 1e-3 && value == value.rounded())
        }
      }
    }
  }

  @Test func imagesAreNotEnlarged() {
    #expect(throws: WrapperError(description: "to 8x6 would enlarge images of 4x6")) {
      try Resized(Camera(), height: 8, width: 6)
    }
  }
}
