import Interfaces
import Recording
import Testing

/// What is drawn where.
@Suite struct CanvasTests {
  /// Sums over pixels of how much they differ from the background, and where.
  private static func ink(_ canvas: Canvas) -> (amount: Double, center: SIMD2<Double>) {
    var (amount, center) = (0.0, SIMD2<Double>.zero)
    for y in 0..<canvas.height {
      for x in 0..<canvas.width {
        let share = 1 - Double(canvas.pixels[3 * (y * canvas.width + x)]) / 255
        amount += share
        center += share * SIMD2(Double(x) + 0.5, Double(y) + 0.5)
      }
    }
    return (amount, center / max(amount, 1e-9))
  }

  private static let black = Scene.Color(0, 0, 0)

  /// Draws `shape` on 100 x 200 pixels, 50 of them a unit.
  private static func drawn(_ shapes: [Scene.Shape]) -> Canvas {
    var scene = Scene(center: SIMD2(1, 0), size: SIMD2(4, 2))
    scene.shapes = shapes
    var canvas = Canvas(height: 100, width: 200)
    canvas.draw(scene)
    return canvas
  }

  @Test func anEmptySceneIsBackground() {
    #expect(Self.drawn([]).pixels.allSatisfy { $0 == 255 })
  }

  @Test func shapesHaveTheirAreaAndPlace() {
    let disc = Self.ink(Self.drawn([.disc(center: SIMD2(2.1, 0.33), radius: 0.4, Self.black)]))
    #expect(abs(disc.amount - .pi * 400) < 4 && abs(disc.center.x - 155) < 0.05 && abs(disc.center.y - 33.5) < 0.05)
    let line = Self.ink(Self.drawn([.line(from: SIMD2(0, -0.5), to: SIMD2(1, 0.5), width: 0.2, Self.black)]))
    #expect(abs(line.amount - (50 * 2.0.squareRoot() * 10 + .pi * 25)) < 4)
    #expect(abs(line.center.x - 75) < 0.05 && abs(line.center.y - 50) < 0.05)
    let corners = [SIMD2(0.0, 0.0), SIMD2(1, 0), SIMD2(1, 0.5), SIMD2(0, 0.5)]
    for corners in [corners, corners.reversed()] {
      let square = Self.ink(Self.drawn([.polygon(corners, Self.black)]))
      #expect(abs(square.amount - 1250) < 1 && abs(square.center.x - 75) < 0.01 && abs(square.center.y - 37.5) < 0.01)
    }
    #expect(Self.ink(Self.drawn([.polygon([.zero, SIMD2(1, 1)], Self.black)])).amount == 0)
  }

  @Test func laterShapesAreInFront() {
    let red = Scene.Color(255, 0, 0)
    let canvas = Self.drawn([
      .disc(center: SIMD2(1, 0), radius: 0.5, Self.black), .disc(center: SIMD2(1, 0), radius: 0.3, red),
    ])
    let middle = 3 * (50 * 200 + 100)
    #expect(Array(canvas.pixels[middle..<middle + 3]) == [255, 0, 0])
  }

  @Test func edgesAreSmooth() {
    let canvas = Self.drawn([.disc(center: SIMD2(1, 0), radius: 0.5, Self.black)])
    let between = canvas.pixels.filter { $0 > 20 && $0 < 235 }
    #expect(between.count > 60)
  }

  @Test func shapesBeyondTheViewAndBrokenOnesAreHarmless() {
    let far = Self.drawn([
      .disc(center: SIMD2(90, 4), radius: 1, Self.black), .line(from: SIMD2(.nan, 0), to: .zero, width: 1, Self.black),
      .disc(center: SIMD2(1e300, -.infinity), radius: 1, Self.black),
    ])
    #expect(far.pixels.allSatisfy { $0 == 255 })
    let cut = Self.ink(Self.drawn([.disc(center: SIMD2(-1, 0), radius: 0.5, Self.black)]))
    #expect(abs(cut.amount - .pi * 625 / 2) < 20)
  }

  @Test func imagesAreCopied() {
    var canvas = Canvas(height: 4, width: 4)
    canvas.show((0..<18).map { UInt8($0) }, height: 2, width: 3)
    #expect(Array(canvas.pixels[0..<9]) == Array(0..<9) && canvas.pixels[9] == 255)
    #expect(Array(canvas.pixels[12..<21]) == Array(9..<18))
  }
}
