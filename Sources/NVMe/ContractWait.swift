public struct NamespaceWait: Sendable {
  public init(sysfs: NVMeSysfs, events: Int?) { fatalError() }
  public func namespace(_ nsid: UInt32, of nqn: NQN, uuid: UUID?, nguid: NGUID?, deadline: ContinuousClock.Instant) async throws(FabricsError) -> Namespace { fatalError() }
}
