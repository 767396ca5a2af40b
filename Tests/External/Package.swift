// swift-tools-version: 6.3
import PackageDescription

/// A package like those of Scrim's users: it depends only on the public products.
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
    .testTarget(
      name: "DeliveryTests",
      dependencies: [
        .product(name: "Scrim", package: "scrim"), .product(name: "ScrimDelivery", package: "scrim"),
      ]),
  ],
  swiftLanguageModes: [.v6]
)
