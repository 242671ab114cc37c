import Lab

/// What a run does and when: a pure function of seed, length and volumes.
///
/// Nothing that happens in a run changes it, so that the same seed repeats the same choices. It keeps
/// what would prove nothing apart: a volume has one fault of the target's at a time, and while it has
/// another identity the network stays up.
struct Schedule {
  /// An action, and when it is due.
  struct Item: Hashable {
    /// From 1, in the order of their times.
    var number: Int
    /// Milliseconds since the start.
    var at: Int
    var action: Action
  }

  private(set) var items: [Item] = []

  private var random: SplitMix64
  private let length: Int
  private let volumes: [VolumePlan]
  /// Until when each volume's target, the network, the plugin, each pod and any foreign identity is
  /// spoken for.
  private var faulty: [String: Int] = [:]
  private var foreign: [String: Int] = [:]
  private var networkDown = 0
  private var pluginDown = 0
  private var away: [String: Int] = [:]

  /// Every fault ends within `length` milliseconds.
  init(seed: UInt64, length: Int, volumes: [VolumePlan]) {
    random = SplitMix64(seed: seed)
    self.length = length
    self.volumes = volumes
    var now = 0
    while true {
      now += random.pick(100...2_000)
      guard now < length else { break }
      choose(at: now)
    }
    // What is due at the same time stays in the order it was chosen in.
    items.sort { ($0.at, $0.number) < ($1.at, $1.number) }
    for index in items.indices { items[index].number = index + 1 }
  }

  private enum Choice { case call, goal, fault, disconnect, cut, grow, network, kill }

  private mutating func choose(at now: Int) {
    let choice = random.pick(weighted: [
      (42, Choice.call), (8, .goal), (28, .fault), (5, .disconnect), (4, .cut), (5, .grow),
      (3, .network), (5, .kill),
    ])
    guard let choice, let volume = random.pick(volumes) else { return }
    switch choice {
    case .goal where away[volume.name, default: 0] <= now: leave(volume, now)
    case .fault where faulty[volume.name, default: 0] <= now: fault(volume, now)
    case .disconnect where foreign[volume.name, default: 0] <= now:
      add(.disconnect(volume: volume.name), at: now)
    case .cut:
      if let portal = random.pick(volume.portals) { add(.cut(portal: portal), at: now) }
    case .grow where volume.grows && faulty[volume.name, default: 0] <= now:
      add(.grow(volume: volume.name), at: now)
    case .network where networkDown <= now && foreign.values.allSatisfy({ $0 <= now }):
      let end = self.end(now, random.pick(1...10))
      networkDown = end
      add(.networkDown(seconds: (end - now) / 1_000), at: now)
      add(.networkUp, at: end)
    case .kill where pluginDown <= now:
      let end = self.end(now, random.pick(0...6))
      pluginDown = end + 3_000
      add(.kill(seconds: (end - now) / 1_000), at: now)
      add(.start, at: end)
    default: call(volume, now)
    }
  }

  private mutating func call(_ volume: VolumePlan, _ now: Int) {
    let isBlock = volume.use == .block
    let call = random.pick(weighted: [
      (12, Call.stage), (8, .unstage), (12, .publish), (8, .unpublish), (6, .publishSecond),
      (6, .unpublishSecond), (16, .stats), (10, .expand), (6, .stagingStats), (3, .strangeStats),
      (4, .stageOtherwise), (isBlock ? 3 : 0, .publishReadOnlyBlock), (4, .stageDecoy),
    ])
    let seconds = random.pick([2, 5, 15, 30]) ?? 30
    guard let call else { return }
    add(.call(call, volume: volume.name, seconds: seconds), at: now)
  }

  private mutating func leave(_ volume: VolumePlan, _ now: Int) {
    let goal = random.pick([Goal.gone, .gone, .unpublished]) ?? .gone
    let end = self.end(now, random.pick(2...12))
    away[volume.name] = end
    add(.goal(goal, volume: volume.name), at: now)
    add(.goal(.running, volume: volume.name), at: end)
  }

  private mutating func fault(_ volume: VolumePlan, _ now: Int) {
    let canBeForeign = !volume.grows && networkDown <= now
    let kind = random.pick(weighted: [
      (60, Fault.portsDown(volume.portals)), (16, .subsystemGone),
      (canBeForeign ? 12 : 0, .foreign),
      (12, .disallowed),
    ])
    guard var kind else { return }
    if case .portsDown = kind, volume.portals.count > 1, let only = random.pick(volume.portals),
      random.pick(0...1) == 0
    {
      kind = .portsDown([only])
    }
    let end = self.end(now, random.pick(1...14))
    faulty[volume.name] = end
    if kind == .foreign { foreign[volume.name] = end }
    add(.begin(kind, volume: volume.name, seconds: (end - now) / 1_000), at: now)
    add(.end(kind, volume: volume.name), at: end)
  }

  private func end(_ now: Int, _ seconds: Int) -> Int { min(now + seconds * 1_000, length) }

  private mutating func add(_ action: Action, at time: Int) {
    items.append(Item(number: items.count, at: time, action: action))
  }
}
