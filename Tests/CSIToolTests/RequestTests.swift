import ArgumentParser
import GRPC
import Glibc
import JSON
import ProtobufC
import Testing

@testable import CSITool

/// The request that a command line makes, as JSON.
private func request(_ arguments: String...) throws -> JSONValue { try request(arguments) }

/// The request that a command line makes, as JSON.
func request(_ arguments: [String]) throws -> JSONValue {
  let command = try CSICommand.parseAsRoot(arguments)
  let call = try #require(command as? any Call)
  let method = try call.method()
  return try method.request.json(call.request(to: method))
}

/// A file of a test's own while `body` runs.
private func withFile<R>(_ text: String, _ body: (String) throws -> R) throws -> R {
  let path = "/tmp/csi-tool-tests-\(getpid())-\(UInt64.random(in: 0 ... .max))"
  let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
  try #require(descriptor >= 0)
  defer { unsafe unlink(path) }
  let bytes = Array(text.utf8)
  try #require(unsafe write(descriptor, bytes, bytes.count) == bytes.count)
  close(descriptor)
  return try body(path)
}

@Suite("A command line")
struct RequestTests {
  @Test("of stage is a stage request")
  func stage() throws {
    #expect(
      try request(
        "node", "stage", "--volume-id", "db-0", "--staging-path", "/staging", "--context",
        "nqn=nqn.x:a=b", "--context", "empty=", "--publish-context", "n=7", "--fs-type", "xfs",
        "--mount-flag", "noatime", "--mount-flag", "discard", "--access-mode",
        "single-node-single-writer") == [
          "volumeId": "db-0", "publishContext": ["n": "7"], "stagingTargetPath": "/staging",
          "volumeCapability": [
            "mount": ["fsType": "xfs", "mountFlags": ["noatime", "discard"]],
            "accessMode": ["mode": "SINGLE_NODE_SINGLE_WRITER"],
          ], "volumeContext": ["empty": "", "nqn": "nqn.x:a=b"],
        ])
  }

  @Test("without a word of it asks for a mounted file system with one node's writers")
  func defaults() throws {
    let capability: JSONValue = ["mount": [:], "accessMode": ["mode": "SINGLE_NODE_WRITER"]]
    #expect(try request("node", "stage") == ["volumeCapability": capability])
    #expect(try request("node", "publish") == ["volumeCapability": capability])
    #expect(try request("node", "expand") == [:])
    #expect(
      try request("node", "expand", "--access-mode", "SINGLE_NODE_WRITER")
        == ["volumeCapability": capability])
  }

  @Test("of the other methods is their request")
  func others() throws {
    #expect(
      try request("node", "unstage", "--volume-id", "v", "--staging-path", "/s")
        == ["volumeId": "v", "stagingTargetPath": "/s"])
    #expect(
      try request(
        "node", "publish", "--volume-id", "v", "--staging-path", "/s", "--target-path", "/t",
        "--readonly", "--block", "--access-mode", "MULTI_NODE_MULTI_WRITER") == [
          "volumeId": "v", "stagingTargetPath": "/s", "targetPath": "/t",
          "volumeCapability": ["block": [:], "accessMode": ["mode": "MULTI_NODE_MULTI_WRITER"]],
          "readonly": true,
        ])
    #expect(
      try request("node", "unpublish", "--volume-id", "v", "--target-path", "/t")
        == ["volumeId": "v", "targetPath": "/t"])
    #expect(
      try request(
        "node", "stats", "--volume-id", "v", "--volume-path", "/t", "--staging-path", "/s")
        == ["volumeId": "v", "volumePath": "/t", "stagingTargetPath": "/s"])
    #expect(
      try request(
        "node", "expand", "--volume-id", "v", "--volume-path", "/t", "--required-bytes", "10GiB",
        "--limit-bytes", "11G") == [
          "volumeId": "v", "volumePath": "/t",
          "capacityRange": ["requiredBytes": "10737418240", "limitBytes": "11000000000"],
        ])
    for command in [
      ["identity", "info"], ["identity", "capabilities"], ["identity", "probe"],
      ["node", "capabilities"], ["node", "info"],
    ] {
      #expect(try request(command[0], command[1]) == [:])
    }
  }

  @Test("goes over --request field by field, whichever way that spells its names")
  func merges() throws {
    let base = """
      {"volume_id": "old", "staging_target_path": "/s", "volumeContext": {"a": "1", "b": "2"},
       "volume_capability": {"block": {}, "access_mode": {"mode": 5}}}
      """
    #expect(
      try request("node", "stage", "--request", base, "--volume-id", "new", "--context", "b=3") == [
        "volumeId": "new", "stagingTargetPath": "/s",
        "volumeCapability": ["block": [:], "accessMode": ["mode": "MULTI_NODE_MULTI_WRITER"]],
        "volumeContext": ["a": "1", "b": "3"],
      ])
    // A flag of the other access type replaces it.
    #expect(
      try request("node", "stage", "--request", base, "--fs-type", "ext4")["volumeCapability"]
        == ["mount": ["fsType": "ext4"], "accessMode": ["mode": "MULTI_NODE_MULTI_WRITER"]])
    try withFile(base) { (path) throws in
      #expect(
        try request("call", "Node/NodeStageVolume", "--request", "@\(path)")["volumeId"] == "old")
    }
  }

  @Test("takes secrets from a file only")
  func secrets() throws {
    try withFile(#"{"key": "hunter2"}"#) { (path) throws in
      #expect(
        try request("call", "Controller/DeleteVolume", "--secrets-file", path)
          == ["secrets": ["key": "hunter2"]])
      #expect(
        try request("node", "stage", "--secrets-file", path)["secrets"] == ["key": "hunter2"])
    }
    for text in [#"{"key": 1, "hunter2": "x"}"#, #"{"key": hunter2}"#, #"["hunter2"]"#] {
      try withFile(text) { (path) throws in
        let error = #expect(throws: UsageError.self) {
          try request("node", "stage", "--secrets-file", path)
        }
        #expect(error?.description.contains("hunter2") == false)
        #expect(error?.description.hasPrefix("--secrets-file: ") == true)
      }
    }
    #expect(throws: UsageError.self) {
      try request("node", "stage", "--secrets-file", "/nonexistent/secrets")
    }
  }

  static let wrong: [([String], String)] = [
    (["--request", "{"], "--request: invalid JSON at byte 1: expected a member's name in quotes"),
    (["--request", "[]"], "--request: want a JSON object, have array"),
    (
      ["--request", #"{"volume": ""}"#],
      """
      NodeStageVolumeRequest has no field 'volume'; it has: volume_id, publish_context, \
      staging_target_path, volume_capability, secrets, volume_context
      """
    ),
    (
      ["--access-mode", "rwx"],
      """
      AccessMode.mode: not one of its names; they are: UNKNOWN, SINGLE_NODE_WRITER, \
      SINGLE_NODE_READER_ONLY, MULTI_NODE_READER_ONLY, MULTI_NODE_SINGLE_WRITER, \
      MULTI_NODE_MULTI_WRITER, SINGLE_NODE_SINGLE_WRITER, SINGLE_NODE_MULTI_WRITER
      """
    ),
    (
      ["--block", "--fs-type", "ext4"],
      "--block: a raw block volume has no --fs-type and no --mount-flag"
    ),
  ]

  @Test("that makes no request says why", arguments: wrong)
  func refuses(arguments: [String], reason: String) throws {
    let command = try CSICommand.parseAsRoot(["node", "stage"] + arguments)
    let call = try #require(command as? any Call)
    #expect(throws: UsageError(reason)) { _ = try call.request(to: call.method()) }
  }

  @Test(
    "that cannot be read is a matter of usage",
    arguments: [
      ["node", "stage", "--context", "nqn"], ["node", "stage", "--context", "=v"],
      ["node", "expand", "--required-bytes", "10Q"], ["identity", "info", "--timeout", "0"],
      ["identity", "info", "--timeout", "-1"], ["identity", "info", "--timeout", "nan"],
      ["identity", "info", "--timeout", "1e300"], ["identity", "nothing"], ["call"],
      ["node", "stage", "--secrets", "k=v"],
    ])
  func usage(arguments: [String]) {
    let error = #expect(throws: (any Error).self) { try CSICommand.parseAsRoot(arguments) }
    #expect(error.map { CSICommand.exitCode(for: $0) } == .validationFailure)
  }

  @Test("names a method in any of its ways")
  func methods() throws {
    for name in [
      "Node/NodeGetInfo", "csi.v1.Node/NodeGetInfo", "/csi.v1.Node/NodeGetInfo", "NodeGetInfo",
    ] {
      #expect(try Methods.find(name).path == "/csi.v1.Node/NodeGetInfo")
    }
    #expect(
      throws: UsageError(
        "csi.v1 has no method 'Identity/Nothing'; it has: Identity/GetPluginInfo, "
          + "Identity/GetPluginCapabilities, Identity/Probe")
    ) { _ = try Methods.find("Identity/Nothing") }
    #expect(throws: UsageError.self) { _ = try Methods.find("") }
    #expect(throws: UsageError.self) { _ = try Methods.find("SnapshotMetadata/GetMetadataDelta") }
  }

  @Test("or else CSI_ENDPOINT, or else csi.sock, says where")
  func endpoint() throws {
    let options = try CallOptions.parse([])
    #expect(try options.address(environment: nil).description == "unix:///csi/csi.sock")
    #expect(try options.address(environment: "").description == "unix:///csi/csi.sock")
    #expect(try options.address(environment: "/x.sock").description == "unix:///x.sock")
    #expect(
      try CallOptions.parse(["--endpoint", "unix:/y"]).address(environment: "/x").description
        == "unix:///y")
    #expect(throws: UsageError.self) { _ = try options.address(environment: "http://x") }
  }
}
