// swift-tools-version: 6.2
import PackageDescription

// The module graph is the architecture: an entry's dependencies are all that it may import.
let strict: [SwiftSetting] = [
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("ExistentialAny"),
]

func module(_ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
  .target(name: name, dependencies: dependencies, exclude: exclude, swiftSettings: strict)
}

/// Tests that compute much themselves, like those with naive references, are compiled with optimization; the others
/// without, which takes half the time.
func tests(
  _ module: String, _ dependencies: [Target.Dependency], exclude: [String] = [], optimized: Bool = false
) -> Target {
  .testTarget(
    name: module + "Tests", dependencies: dependencies + ["TestSupport"], exclude: exclude,
    swiftSettings: strict + (optimized ? [] : [.unsafeFlags(["-Onone"])]))
}

// MuJoCo is there when the package is built with `--traits MuJoCo`, as `make` does after it has installed the library.
let mujoco = TargetDependencyCondition.when(traits: ["MuJoCo"])
let mujocoEnvironments = Target.Dependency.target(name: "MuJoCoEnvironments", condition: mujoco)

// A folder a method, each with a page.
let methods = [
  "A2C", "ActorCritic", "BehaviourCloning", "CQL", "CrossQ", "DAgger", "DQN", "Distillation", "Distral",
  "DivideAndConquer", "DoubleQLearning", "DroQ", "Dyna", "DynaQ", "FittedQ", "GuidedPolicySearch", "ILQR", "IQL",
  "KLPenalty", "LOOP", "LQRFLM", "MBA", "MBPO", "MCPILCO", "METRPO", "MOPO", "MPC", "MVE", "MaximizedQ", "NAF", "NPG",
  "PETS", "PILCO", "PPO", "PolicyBackpropagation", "PolicyIteration", "QLearning", "QTOpt", "REDQ", "REINFORCE",
  "Random", "SAC", "SARSA", "TD3", "TDLambda", "TDMPC2", "TRPO", "ValueIteration",
]

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")

let package = Package(
  name: "Foresight",
  products: [
    .library(
      name: "Foresight",
      targets: [
        "Kernels", "Archive", "Configuration", "Interfaces", "Networks", "Experience", "Wrappers", "ControlTasks",
        "Environments",
        "MuJoCoEnvironments", "GymnasiumEnvironments", "Imagining", "Models", "Control", "Planners", "Learners",
        "Methods", "Laboratory", "Launching", "Recording", "Catalog",
      ]),
    .executable(name: "foresight", targets: ["foresight"]),
    .executable(name: "foresight-bench", targets: ["foresight-bench"]),
  ],
  traits: [
    .trait(
      name: "MuJoCo", description: "The MuJoCo tasks. Needs MuJoCo's headers and library, as `make build` passes them.")
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
  ],
  targets: [
    .systemLibrary(
      name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev", "liblapacke-dev"])]),
    .systemLibrary(name: "CSIMD"),
    .systemLibrary(name: "CMuJoCo"),
    .target(name: "CAllocationCounter"),
    .target(name: "CProcessorCheck"),
    .target(name: "CTiles"),

    module("Kernels", ["COpenBLAS", "CProcessorCheck", "CSIMD", "CTiles"]),
    module("Archive", ["Kernels"]),
    module("Configuration", [.product(name: "Yams", package: "Yams")]),
    module("Interfaces", ["Kernels", "Archive", "Configuration"]),
    module("Networks", ["Kernels", "Archive", "Configuration"]),
    module("Experience", ["Interfaces", "Kernels", "Archive"]),
    module("Wrappers", ["Interfaces", "Kernels", "Archive", "Configuration"]),
    module("ControlTasks", ["Interfaces", "Kernels"]),
    module("Environments", ["ControlTasks", "Interfaces", "Kernels", "Archive", "Configuration"]),
    .target(
      name: "GymnasiumEnvironments", dependencies: ["CSIMD", "Interfaces", "Kernels", "Archive", "Configuration"],
      exclude: ["README.md"], resources: [.embedInCode("worker.py")], swiftSettings: strict),
    .target(
      name: "Recording", dependencies: ["Interfaces", "Archive"], resources: [.embedInCode("pose_renderer.py")],
      swiftSettings: strict),
    .target(
      name: "MuJoCoEnvironments",
      dependencies: [
        "ControlTasks", "Interfaces", "Kernels", "Archive", "Configuration",
        .target(name: "CMuJoCo", condition: mujoco),
      ], exclude: ["Assets", "README.md"], swiftSettings: strict),
    module("Imagining", ["Interfaces", "Experience", "Kernels", "Configuration"]),
    module("Models", ["Imagining", "Interfaces", "Networks", "Experience", "Kernels", "Archive", "Configuration"]),
    module("Control", ["Interfaces", "Kernels", "Archive", "Configuration"]),
    module("Planners", ["Interfaces", "Control", "Kernels", "Archive", "Configuration"]),
    module("Learners", ["Imagining", "Interfaces", "Networks", "Experience", "Kernels", "Archive", "Configuration"]),
    module(
      "Methods",
      [
        "Interfaces", "Networks", "Experience", "Imagining", "Models", "Control", "Planners", "Learners", "Laboratory",
        "Kernels", "Archive", "Configuration", logging,
      ],
      exclude: methods.map { "\($0)/README.md" }),
    module("Launching", ["Laboratory", "Configuration", "Archive"]),
    module("Laboratory", ["Interfaces", "Wrappers", "Configuration", "Archive", "Kernels", logging]),
    module(
      "Catalog",
      [
        "Methods", "Models", "Environments", "GymnasiumEnvironments", mujocoEnvironments, "Wrappers", "Laboratory",
        "Interfaces", "Configuration",
      ]),
    .executableTarget(
      name: "foresight",
      dependencies: [
        "Catalog", "Laboratory", "Launching", "Recording", "Environments", "GymnasiumEnvironments", mujocoEnvironments,
        "Experience", "Imagining", "Models", "Learners", "Interfaces", "Configuration", "Archive", "Kernels",
        argumentParser, logging,
      ],
      swiftSettings: strict),
    .executableTarget(
      name: "foresight-bench",
      dependencies: [
        "Catalog", "Laboratory", "GymnasiumEnvironments", mujocoEnvironments, "Experience", "Imagining", "Methods",
        "Models",
        "Control", "Planners", "Learners", "Networks", "Interfaces", "Configuration", "Archive", "Kernels",
        argumentParser,
      ],
      swiftSettings: strict),
    .executableTarget(
      name: "foresight-fuzz",
      dependencies: [
        "Catalog", "Laboratory", "GymnasiumEnvironments", "Experience", "Interfaces", "Configuration", "Archive",
        "Kernels", argumentParser,
      ],
      swiftSettings: strict),
    .executableTarget(
      name: "own-parts",
      dependencies: [
        "Catalog", "Methods", "Models", "Planners", "Environments", "Laboratory", "Interfaces", "Configuration",
        "Archive", "Kernels",
      ],
      path: "Examples/own-parts", exclude: ["tank.py"], swiftSettings: strict),

    .target(
      name: "TestSupport",
      dependencies: ["CAllocationCounter", "Interfaces", "Kernels", "Archive", "Configuration", "Laboratory"],
      path: "Tests/TestSupport", swiftSettings: strict),
    tests("Kernels", ["Kernels"], exclude: ["Fixtures"], optimized: true),
    tests("Archive", ["Archive", "Kernels"]),
    tests("Configuration", ["Configuration"]),
    tests(
      "Networks", ["Networks", "Kernels", "Archive", "Configuration"], exclude: ["Fixtures", "Peers"], optimized: true),
    tests("Experience", ["Experience", "Interfaces", "Kernels", "Archive"], exclude: ["Peers"], optimized: true),
    tests(
      "Environments", ["Environments", "ControlTasks", "Interfaces", "Kernels", "Archive", "Configuration"],
      exclude: ["Peers"]),
    tests(
      "GymnasiumEnvironments",
      [
        "GymnasiumEnvironments", "Catalog", "Environments", "Interfaces", "Kernels", "Archive", "Configuration",
        "Laboratory",
      ], exclude: ["Tasks"]),
    tests("ControlTasks", ["ControlTasks", "Interfaces", "Kernels"]),
    tests("Wrappers", ["Wrappers", "Environments", "Interfaces", "Kernels", "Archive", "Configuration"]),
    tests(
      "Recording", ["Recording", "Environments", "Wrappers", "Interfaces", "Kernels", "Archive", "Configuration"]),
    tests(
      "MuJoCoEnvironments",
      [
        mujocoEnvironments, "ControlTasks", "Imagining", "Interfaces", "Kernels", "Archive", "Configuration", "Control",
        "Planners",
      ],
      exclude: ["Fixtures", "Peers"]),
    tests(
      "Models", ["Models", "Networks", "Experience", "Environments", "Interfaces", "Kernels", "Archive"],
      exclude: ["Fixtures"], optimized: true),
    tests(
      "Control", ["Control", "Interfaces", "Kernels", "Archive", "Configuration", "Environments"], exclude: ["Peers"],
      optimized: true),
    tests(
      "Planners", ["Planners", "Control", "Imagining", "Interfaces", "Kernels", "Archive", "Environments"],
      optimized: true),
    tests(
      "Learners", ["Learners", "Networks", "Experience", "Interfaces", "Kernels", "Archive", "Configuration"],
      exclude: ["Fixtures", "Peers", "PolicyGradient/Fixtures", "Value/Fixtures"], optimized: true),
    tests(
      "Methods",
      [
        "Methods", "Catalog", "Laboratory", "Archive", "Configuration", "Control", "Environments", "Experience",
        "Imagining", "Interfaces", "Kernels", "Learners", "Models", "Networks", "Planners",
      ], exclude: ["Fixtures"]),
    tests(
      "Laboratory", ["Laboratory", "Catalog", "Interfaces", "Configuration", "Archive", "Kernels", logging]),
    tests("Launching", ["Launching", "Laboratory", "Archive"]),
    tests(
      "Catalog",
      ["Catalog", "Environments", "Laboratory", "Interfaces", "Configuration", "Archive", "Kernels", logging],
      exclude: ["Fixtures"]),
    tests(
      "CommandLine",
      ["Catalog", "Laboratory", "Launching", "Archive", "Recording", "foresight", "foresight-bench", "foresight-fuzz"]),
  ],
  swiftLanguageModes: [.v6]
)
