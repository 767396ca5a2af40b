// swift-tools-version: 6.3
import PackageDescription

/// What every target is held to. A warning is an error here, and so is an unmarked use of unsafe memory.
let strict: [SwiftSetting] = [
  .strictMemorySafety(),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .treatAllWarnings(as: .error),
]

let package = Package(
  name: "scrim",
  products: [
    .executable(name: "scrim", targets: ["scrim"]),
    .library(name: "ScrimReplay", targets: ["ScrimReplay"]),
    .library(name: "ScrimImage", targets: ["ScrimImage"]),
    .library(name: "ScrimRedact", targets: ["ScrimRedact"]),
    .library(name: "ScrimDelta", targets: ["ScrimDelta"]),
    .library(name: "ScrimCodec", targets: ["ScrimCodec"]),
    .library(name: "ScrimFormat", targets: ["ScrimFormat"]),
    // For C: samples/feed-c/run shows how libscrim.so is made of it.
    .library(name: "ScrimC", type: .static, targets: ["ScrimC"]),
    .library(name: "ScrimFolders", targets: ["ScrimFolders"]),
  ],
  traits: [
    .trait(
      name: "Zstd",
      description: "Code frames with zstd, which takes half the bytes of deflate. Needs libzstd."),
    .default(enabledTraits: ["Zstd"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2")
  ],
  targets: [
    .systemLibrary(name: "CLibPNG", pkgConfig: "libpng", providers: [.apt(["libpng-dev"])]),
    .systemLibrary(name: "CLibJPEG", pkgConfig: "libjpeg", providers: [.apt(["libjpeg-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CLibZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
    .systemLibrary(name: "CLibDeflate", pkgConfig: "libdeflate", providers: [.apt(["libdeflate-dev"])]),
    .systemLibrary(name: "CISAL", pkgConfig: "libisal", providers: [.apt(["libisal-dev"])]),
    .systemLibrary(name: "CLibLCMS", pkgConfig: "lcms2", providers: [.apt(["liblcms2-dev"])]),
    .target(
      name: "CScrimCodecs",
      dependencies: [
        "CLibPNG", "CLibJPEG", "CZlib", "CLibDeflate", "CISAL", "CLibLCMS",
        .target(name: "CLibZstd", condition: .when(traits: ["Zstd"])),
      ],
      cSettings: [.define("SCRIM_ZSTD", .when(traits: ["Zstd"]))]),

    .target(name: "CScrimKernels"),
    // Opens libdbus-1 at run time.
    .target(name: "CScrimDBus", linkerSettings: [.linkedLibrary("dl")]),
    // Opens the X libraries at run time; without their headers it is built as one that says so.
    .target(name: "CScrimX11", linkerSettings: [.linkedLibrary("dl")]),
    .target(name: "CScrimWayland"),
    .target(name: "ScrimImage", dependencies: ["CScrimKernels"], swiftSettings: strict),
    .target(
      name: "ScrimRedact", dependencies: ["ScrimImage"], exclude: ["Masking.md"],
      swiftSettings: strict + [.enableExperimentalFeature("Lifetimes")]),
    .target(name: "ScrimCodec", dependencies: ["ScrimImage", "CScrimCodecs"], swiftSettings: strict),
    .target(
      name: "ScrimDelta", dependencies: ["CScrimKernels", "ScrimImage", "ScrimRedact"], swiftSettings: strict),
    .target(
      name: "ScrimFormat",
      dependencies: ["CScrimKernels", "ScrimImage", "ScrimRedact", "ScrimDelta", "ScrimCodec"],
      exclude: ["Format.md"], swiftSettings: strict),
    .target(
      name: "ScrimDelivery", dependencies: ["ScrimFormat"], swiftSettings: strict),
    .target(
      name: "ScrimCapture",
      dependencies: ["ScrimImage", "ScrimRedact", "ScrimCodec", "CScrimDBus", "CScrimX11", "CScrimWayland"],
      exclude: ["Accessibility/Accessibility.md"],
      swiftSettings: strict),
    .target(
      name: "ScrimReplay",
      dependencies: [
        "ScrimImage", "ScrimRedact", "ScrimDelta", "ScrimFormat", "ScrimCapture", "ScrimDelivery",
      ],
      swiftSettings: strict),
    .target(name: "CScrim"),
    .target(
      name: "ScrimC",
      dependencies: ["CScrim", "ScrimImage", "ScrimRedact", "ScrimFormat", "ScrimDelivery", "ScrimReplay"],
      exclude: ["scrim.map", "make"], swiftSettings: strict),
    .target(
      name: "ScrimFolders", dependencies: ["ScrimImage", "ScrimRedact", "ScrimCodec", "ScrimFormat"],
      exclude: ["Folders.md", "Boxes.md"], swiftSettings: strict),
    .executableTarget(
      name: "scrim",
      dependencies: [
        "ScrimImage", "ScrimRedact", "ScrimCodec", "ScrimFormat", "ScrimDelivery", "ScrimCapture",
        "ScrimReplay", "ScrimFolders",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: strict),

    .target(
      name: "ScrimTestSupport", dependencies: ["ScrimImage", "ScrimCodec"], path: "Tests/ScrimTestSupport",
      swiftSettings: strict),
    .testTarget(
      name: "ScrimImageTests", dependencies: ["ScrimImage", "ScrimTestSupport"],
      swiftSettings: strict),
    .testTarget(
      name: "ScrimRedactTests", dependencies: ["ScrimImage", "ScrimRedact", "ScrimTestSupport"],
      swiftSettings: strict),
    .testTarget(
      name: "ScrimCodecTests", dependencies: ["ScrimImage", "ScrimCodec", "ScrimTestSupport"],
      swiftSettings: strict),
    .testTarget(
      name: "ScrimDeltaTests", dependencies: ["ScrimImage", "ScrimRedact", "ScrimDelta", "ScrimTestSupport"],
      swiftSettings: strict),
    .testTarget(
      name: "ScrimFormatTests",
      dependencies: [
        "ScrimImage", "ScrimRedact", "ScrimCodec", "ScrimDelta", "ScrimFormat", "ScrimTestSupport",
      ],
      exclude: ["Vectors", "Regressions"], swiftSettings: strict),
    .testTarget(
      name: "ScrimDeliveryTests", dependencies: ["ScrimFormat", "ScrimDelivery", "ScrimTestSupport"],
      swiftSettings: strict),
    .testTarget(
      name: "ScrimCaptureTests",
      dependencies: [
        "ScrimImage", "ScrimRedact", "ScrimCodec", "ScrimCapture", "CScrimX11", "ScrimTestSupport",
      ],
      swiftSettings: strict),
    .testTarget(
      name: "ScrimFoldersTests",
      dependencies: [
        "ScrimImage", "ScrimRedact", "ScrimCodec", "ScrimFormat", "ScrimFolders", "scrim",
      ],
      exclude: ["Boxes"], swiftSettings: strict),
    .testTarget(
      name: "ScrimReplayTests",
      dependencies: [
        "ScrimImage", "ScrimRedact", "ScrimFormat", "ScrimDelivery", "ScrimCapture", "ScrimReplay",
        "ScrimTestSupport",
      ],
      exclude: ["Vectors"], swiftSettings: strict),
    // Runs programs in C against the built library, so it links nothing of it.
    .testTarget(
      name: "ScrimCTests", dependencies: ["ScrimTestSupport"], exclude: ["contract.c"], swiftSettings: strict),
    .executableTarget(
      name: "scrim-trees", dependencies: ["ScrimCapture", "ScrimRedact"], path: "Tests/Live/Probe",
      swiftSettings: strict),
    // Runs the built command, so it links nothing of it but the reader of pictures.
    .testTarget(
      name: "CommandTests", dependencies: ["ScrimImage", "ScrimCodec", "ScrimTestSupport"],
      exclude: ["Snapshots"],
      swiftSettings: strict),
  ],
  swiftLanguageModes: [.v6]
)
