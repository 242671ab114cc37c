/// One thing that is done in a run.
enum Action: Hashable, Sendable {
  /// An RPC that nobody has a reason for, with seconds that it may take.
  case call(Call, volume: String, seconds: Int)
  /// The pod comes or goes; the kubelet sees to it.
  case goal(Goal, volume: String)
  /// The target breaks a volume, for seconds.
  case begin(Fault, volume: String, seconds: Int)
  /// The target mends it.
  case end(Fault, volume: String)
  /// `nvme disconnect` by an administrator.
  case disconnect(volume: String)
  /// Every connection to a portal is destroyed.
  case cut(portal: Int)
  /// The volume grows at the target.
  case grow(volume: String)
  /// Every packet is lost, for seconds.
  case networkDown(seconds: Int)
  case networkUp
  /// kill -9 of the plugin, for seconds.
  case kill(seconds: Int)
  case start
}

/// How a kubelet wants a volume.
enum Goal: String, Hashable, Sendable {
  case running, unpublished, gone
}

/// What a target does to a volume.
enum Fault: Hashable, Sendable {
  /// Not exported at some of its portals, by their ids.
  case portsDown([Int])
  /// The subsystem is removed, and made anew over the same bytes.
  case subsystemGone
  /// The namespace has another identity meanwhile.
  case foreign
  /// The host may not connect, and its connections are cut.
  case disallowed
}

/// RPCs in and out of order.
enum Call: String, Hashable, Sendable, CaseIterable {
  case stage, unstage, publish, unpublish
  case publishSecond = "publish for a second pod"
  case unpublishSecond = "unpublish for the second pod"
  case stats, expand
  case stagingStats = "stats of the staging path"
  case strangeStats = "stats of a path that is none"
  case stageOtherwise = "stage as another file system"
  case publishReadOnlyBlock = "publish as read-only block"
  case stageDecoy = "stage the decoy as ext4"

  /// Whether it must never succeed.
  var isRefused: Bool {
    switch self {
    case .strangeStats, .stageOtherwise, .publishReadOnlyBlock, .stageDecoy: true
    default: false
    }
  }
}

extension Action: CustomStringConvertible {
  var description: String {
    switch self {
    case .call(.stageDecoy, _, let seconds): "call: \(Call.stageDecoy.rawValue) (\(seconds) s)"
    case .call(let call, let volume, let seconds):
      "call: \(call.rawValue), \(volume) (\(seconds) s)"
    case .goal(let goal, let volume): "kubelet: \(volume) is to be \(goal.rawValue)"
    case .begin(let fault, let volume, let seconds): "target: \(volume) \(fault) for \(seconds) s"
    case .end(let fault, let volume): "target: \(volume) no longer \(fault)"
    case .disconnect(let volume): "administrator: nvme disconnect of \(volume)"
    case .cut(let portal): "network: connections to portal \(portal) cut"
    case .grow(let volume): "target: \(volume) grows"
    case .networkDown(let seconds): "network: down for \(seconds) s"
    case .networkUp: "network: up"
    case .kill(let seconds): "plugin: kill -9, away for \(seconds) s"
    case .start: "plugin: started"
    }
  }

  /// The volume that it is about, if it is one.
  var volume: String? {
    switch self {
    case .call(_, let volume, _), .goal(_, let volume), .begin(_, let volume, _),
      .end(_, let volume), .disconnect(let volume), .grow(let volume):
      volume
    case .cut, .networkDown, .networkUp, .kill, .start: nil
    }
  }

  /// What the summary counts it as.
  var kind: String {
    switch self {
    case .call: "calls out of order"
    case .goal(let goal, _): goal == .running ? "pods started" : "pods stopped"
    case .begin(.portsDown, _, _): "portals closed"
    case .begin(.subsystemGone, _, _): "subsystems removed"
    case .begin(.foreign, _, _): "identities changed"
    case .begin(.disallowed, _, _): "hosts disallowed"
    case .end, .networkUp, .start: "mended"
    case .disconnect: "disconnected by an administrator"
    case .cut: "connections cut"
    case .grow: "grown"
    case .networkDown: "network lost"
    case .kill: "plugin killed"
    }
  }
}

extension Fault: CustomStringConvertible {
  var description: String {
    switch self {
    case .portsDown(let portals):
      "not exported at portal \(portals.map(String.init).joined(separator: ", "))"
    case .subsystemGone: "without its subsystem"
    case .foreign: "under another identity"
    case .disallowed: "not allowed to this host"
    }
  }
}
