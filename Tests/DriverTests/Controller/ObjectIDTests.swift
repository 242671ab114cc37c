import Backends
import Testing

@testable import Driver

@Suite("The id of a volume or snapshot")
struct ObjectIDTests {
  @Test(
    "is made of the cluster and the name alone, for ever the same",
    arguments: [
      (ObjectID.Kind.volume, "pvc-1", "c1", "nv-uqxouk63rbxeoeildiergengzy"),
      (.snapshot, "pvc-1", "c1", "ns-uqxouk63rbxeoeildiergengzy"),
    ])
  func frozen(kind: ObjectID.Kind, name: String, cluster: String, id: String) {
    #expect(ObjectID(kind, name: name, cluster: cluster).description == id)
  }

  @Test("differs between names, between clusters, and where the two are put together otherwise")
  func distinct() {
    let ids = [("a", "b"), ("b", "a"), ("ab", ""), ("", "ab"), ("a", "c"), ("b", "b")].map {
      ObjectID(.volume, name: $0.0, cluster: $0.1)
    }
    #expect(Set(ids).count == ids.count)
  }

  @Test("is read back only as the kind it is")
  func kinds() {
    let id = ObjectID(.volume, name: "a", cluster: "b").description
    #expect(ObjectID(id, kind: .volume)?.description == id)
    #expect(ObjectID(id, kind: .snapshot) == nil)
    #expect(ObjectID("nv-short", kind: .volume) == nil)
  }
}
