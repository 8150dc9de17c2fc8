import Configuration
import Testing

@Suite struct NearestNameTests {
  @Test(arguments: [
    ("", "", 0), ("abc", "", 3), ("", "ab", 2), ("kitten", "sitting", 3), ("ab", "ba", 1), ("pets", "pest", 1),
    ("ca", "abc", 3), ("horizon", "horizon", 0), ("flaw", "lawn", 2),
  ])
  func editDistances(a: String, b: String, expected: Int) {
    #expect(editDistance(a, b) == expected)
    #expect(editDistance(b, a) == expected)
  }

  @Test(arguments: [
    ("petz", "pets"), ("PETS", "pets"), ("sca", "sac"), ("pendulum", "Pendulum-v1"), ("CartPole", "CartPole-v1"),
    ("cartpole-swingup", "cartpole-swing-up"), ("mountaincar", "MountainCar-v0"),
  ])
  func nearNamesAreFound(name: String, expected: String) {
    let names = [
      "pets", "sac", "Pendulum-v1", "CartPole-v1", "cartpole-swing-up", "MountainCar-v0", "MountainCarContinuous-v0",
    ]
    #expect(nearestName(to: name, among: names) == expected)
  }

  @Test func farNamesAreNot() {
    #expect(nearestName(to: "zebra", among: ["pets", "sac"]) == nil)
    #expect(nearestName(to: "ab", among: ["sac", "pets"]) == nil)
    #expect(nearestName(to: "pets", among: []) == nil)
  }

  @Test func closestWinsThenTheFirst() {
    #expect(nearestName(to: "elite", among: ["elitist", "elites"]) == "elites")
    #expect(nearestName(to: "elitex", among: ["elitea", "eliteb"]) == "elitea")
    #expect(nearestName(to: "horizon", among: ["model.horizon", "horizons"]) == "horizons")
  }
}
