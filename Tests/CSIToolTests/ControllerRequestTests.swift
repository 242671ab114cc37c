import ArgumentParser
import CSI
import JSON
import ProtobufC
import Testing

@testable import CSITool

@Suite("A command line of csi controller")
struct ControllerRequestTests {
  private static let mount: JSONValue = [
    "mount": [:], "accessMode": ["mode": "SINGLE_NODE_WRITER"],
  ]
  private static let block: JSONValue = [
    "block": [:], "accessMode": ["mode": "SINGLE_NODE_WRITER"],
  ]

  static let requests: [([String], JSONValue)] = [
    (
      [
        "create-volume", "--name", "db-0", "--required-bytes", "10.25GiB", "--limit-bytes", "11GiB",
        "--parameter", "transport=tcp", "--parameter", "portals=192.0.2.1:4420",
        "--mutable-parameter", "iops=1", "--from-snapshot", "ns-1", "--topology", "zone=a",
        "--topology", "rack=7", "--fs-type", "xfs",
      ],
      [
        "name": "db-0",
        "capacityRange": ["requiredBytes": "11005853696", "limitBytes": "11811160064"],
        "volumeCapabilities": [
          ["mount": ["fsType": "xfs"], "accessMode": ["mode": "SINGLE_NODE_WRITER"]]
        ], "parameters": ["portals": "192.0.2.1:4420", "transport": "tcp"],
        "volumeContentSource": ["snapshot": ["snapshotId": "ns-1"]],
        "accessibilityRequirements": [
          "requisite": [["segments": ["rack": "7", "zone": "a"]]],
          "preferred": [["segments": ["rack": "7", "zone": "a"]]],
        ], "mutableParameters": ["iops": "1"],
      ]
    ),
    (
      ["create-volume", "--name", "copy", "--from-volume", "nv-1", "--block"],
      [
        "name": "copy", "volumeCapabilities": [block],
        "volumeContentSource": ["volume": ["volumeId": "nv-1"]],
      ]
    ),
    (["create-volume"], ["volumeCapabilities": [mount]]),
    (["delete-volume", "--volume-id", "v"], ["volumeId": "v"]),
    (
      [
        "publish", "--volume-id", "v", "--node-id", "n", "--readonly", "--block", "--context",
        "nqn=x",
      ],
      [
        "volumeId": "v", "nodeId": "n", "volumeCapability": block, "readonly": true,
        "volumeContext": ["nqn": "x"],
      ]
    ),
    (["publish"], ["volumeCapability": mount]),
    (["unpublish", "--volume-id", "v", "--node-id", "n"], ["volumeId": "v", "nodeId": "n"]),
    (
      ["validate", "--volume-id", "v", "--context", "nqn=x", "--parameter", "a=b", "--block"],
      [
        "volumeId": "v", "volumeContext": ["nqn": "x"], "volumeCapabilities": [block],
        "parameters": ["a": "b"],
      ]
    ),
    (
      ["list-volumes", "--max-entries", "10", "--starting-token", "t"],
      ["maxEntries": 10, "startingToken": "t"]
    ),
    (["list-volumes"], [:]),
    (
      ["capacity", "--parameter", "a=b", "--topology", "zone=a", "--block"],
      [
        "volumeCapabilities": [block], "parameters": ["a": "b"],
        "accessibleTopology": ["segments": ["zone": "a"]],
      ]
    ),
    (["capacity"], [:]),
    (["capabilities"], [:]),
    (
      ["create-snapshot", "--volume-id", "v", "--name", "s", "--parameter", "a=b"],
      ["sourceVolumeId": "v", "name": "s", "parameters": ["a": "b"]]
    ),
    (["delete-snapshot", "--snapshot-id", "s"], ["snapshotId": "s"]),
    (
      ["list-snapshots", "--volume-id", "v", "--snapshot-id", "s", "--max-entries", "1"],
      ["maxEntries": 1, "sourceVolumeId": "v", "snapshotId": "s"]
    ),
    (["get-snapshot", "--snapshot-id", "s"], ["snapshotId": "s"]),
    (
      ["expand", "--volume-id", "v", "--required-bytes", "2GiB"],
      ["volumeId": "v", "capacityRange": ["requiredBytes": "2147483648"]]
    ),
    (["get-volume", "--volume-id", "v"], ["volumeId": "v"]),
    (
      ["modify", "--volume-id", "v", "--mutable-parameter", "iops=1"],
      ["volumeId": "v", "mutableParameters": ["iops": "1"]]
    ),
  ]

  @Test("is the request of its method", arguments: requests)
  func builds(arguments: [String], expected: JSONValue) throws {
    #expect(try request(["controller"] + arguments) == expected)
  }

  @Test("there is one for every method of the service, and its help says which")
  func complete() throws {
    let commands = ControllerCommands.configuration.subcommands
    let called = try commands.map { command in
      let call = try #require(command.parse([]) as? any Call)
      let method = try call.method()
      #expect(command.configuration.abstract.contains("(\(method.name))."))
      return method.path
    }
    let service = try #require(services.first { $0.name == "Controller" })
    #expect(Set(called) == Set(service.methods.map(\.path)))
    #expect(called.count == service.methods.count)
  }

  @Test("goes over --request, and describes one capability only")
  func merges() throws {
    let two = #"{"name": "a", "volume_capabilities": [{"block": {}}, {"mount": {}}]}"#
    #expect(
      try request(["controller", "create-volume", "--request", two, "--name", "b"])
        == ["name": "b", "volumeCapabilities": [["block": [:]], ["mount": [:]]]])
    #expect(
      throws: UsageError(
        "--request: has 2 volume_capabilities, and flags describe one; say all there")
    ) {
      try request(["controller", "create-volume", "--request", two, "--block"])
    }
    let one = #"{"volume_capabilities": [{"block": {}, "access_mode": {"mode": 5}}]}"#
    #expect(
      try request(["controller", "validate", "--request", one, "--fs-type", "xfs"]) == [
        "volumeCapabilities": [
          ["mount": ["fsType": "xfs"], "accessMode": ["mode": "MULTI_NODE_MULTI_WRITER"]]
        ]
      ])
    #expect(
      throws: UsageError(
        "--from-snapshot and --from-volume: a volume begins as one thing only")
    ) {
      try request([
        "controller", "create-volume", "--from-snapshot", "s", "--from-volume", "v",
      ])
    }
  }
}
