import CSI
import GRPC
import Testing

@Suite("CSI conformance: requests that no orchestrator sends")
struct HostileConformance {
  private static let megabyte = String(repeating: "x", count: 1 << 20)
  private static let page = String(repeating: "x", count: 4097)

  @Test("with ten thousand capabilities are refused at once", arguments: Subject.all)
  func capabilities(subject: Subject) async throws {
    try await subject.with { session async throws in
      let volume = try await session.create("a").volumeID
      let many = [VolumeCapability](repeating: .mounted, count: 10_000)
      await expectRefusal(.invalidArgument, saying: ["volume_capabilities", "10000"]) {
        try await session.create(.named("b", .atLeast(.mebibyte), many))
      }
      var validate = ValidateVolumeCapabilitiesRequest()
      validate.volumeID = volume
      validate.volumeCapabilities = many
      await expectRefusal(.invalidArgument, saying: ["volume_capabilities"]) { [validate] in
        try await session.controller.validateVolumeCapabilities(validate)
      }
      var capacity = GetCapacityRequest()
      capacity.volumeCapabilities = many
      await expectRefusal(.invalidArgument, saying: ["volume_capabilities"]) { [capacity] in
        try await session.controller.getCapacity(capacity)
      }
      #expect(try await session.volumeIDs() == [volume])
    }
  }

  @Test("with a file system that cannot be are refused in every place", arguments: Subject.all)
  func mounts(subject: Subject) async throws {
    try await subject.with { session async throws in
      let volume = try await session.create("a").volumeID
      let mounts: [(type: String, flags: [String])] = [
        (Self.megabyte, []), ("ntfs", []), ("ext4\n", []), ("../ext4", []), ("EXT4", []),
        ("", [Self.megabyte]), ("", [String](repeating: "noatime", count: 10_000)),
        ("", (0..<200).map { "option-number=\($0)-of-two-hundred" }), ("", [""]), ("", ["a,b"]),
        ("", ["loop=/dev/sda"]), ("", ["ro\n"]), ("", ["x-systemd.automount"]),
      ]
      for mount in mounts {
        var volumeMount = VolumeCapability.MountVolume()
        volumeMount.fileSystemType = mount.type
        volumeMount.mountFlags = mount.flags
        let capability = VolumeCapability(
          accessType: .mount(volumeMount), accessMode: .singleNodeWriter)
        await expectRefusal(.invalidArgument) {
          try await session.create(.named("b", .atLeast(.mebibyte), [capability]))
        }
        await expectRefusal(.invalidArgument) {
          try await session.publish(volume, on: subject.nodes[0], capability)
        }
        var validate = ValidateVolumeCapabilitiesRequest()
        validate.volumeID = volume
        validate.volumeCapabilities = [capability]
        let answer = try await session.controller.validateVolumeCapabilities(validate)
        #expect(answer.confirmed == nil)
        #expect((1...8192).contains(answer.message.utf8.count))
      }
      var group = VolumeCapability.MountVolume()
      group.volumeMountGroup = "1000"
      await expectRefusal(.invalidArgument, saying: ["volume_mount_group"]) { [group] in
        try await session.create(
          .named(
            "b", .atLeast(.mebibyte),
            [VolumeCapability(accessType: .mount(group), accessMode: .singleNodeWriter)]))
      }
      #expect(try await session.volumeIDs() == [volume])
      #expect(try await session.get(volume).status?.publishedNodeIDs == [])
    }
  }

  @Test("with pages and megabytes in their parameters are refused by name", arguments: Subject.all)
  func parameters(subject: Subject) async throws {
    try await subject.with { session async throws in
      let volume = try await session.create("a").volumeID
      let maps: [[String: String]] = [
        [Self.megabyte: ""], ["mkfsOptions": Self.megabyte], ["ctrlLossTmo": Self.page],
        ["transport": Self.page], ["csi.storage.k8s.io/pvc/name": Self.page],
        Dictionary(uniqueKeysWithValues: (0..<10_000).map { ("key-\($0)", "") }),
      ]
      for map in maps {
        var create = CreateVolumeRequest.named("b")
        create.parameters = map
        await expectRefusal(.invalidArgument, saying: ["parameters"]) { [create] in
          try await session.create(create)
        }
        create.parameters = [:]
        create.mutableParameters = map
        await expectRefusal(.invalidArgument, saying: ["mutable_parameters"]) { [create] in
          try await session.create(create)
        }
        var capacity = GetCapacityRequest()
        capacity.parameters = map
        await expectRefusal(.invalidArgument, saying: ["parameters"]) { [capacity] in
          try await session.controller.getCapacity(capacity)
        }
        var snapshot = CreateSnapshotRequest()
        snapshot.name = "s"
        snapshot.sourceVolumeID = volume
        snapshot.parameters = map
        await expectRefusal(.invalidArgument, saying: ["parameters"]) { [snapshot] in
          try await session.controller.createSnapshot(snapshot)
        }
        var validate = ValidateVolumeCapabilitiesRequest()
        validate.volumeID = volume
        validate.volumeCapabilities = [.mounted]
        validate.parameters = map
        #expect(
          try await session.controller.validateVolumeCapabilities(validate).confirmed == nil)
      }
      #expect(try await session.volumeIDs() == [volume])
      #expect(try await session.listSnapshots().entries == [])
    }
  }

  @Test("cannot set what the driver says of a volume, nor what it runs", arguments: Subject.all)
  func derived(subject: Subject) async throws {
    try await subject.with { session async throws in
      let parameters = [
        ("nqn", "nqn.2014-08.org.nvmexpress:x"), ("portals", "192.0.2.9:4420"), ("nsid", "2"),
        ("uuid", "11111111-2222-4333-8444-555555555555"), ("nguid", "0"), ("hostIface", "a/b"),
        ("hostTraddr", "example.org"), ("ctrlLossTmo", "9223372036854775808"),
        ("reconnectDelay", "-1"), ("mkfsOptions", "-L\u{1}x"), ("mkfsOptions", "-L x\n-F"),
        ("transport", "loop"), ("transport", "TCP"), ("migrationTimeoutSeconds", "0"),
      ]
      for (key, value) in parameters {
        var create = CreateVolumeRequest.named("a")
        create.parameters = [key: value]
        await expectRefusal(.invalidArgument, saying: [key]) { [create] in
          try await session.create(create)
        }
      }
      #expect(try await session.volumeIDs() == [])
    }
  }

  @Test("are answered with a context that is no larger than one may be", arguments: Subject.all)
  func contextSize(subject: Subject) async throws {
    try await subject.with { session async throws in
      var create = CreateVolumeRequest.named("a")
      create.parameters = [
        "mkfsOptions": String(repeating: "-", count: 2048), "hostIface": "enp0s31f6abcdef",
        "hostTraddr": "2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff", "ctrlLossTmo": "86400",
      ]
      let volume = try await session.create(create)
      let size = volume.volumeContext.reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count }
      #expect((2048...4096).contains(size))
    }
  }

  @Test("get no secret back, neither in an answer nor in an error", arguments: Subject.all)
  func secrets(subject: Subject) async throws {
    try await subject.with { session async throws in
      let secrets = Secrets(["hunter2": "hunter2"])
      var create = CreateVolumeRequest.named("a")
      create.secrets = secrets
      var delete = DeleteVolumeRequest()
      delete.secrets = secrets
      var publish = ControllerPublishVolumeRequest()
      publish.secrets = secrets
      var unpublish = ControllerUnpublishVolumeRequest()
      unpublish.secrets = secrets
      var validate = ValidateVolumeCapabilitiesRequest()
      validate.secrets = secrets
      var snapshot = CreateSnapshotRequest()
      snapshot.secrets = secrets
      var deleteSnapshot = DeleteSnapshotRequest()
      deleteSnapshot.secrets = secrets
      var listSnapshots = ListSnapshotsRequest()
      listSnapshots.secrets = secrets
      var getSnapshot = GetSnapshotRequest()
      getSnapshot.secrets = secrets
      var expand = ControllerExpandVolumeRequest()
      expand.secrets = secrets
      var modify = ControllerModifyVolumeRequest()
      modify.secrets = secrets
      let controller = session.controller
      let calls: [@Sendable () async throws -> String] = [
        { [create] in "\(try await controller.createVolume(create))" },
        { [delete] in "\(try await controller.deleteVolume(delete))" },
        { [publish] in "\(try await controller.publishVolume(publish))" },
        { [unpublish] in "\(try await controller.unpublishVolume(unpublish))" },
        { [validate] in "\(try await controller.validateVolumeCapabilities(validate))" },
        { [snapshot] in "\(try await controller.createSnapshot(snapshot))" },
        { [deleteSnapshot] in "\(try await controller.deleteSnapshot(deleteSnapshot))" },
        { [listSnapshots] in "\(try await controller.listSnapshots(listSnapshots))" },
        { [getSnapshot] in "\(try await controller.getSnapshot(getSnapshot))" },
        { [expand] in "\(try await controller.expandVolume(expand))" },
        { [modify] in "\(try await controller.modifyVolume(modify))" },
      ]
      var refusals = 0
      for call in calls {
        do {
          #expect(try await !call().contains("hunter2"))
        } catch let error as RPCError {
          refusals += 1
          #expect(!error.message.contains("hunter2"), "\(error)")
        }
      }
      // All but the creation and the list lack something.
      #expect(refusals == calls.count - 2)
    }
  }

  @Test("that are larger than any request leave the service as it was", arguments: Subject.all)
  func tooLarge(subject: Subject) async throws {
    try await subject.with { session async throws in
      var create = CreateVolumeRequest.named("a")
      create.parameters = ["colour": String(repeating: "x", count: 5 << 20)]
      await expectRefusal(.resourceExhausted) { [create] in try await session.create(create) }
      _ = try await session.create("a")
    }
  }
}
