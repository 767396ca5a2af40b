// swift-tools-version: 6.3
import PackageDescription

let package = Package(
  name: "scrim-benchmarks",
  dependencies: [
    .package(name: "scrim", path: ".."),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
  ],
  targets: [
    .target(name: "CMeasure", linkerSettings: [.linkedLibrary("png"), .linkedLibrary("z")]),
    .executableTarget(
      name: "scrim-bench",
      dependencies: [
        "CMeasure",
        .product(name: "ScrimInternals", package: "scrim"),
        .product(name: "ScrimScreenshots", package: "scrim"),
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: [.treatAllWarnings(as: .error)]),
  ],
  swiftLanguageModes: [.v6]
)
