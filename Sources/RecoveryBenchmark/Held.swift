import Foundation
import Lab
import NVMe

/// Who keeps a volume up.
enum Keeper: Hashable, Sendable {
  /// The plugin.
  case driver
  /// Nobody: the kernel alone.
  case kernel
  /// A loop of nvme-cli and mount with this many seconds between two looks.
  case poller(Int)

  var name: String {
    switch self {
    case .driver: "driver"
    case .kernel: "kernel alone"
    case .poller(let seconds): "\(seconds) s poller"
    }
  }
}

/// A published volume with its keeper and its reader, alone at its portal.
struct Held: Sendable {
  let keeper: Keeper
  let use: LabNode.Use
  let volume: TargetVolume
  let reader: Reader
  let poller: Poller?

  /// This host's, whoever made them.
  var controllers: [Controller] {
    get throws { try NVMeSysfs().subsystem(nqn: NQN(volume.nqn)).flatMap(\.controllers) }
  }

  /// Makes the volume, publishes it, writes what the reader will look for, and starts both.
  init(
    _ keeper: Keeper, _ use: LabNode.Use, number: Int, ctrlLossTimeout: Int, target: NVMeTarget,
    node: LabNode
  ) async throws {
    self.keeper = keeper
    self.use = use
    let byHand = ByHand(
      host: HostIdentity(nodeID: "by hand"), use: use, ctrlLossTimeout: ctrlLossTimeout)
    let host = keeper == .driver ? node.host : byHand.host
    volume = try TargetVolume(
      target, name: "recovery-\(number)", number: number,
      size: use == .xfs ? 320 << 20 : 64 << 20, host: host.nqn.rawValue, portals: [.init(number)])
    let publishPath: String
    if keeper == .driver {
      try await node.stage(volume, use, context: ["ctrlLossTmo": "\(ctrlLossTimeout)"])
      publishPath = try await node.publish(volume, use)
    } else {
      publishPath = try byHand.publish(volume)
    }
    let path = use == .block ? publishPath : publishPath + "/data"
    let file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw LabError("open \(path): errno \(errno)") }
    let content = Reader.content(number)
    guard pwrite(file, content, content.count, 0) == content.count, fsync(file) == 0 else {
      throw LabError("write \(path): errno \(errno)")
    }
    close(file)
    reader = Reader(path: path, stamp: number)
    reader.start()
    if case .poller(let seconds) = keeper {
      poller = Poller(byHand, volume, period: seconds)
    } else {
      poller = nil
    }
    poller?.start()
  }

  /// Ends reader and poller, and takes the volume away.
  func remove(_ node: LabNode) async throws {
    try await reader.stop()
    try await poller?.stop()
    if keeper == .driver {
      try await node.unpublish(volume, use)
      try await node.unstage(volume, use)
    } else {
      try ByHand(host: HostIdentity(nodeID: "by hand"), use: use, ctrlLossTimeout: -1)
        .remove(volume)
    }
    try volume.delete()
  }
}
