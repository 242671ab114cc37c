import Testing

@testable import NVMe

@Suite("The identity of a node")
struct HostIdentityTests {
  /// Not to be adjusted: targets let these in, and volumes are staged under them.
  @Test(
    "never changes",
    arguments: [
      ("node-a", "2271419d-bdb8-5c15-b271-a78eba33a1d5"),
      ("node-b", "4d8c0907-84c9-52e7-99fd-02dc70c2af9d"),
      ("worker-1.example.com", "2510aebc-6f4a-5e9d-99d8-f3cd0943ec74"),
      ("ip-10-0-0-1.eu-central-1.compute.internal", "7508bcd1-94c5-5ae5-8b88-fc4fec7a4ede"),
      ("0", "5576a6f0-69ef-59b9-b33d-f791a83bcd50"),
    ])
  func frozen(nodeID: String, uuid: String) {
    let identity = HostIdentity(nodeID: nodeID)
    #expect("\(identity.id)" == uuid)
    #expect("\(identity.nqn)" == "nqn.2014-08.org.nvmexpress:uuid:\(uuid)")
  }

  @Test("has a host NQN that is one")
  func wellFormed() throws {
    #expect(try NQN(nodeA.nqn.rawValue) == nodeA.nqn)
  }
}
