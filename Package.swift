// swift-tools-version: 6.3
import PackageDescription

/// Settings of every target. Warnings are errors, and so is unmarked use of unsafe memory.
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
    // Recorder, policy, session folder and player.
    .library(name: "Scrim", targets: ["Scrim"]),
    // Delivery of recorded sessions, for programs that record themselves; not part of Scrim, so that a program
    // that keeps its sessions compiles none of it.
    .library(name: "ScrimDelivery", targets: ["ScrimDelivery"]),
    // Redaction of folders of images.
    .library(name: "ScrimScreenshots", targets: ["ScrimScreenshots"]),
    // For programs in C: samples/feed-c/run shows how to build libscrim.so from it.
    .library(name: "ScrimC", type: .static, targets: ["ScrimC"]),
    // Only for the nested packages (Server, Benchmarks, Tests/Fuzz): it may change in every version.
    .library(
      name: "ScrimInternals",
      targets: [
        "ScrimImage", "ScrimRedact", "ScrimCodec", "ScrimDelta", "ScrimFormat", "ScrimStore", "ScrimRecorder",
        "ScrimPlayer", "ScrimExport", "ScrimDelivery", "ScrimCapture",
      ]),
  ],
  traits: [
    .trait(
      name: "Zstd",
      description: "Compress frames with zstd, which produces half the bytes of deflate. Needs libzstd."),
    .default(enabledTraits: ["Zstd"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2")
  ],
  targets: [
    .systemLibrary(
      name: "CLibPNG", path: "Sources/CLibraries/CLibPNG", pkgConfig: "libpng",
      providers: [.apt(["libpng-dev"])]),
    .systemLibrary(
      name: "CLibJPEG", path: "Sources/CLibraries/CLibJPEG", pkgConfig: "libjpeg",
      providers: [.apt(["libjpeg-dev"])]),
    .systemLibrary(
      name: "CZlib", path: "Sources/CLibraries/CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(
      name: "CLibZstd", path: "Sources/CLibraries/CLibZstd", pkgConfig: "libzstd",
      providers: [.apt(["libzstd-dev"])]),
    .systemLibrary(
      name: "CLibDeflate", path: "Sources/CLibraries/CLibDeflate", pkgConfig: "libdeflate",
      providers: [.apt(["libdeflate-dev"])]),
    .systemLibrary(
      name: "CISAL", path: "Sources/CLibraries/CISAL", pkgConfig: "libisal",
      providers: [.apt(["libisal-dev"])]),
    .systemLibrary(
      name: "CLibLCMS", path: "Sources/CLibraries/CLibLCMS", pkgConfig: "lcms2",
      providers: [.apt(["liblcms2-dev"])]),
    .target(
      name: "CScrimCodecs",
      dependencies: [
        "CLibPNG", "CLibJPEG", "CZlib", "CLibDeflate", "CISAL", "CLibLCMS",
        .target(name: "CLibZstd", condition: .when(traits: ["Zstd"])),
      ],
      path: "Sources/C/CScrimCodecs",
      cSettings: [.define("SCRIM_ZSTD", .when(traits: ["Zstd"]))]),

    .target(name: "CScrimCrash", path: "Sources/C/CScrimCrash", linkerSettings: [.linkedLibrary("dl")]),
    // Opens libsystemd at run time.
    .target(name: "CScrimLogs", path: "Sources/C/CScrimLogs", linkerSettings: [.linkedLibrary("dl")]),
    .target(name: "CScrimKernels", path: "Sources/C/CScrimKernels"),
    // Opens libdbus-1 at run time.
    .target(name: "CScrimDBus", path: "Sources/C/CScrimDBus", linkerSettings: [.linkedLibrary("dl")]),
    // Opens the X libraries at run time; built without their headers, it reports that X11 is not supported.
    .target(name: "CScrimX11", path: "Sources/C/CScrimX11", linkerSettings: [.linkedLibrary("dl")]),
    .target(name: "CScrimWayland", path: "Sources/C/CScrimWayland"),
    .target(name: "ScrimSystem", swiftSettings: strict),
    .target(name: "ScrimJSON", swiftSettings: strict),
    .target(name: "ScrimImage", dependencies: ["CScrimKernels"], swiftSettings: strict),
    .target(
      name: "ScrimRedact", dependencies: ["CScrimKernels", "ScrimSystem", "ScrimJSON", "ScrimImage"],
      exclude: ["Masking.md"],
      swiftSettings: strict + [.enableExperimentalFeature("Lifetimes")]),
    .target(name: "ScrimCodec", dependencies: ["ScrimImage", "CScrimCodecs"], swiftSettings: strict),
    .target(
      name: "ScrimDelta", dependencies: ["CScrimKernels", "ScrimImage", "ScrimRedact"], swiftSettings: strict),
    // Opens libsodium at run time.
    .target(name: "CScrimSodium", path: "Sources/C/CScrimSodium", linkerSettings: [.linkedLibrary("dl")]),
    .target(
      name: "ScrimFormat",
      dependencies: [
        "CScrimKernels", "CScrimSodium", "ScrimImage", "ScrimRedact", "ScrimDelta", "ScrimCodec",
      ],
      exclude: ["Format.md"], swiftSettings: strict),
    .target(
      name: "ScrimStore",
      dependencies: ["CScrimCrash", "CScrimLogs", "ScrimSystem", "ScrimJSON", "ScrimFormat"],
      swiftSettings: strict),
    // Opens libcurl at run time.
    .target(name: "CScrimCurl", path: "Sources/C/CScrimCurl", linkerSettings: [.linkedLibrary("dl")]),
    .target(
      name: "ScrimDelivery",
      dependencies: ["ScrimSystem", "ScrimJSON", "ScrimFormat", "ScrimStore", "CScrimCurl"],
      exclude: ["Delivery.md"], swiftSettings: strict),
    .target(
      name: "ScrimCapture",
      dependencies: [
        "ScrimSystem", "ScrimImage", "ScrimRedact", "ScrimCodec", "CScrimDBus", "CScrimLogs", "CScrimX11",
        "CScrimWayland",
      ],
      exclude: ["Accessibility/Accessibility.md"],
      swiftSettings: strict),
    .target(
      name: "ScrimRecorder",
      dependencies: [
        "CScrimLogs", "ScrimSystem", "ScrimImage", "ScrimRedact", "ScrimCodec", "ScrimFormat", "ScrimStore",
      ],
      exclude: ["Session/Sessions.md"],
      swiftSettings: strict),
    .target(
      name: "ScrimPlayer", dependencies: ["ScrimImage", "ScrimRedact", "ScrimFormat", "ScrimStore"],
      exclude: ["Insight.md"], swiftSettings: strict),
    // The module that programs import. Beside `scrim`, its folder could not have its name where file systems ignore case.
    .target(
      name: "Scrim",
      dependencies: [
        "ScrimImage", "ScrimRedact", "ScrimFormat", "ScrimStore", "ScrimRecorder", "ScrimPlayer",
      ],
      path: "Sources/ScrimLibrary", swiftSettings: strict),
    .target(
      name: "ScrimExport",
      dependencies: [
        "ScrimSystem", "ScrimJSON", "ScrimImage", "ScrimRedact", "ScrimCodec", "ScrimFormat", "ScrimStore",
        "ScrimPlayer",
      ],
      exclude: ["Player.md"], resources: [.embedInCode("Page")], swiftSettings: strict),
    .target(name: "CScrim", path: "Sources/C/CScrim"),
    .target(
      name: "ScrimC",
      dependencies: [
        "CScrim", "ScrimImage", "ScrimRedact", "ScrimFormat", "ScrimStore", "ScrimRecorder", "ScrimDelivery",
      ],
      exclude: ["scrim.map", "make"], swiftSettings: strict),
    .target(
      name: "ScrimScreenshots",
      dependencies: ["ScrimSystem", "ScrimJSON", "ScrimImage", "ScrimRedact", "ScrimCodec", "ScrimFormat"],
      exclude: ["Folders.md", "Boxes.md"], swiftSettings: strict),
    .executableTarget(
      name: "scrim",
      dependencies: [
        "ScrimSystem", "ScrimImage", "ScrimRedact", "ScrimCodec", "ScrimFormat", "ScrimStore", "ScrimCapture",
        "ScrimRecorder", "ScrimPlayer", "ScrimExport", "ScrimScreenshots", "ScrimDelivery",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: strict),

    .target(
      name: "ScrimTestSupport", dependencies: ["ScrimImage", "ScrimCodec", "ScrimFormat"],
      path: "Tests/ScrimTestSupport",
      swiftSettings: strict),
    .testTarget(
      name: "ScrimImageTests", dependencies: ["ScrimImage", "ScrimTestSupport"],
      swiftSettings: strict),
    .testTarget(name: "ScrimSystemTests", dependencies: ["ScrimSystem"], swiftSettings: strict),
    .testTarget(
      name: "ScrimJSONTests", dependencies: ["ScrimJSON", "ScrimTestSupport"], swiftSettings: strict),
    .testTarget(
      name: "ScrimRedactTests", dependencies: ["ScrimJSON", "ScrimImage", "ScrimRedact", "ScrimTestSupport"],
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
      name: "ScrimStoreTests",
      dependencies: ["CScrimCrash", "ScrimFormat", "ScrimStore", "ScrimTestSupport"],
      exclude: ["Vectors"], swiftSettings: strict),
    .testTarget(
      name: "ScrimDeliveryTests",
      dependencies: [
        "ScrimSystem", "ScrimJSON", "ScrimFormat", "ScrimStore", "ScrimDelivery", "ScrimTestSupport",
      ],
      exclude: ["Vectors"], swiftSettings: strict),
    .testTarget(
      name: "ScrimExportTests",
      dependencies: [
        "ScrimJSON", "ScrimImage", "ScrimRedact", "ScrimCodec", "ScrimFormat", "ScrimStore", "ScrimExport",
        "ScrimTestSupport",
      ],
      swiftSettings: strict),
    .testTarget(
      name: "ScrimCaptureTests",
      dependencies: [
        "ScrimImage", "ScrimRedact", "ScrimCodec", "ScrimCapture", "CScrimX11", "ScrimTestSupport",
      ],
      swiftSettings: strict),
    .testTarget(
      name: "ScrimScreenshotsTests",
      dependencies: [
        "ScrimImage", "ScrimRedact", "ScrimCodec", "ScrimFormat", "ScrimScreenshots", "ScrimTestSupport",
      ],
      exclude: ["Boxes"], swiftSettings: strict),
    .testTarget(
      name: "ScrimRecorderTests",
      dependencies: [
        "ScrimSystem", "ScrimImage", "ScrimRedact", "ScrimFormat", "ScrimStore", "ScrimCapture",
        "ScrimRecorder", "ScrimPlayer", "ScrimTestSupport",
      ],
      exclude: ["Vectors"], swiftSettings: strict),
    // Runs C programs against the built library, and therefore links none of it.
    .testTarget(
      name: "ScrimCTests", dependencies: ["ScrimTestSupport"], exclude: ["contract.c", "Fixtures"],
      swiftSettings: strict),
    .executableTarget(
      name: "scrim-trees", dependencies: ["ScrimCapture", "ScrimRedact"], path: "Tests/Live/Probe",
      swiftSettings: strict),
    // Runs the built command, and therefore links only the image decoder.
    .testTarget(
      name: "CommandTests", dependencies: ["ScrimImage", "ScrimCodec", "ScrimTestSupport"],
      exclude: ["Snapshots"],
      swiftSettings: strict),
  ],
  swiftLanguageModes: [.v6]
)
