// swift-tools-version: 6.3
import PackageDescription

let strict: [SwiftSetting] = [
  .strictMemorySafety(),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .treatAllWarnings(as: .error),
]

/// Fuzzers of the readers of untrusted input. Built and run by `run.sh`, never by `swift test`.
let package = Package(
  name: "scrim-fuzz",
  dependencies: [.package(name: "scrim", path: "../..")],
  targets: [
    .executableTarget(
      name: "FuzzSegment", dependencies: [.product(name: "ScrimInternals", package: "scrim")],
      swiftSettings: strict),
    .executableTarget(
      name: "FuzzWidgets", dependencies: [.product(name: "ScrimInternals", package: "scrim")],
      swiftSettings: strict),
    .executableTarget(
      name: "FuzzPolicy", dependencies: [.product(name: "ScrimInternals", package: "scrim")],
      swiftSettings: strict),
    .executableTarget(
      name: "FuzzBoxes",
      dependencies: [
        .product(name: "ScrimInternals", package: "scrim"),
        .product(name: "ScrimScreenshots", package: "scrim"),
      ],
      swiftSettings: strict),
    .executableTarget(
      name: "FuzzAnswers", dependencies: [.product(name: "ScrimInternals", package: "scrim")],
      swiftSettings: strict),
    .executableTarget(
      name: "FuzzBus", dependencies: [.product(name: "ScrimInternals", package: "scrim")],
      swiftSettings: strict),
    .executableTarget(
      name: "FuzzCompositor", dependencies: [.product(name: "ScrimInternals", package: "scrim")],
      swiftSettings: strict),
    .executableTarget(
      name: "FuzzPNG", dependencies: [.product(name: "ScrimInternals", package: "scrim")],
      swiftSettings: strict),
  ],
  swiftLanguageModes: [.v6]
)
