// swift-tools-version: 6.2
import PackageDescription

/// The lab's code makes do with these: it may call libc as it likes, since it never runs on a node.
let labSettings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .treatAllWarnings(as: .error),
]
let swiftSettings = labSettings + [.strictMemorySafety()]

let system: Target.Dependency = .product(name: "SystemPackage", package: "swift-system")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let serviceLifecycle: Target.Dependency = .product(
  name: "ServiceLifecycle", package: "swift-service-lifecycle")
let serviceLifecycleTestKit: Target.Dependency = .product(
  name: "ServiceLifecycleTestKit", package: "swift-service-lifecycle")
let unixSignals: Target.Dependency = .product(
  name: "UnixSignals", package: "swift-service-lifecycle")
let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioHTTP1: Target.Dependency = .product(name: "NIOHTTP1", package: "swift-nio")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let argumentParser: Target.Dependency = .product(
  name: "ArgumentParser", package: "swift-argument-parser")

func module(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: swiftSettings)
}

/// Fixtures are read where they lie in the tree, so that no test needs Foundation's bundles.
func tests(_ name: String, _ dependencies: [Target.Dependency], fixtures: Bool = false) -> Target {
  .testTarget(
    name: name, dependencies: dependencies, exclude: fixtures ? ["Fixtures"] : [],
    swiftSettings: swiftSettings)
}

let package = Package(
  name: "nvmeof-csi",
  products: [
    .executable(name: "nvmeof-csi", targets: ["nvmeof-csi"])
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
  ],
  targets: [
    // The edge to C. Each is a module map, prefixed shims and the libraries to link.
    .target(
      name: "CGRPC",
      linkerSettings: [
        .linkedLibrary("grpc_unsecure"), .linkedLibrary("gpr"),
        .linkedLibrary("absl_synchronization"), .linkedLibrary("stdc++"),
      ]),
    .systemLibrary(name: "CProtobufC"),
    .target(
      name: "CCSI", dependencies: ["CProtobufC"], linkerSettings: [.linkedLibrary("protobuf-c")]),
    // No pkgConfig: it would put the system's library directory before that of hack/build.
    .systemLibrary(name: "CUdev", providers: [.apt(["libudev-dev"])]),
    .target(name: "CLinux"),

    module("JSON"),
    module("Linux", ["CLinux", system]),
    module("Command", ["CLinux", "Linux", system]),
    module("Udev", ["CUdev", "Linux", system]),
    module("NVMe", ["Command", "Linux", system]),
    module("BlockDevice", ["Command", "Linux", "NVMe", system]),
    module("Mount", ["Command", "Linux", system]),
    module("StateStore", ["Linux", system]),
    module("Recovery", ["Linux", "NVMe"]),
    module("Backends", ["Command", "Linux", "NVMe", "StateStore", "JSON", system]),

    module("Metrics"),
    module("MetricsEndpoint", ["Metrics", nioCore, nioHTTP1, nioPosix, serviceLifecycle]),
    module("Resilience"),

    module("GRPC", ["CGRPC"]),
    module("ProtobufC", ["CProtobufC", "JSON"]),
    module("CSI", ["CCSI", "GRPC", "JSON", "ProtobufC"]),

    // `nvmeof-csi csi`, which works with any CSI driver.
    module("CSITool", ["CSI", "GRPC", "JSON", "Linux", "ProtobufC", argumentParser]),

    module(
      "Driver",
      [
        "Backends", "BlockDevice", "CSI", "Command", "GRPC", "JSON", "Linux", "Metrics",
        "MetricsEndpoint", "Mount", "NVMe", "Recovery",
        "Resilience", "StateStore",
        "Udev", logging, serviceLifecycle, system, unixSignals,
      ]),
    // Not shipped: the target and the host that the lab's tests, demonstration and benchmark drive.
    .target(
      name: "Lab", dependencies: ["CSI", "GRPC", "Linux", "NVMe", system],
      swiftSettings: labSettings),
    // Not shipped: the target's verbs for people inside `hack/lab shell`.
    .executableTarget(
      name: "nvmeof-csi-lab", dependencies: ["Lab", "Linux", "NVMe", argumentParser],
      path: "Sources/LabTarget", swiftSettings: labSettings),
    // Not shipped: see hack/bench stage.
    .executableTarget(
      name: "nvmeof-csi-bench-stage",
      dependencies: ["CSI", "GRPC", "Lab", "Linux", "NVMe", argumentParser],
      path: "Sources/StageBenchmark", swiftSettings: labSettings),
    // Not shipped: see hack/bench recovery.
    .executableTarget(
      name: "nvmeof-csi-bench-recovery",
      dependencies: ["Lab", "Linux", "NVMe", argumentParser],
      path: "Sources/RecoveryBenchmark", swiftSettings: labSettings),
    // Not shipped: see hack/chaos.
    .executableTarget(
      name: "nvmeof-csi-chaos",
      dependencies: ["CSI", "GRPC", "Lab", "Linux", "NVMe", argumentParser],
      path: "Sources/Chaos", swiftSettings: labSettings),
    // Not shipped: see hack/bench provision.
    .executableTarget(
      name: "nvmeof-csi-bench-provision",
      dependencies: ["CSI", "GRPC", "Lab", argumentParser],
      path: "Sources/ProvisionBenchmark", swiftSettings: labSettings),
    // Not shipped: see hack/bench rpc.
    .executableTarget(
      name: "nvmeof-csi-bench-rpc", dependencies: ["CSI", "GRPC"],
      path: "Sources/RPCBenchmark", swiftSettings: labSettings),
    .executableTarget(
      name: "nvmeof-csi-demo", dependencies: ["CSI", "GRPC", "Lab", "Linux", "NVMe"],
      path: "Sources/Demo", swiftSettings: labSettings),
    .executableTarget(
      name: "nvmeof-csi",
      dependencies: [
        "Backends", "CSI", "CSITool", "Command", "Driver", "GRPC", "JSON", "Linux", "NVMe",
        "ProtobufC", "StateStore",
        argumentParser,
        logging, serviceLifecycle, system,
      ],
      swiftSettings: swiftSettings),

    tests("JSONTests", ["JSON"]),
    tests("LinuxTests", ["Linux", "CLinux", system], fixtures: true),
    tests("CommandTests", ["Command", "Linux", system]),
    tests("UdevTests", ["Udev", "Linux", system]),
    tests("NVMeTests", ["NVMe", "Command", "Linux", system], fixtures: true),
    tests("BlockDeviceTests", ["BlockDevice", "Command", "Linux", system], fixtures: true),
    tests("MountTests", ["Mount", "Command", "Linux", system]),
    // No tests, but what those of the backends and of the driver imitate the kernel's target with.
    tests("BackendsTestSupport", ["Backends", "Linux", "StateStore", system]),
    tests(
      "BackendsTests",
      [
        "Backends", "BackendsTestSupport", "Command", "Linux", "NVMe", "StateStore", "JSON", system,
      ],
      fixtures: true),
    tests("RecoveryTests", ["Recovery", "Linux", "NVMe"]),
    tests("StateStoreTests", ["StateStore", "Linux", system]),
    tests("MetricsTests", ["Metrics"]),
    tests(
      "MetricsEndpointTests",
      ["MetricsEndpoint", nioCore, nioPosix, serviceLifecycle, serviceLifecycleTestKit]),
    tests("ResilienceTests", ["Resilience"]),
    tests("GRPCTests", ["GRPC"]),
    tests("ProtobufCTests", ["ProtobufC", "CCSI", "CProtobufC", "JSON"]),
    tests("CSITests", ["CSI", "CCSI", "GRPC", "JSON", "ProtobufC"], fixtures: true),
    tests("CSIToolTests", ["CSI", "CSITool", "GRPC", "JSON", "ProtobufC", argumentParser]),
    tests(
      "DriverTests",
      [
        "Driver", "Backends", "BackendsTestSupport", "BlockDevice", "CSI", "GRPC", "JSON", "Linux",
        "Metrics", "Mount", "NVMe", "Recovery", "Resilience", "StateStore", "Udev",
        logging, serviceLifecycle, serviceLifecycleTestKit, system,
      ]),
    .testTarget(
      name: "ChaosTests", dependencies: ["nvmeof-csi-chaos"], swiftSettings: labSettings),
    // Runs inside the lab's guest, on the real kernel: see hack/lab.
    .testTarget(
      name: "LabTests",
      dependencies: ["Backends", "CSI", "GRPC", "Lab", "Linux", "NVMe", "StateStore", system],
      swiftSettings: labSettings),
  ]
)
