// swift-tools-version: 6.3
import PackageDescription

/// A program's own package, as Scrim's users write them: it names nothing but the products that are meant for them.
let package = Package(
  name: "scrim-external",
  dependencies: [.package(name: "scrim", path: "../..")],
  targets: [
    .executableTarget(name: "feed-frames", dependencies: [.product(name: "Scrim", package: "scrim")]),
    .executableTarget(
      name: "redact-folder",
      dependencies: [
        .product(name: "Scrim", package: "scrim"), .product(name: "ScrimScreenshots", package: "scrim"),
      ]),
    .testTarget(name: "ExternalTests", dependencies: [.product(name: "Scrim", package: "scrim")]),
  ],
  swiftLanguageModes: [.v6]
)
