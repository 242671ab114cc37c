import NVMe
import Testing

@testable import Driver

@Suite("A volume context")
struct VolumeSourceTests {
  static let minimal = [
    "nqn": "nqn.2024-01.io.example:vol1", "portals": "192.0.2.1:4420",
  ]

  @Test("needs no more than an NQN and a portal; the rest has the documented defaults")
  func defaults() throws {
    let source = try VolumeSource(context: Self.minimal)
    #expect(source.nqn.rawValue == "nqn.2024-01.io.example:vol1")
    #expect(source.portals.map(\.description) == ["192.0.2.1:4420"])
    #expect(source.portals.map(\.transport) == [.tcp])
    #expect(source.nsid == 1)
    #expect(source.uuid == nil && source.nguid == nil)
    #expect(source.options == ConnectOptions())
    #expect(source.options.ctrlLossTimeout == -1 && source.options.reconnectDelay == 2)
    #expect(source.mkfsOptions.isEmpty)
  }

  @Test("carries every parameter to where it is used")
  func everything() throws {
    let source = try VolumeSource(context: [
      "nqn": "nqn.2014-08.org.nvmexpress:uuid:11111111-2222-4333-8444-555555555555",
      "portals": "192.0.2.1:4420,[2001:db8::1]:4421", "transport": "rdma", "nsid": "7",
      "uuid": "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee", "nguid": "00112233445566778899aabbccddeeff",
      "ctrlLossTmo": "600", "reconnectDelay": "5", "keepAliveTmo": "10", "nrIoQueues": "4",
      "fastIoFailTmo": "30", "hostTraddr": "192.0.2.9", "hostIface": "eth1",
      "mkfsOptions": "-m 1  -E nodiscard", "migrationTimeoutSeconds": "300",
      "csi.storage.k8s.io/pod.name": "db-0", "storage.kubernetes.io/csiProvisionerIdentity": "x",
    ])
    var options = ConnectOptions()
    options.ctrlLossTimeout = 600
    options.reconnectDelay = 5
    options.keepAliveTimeout = 10
    options.ioQueues = 4
    options.fastIOFailTimeout = 30
    options.hostAddress = "192.0.2.9"
    options.hostInterface = "eth1"
    #expect(source.options == options)
    #expect(source.portals.map(\.description) == ["192.0.2.1:4420", "[2001:db8::1]:4421"])
    #expect(source.portals.allSatisfy { $0.transport == .rdma })
    #expect(source.nsid == 7)
    #expect(source.uuid?.description == "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee")
    #expect(source.nguid != nil)
    #expect(source.mkfsOptions == ["-m", "1", "-E", "nodiscard"])
  }

  @Test(
    "is refused with the key's name",
    arguments: [
      ("mkfsOptions", "-L x\n-F"), ("mkfsOptions", "-L\0"),
      ("mkfsOptions", String(repeating: "x", count: 2049)),
      ("nqn", ""), ("nqn", "vol1"), ("nqn", "nqn.2024-01.io.example:a,traddr=10.0.0.1"),
      ("nqn", "nqn.2024-01.io.example:a\nb"), ("nqn", "nqn.2024-01.io.example:a b"),
      ("nqn", "nqn.2024-01.io.example:" + String(repeating: "x", count: 250)),
      ("portals", ""), ("portals", "192.0.2.1"), ("portals", "192.0.2.1:0"),
      ("portals", "192.0.2.1:65536"), ("portals", "storage.example:4420"),
      ("portals", "192.0.2.1:4420,"), ("portals", "192.0.2.1:4420,192.0.2.1:4420"),
      ("portals", "2001:db8::1:4420"), ("portals", "192.0.2.1:44 20"),
      ("transport", "fc"), ("transport", "TCP"), ("nsid", "0"), ("nsid", "-1"), ("nsid", "1x"),
      ("nsid", "4294967295"), ("uuid", "not-a-uuid"), ("nguid", "1234"),
      ("ctrlLossTmo", "-2"), ("ctrlLossTmo", "forever"), ("reconnectDelay", "0"),
      ("nrIoQueues", "0"), ("fastIoFailTmo", "-1"), ("keepAliveTmo", "0"),
      ("hostTraddr", "192.0.2.1,nqn=x"), ("hostTraddr", "host"), ("hostIface", "a/b"),
      ("hostIface", "waytoolonginterface"), ("hostIface", ""), ("migrationTimeoutSeconds", "0"),
      ("fsType", "ext4"), ("Nqn", "x"),
    ])
  func refusals(key: String, value: String) throws {
    var context = Self.minimal
    context[key] = value
    let error = try #require(throws: DriverError.self) { try VolumeSource(context: context) }
    #expect(error.code == .invalidArgument)
    #expect(error.message.contains("'\(key)'"), "\(error.message)")
  }

  @Test("without one of the required keys is refused", arguments: ["nqn", "portals"])
  func required(key: String) throws {
    var context = Self.minimal
    context[key] = nil
    let error = try #require(throws: DriverError.self) { try VolumeSource(context: context) }
    #expect(error.message == "volume_context['\(key)']: is missing")
  }
}
