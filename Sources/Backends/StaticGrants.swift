internal import JSON
internal import NVMe
internal import StateStore

/// Whom the volumes of a `StaticBackend` were published to: one key a volume, a list of host NQNs.
struct StaticGrants: Sendable {
  private let store: any StateStore
  private static let prefix = "static/"
  private static let sizeLimit = 1 << 18

  init(_ store: any StateStore) { self.store = store }

  func hosts(of volume: ObjectID) async throws(BackendError) -> Set<NQN> {
    try await stored(volume).hosts
  }

  /// Durable on return; without hosts the key goes.
  func change(
    _ volume: ObjectID, _ change: (inout Set<NQN>) -> Void
  ) async throws(BackendError) {
    let (before, version) = try await stored(volume)
    var hosts = before
    change(&hosts)
    guard hosts != before else { return }
    let key = Self.prefix + volume.description
    do throws(StateStoreError) {
      if hosts.isEmpty, let version {
        try await store.delete(key, ifVersion: version)
      } else {
        let list = JSONValue.array(hosts.map(\.rawValue).sorted().map { .string($0) })
        _ = try await store.put(key, Array((list.serialized() + "\n").utf8), ifVersion: version)
      }
    } catch {
      throw BackendError(.unavailable, "volume \(volume): save its hosts", cause: error)
    }
  }

  private func stored(
    _ volume: ObjectID
  ) async throws(BackendError) -> (hosts: Set<NQN>, version: UInt64?) {
    let stored: StoredValue?
    do throws(StateStoreError) {
      stored = try await store.get(Self.prefix + volume.description)
    } catch {
      throw BackendError(.unavailable, "volume \(volume): read its hosts", cause: error)
    }
    guard let stored else { return ([], nil) }
    let names = try? JSONValue.parse(stored.bytes, maximumSize: Self.sizeLimit).arrayValue
    let hosts = names?.compactMap { $0.stringValue.flatMap { try? NQN($0) } }
    guard let names, let hosts, hosts.count == names.count else {
      throw BackendError(.broken, "volume \(volume): the record of its hosts is no list of NQNs")
    }
    return (Set(hosts), stored.version)
  }
}
