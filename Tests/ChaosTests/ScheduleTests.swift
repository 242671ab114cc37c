import Testing

@testable import nvmeof_csi_chaos

@Suite("A schedule of a chaos run")
struct ScheduleTests {
  static let seeds = Array(UInt64(1)...40)
  static let length = 120_000

  static func schedule(_ seed: UInt64) -> [Schedule.Item] {
    Schedule(seed: seed, length: length, volumes: VolumePlan.all).items
  }

  @Test("comes from the generator as its authors give it")
  func generator() {
    var random = SplitMix64(seed: 1_234_567)
    #expect(
      (0..<5).map { _ in random.next() } == [
        6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
        4_593_380_528_125_082_431, 16_408_922_859_458_223_821,
      ])
  }

  @Test("is the same for the same seed, and another for another")
  func repeats() {
    #expect(Self.schedule(7) == Self.schedule(7))
    #expect(Set(Self.seeds.map { Self.schedule($0).map(\.action) }).count == Self.seeds.count)
  }

  @Test("begins the same however long the run is, as far as no fault is cut short by its end")
  func prefix() {
    let short = Self.schedule(7).filter { $0.at < Self.length - 20_000 }
    let long = Schedule(seed: 7, length: 2 * Self.length, volumes: VolumePlan.all).items
    #expect(Array(long.prefix(short.count)) == short)
  }

  @Test("is numbered in the order of its times", arguments: seeds)
  func order(seed: UInt64) {
    let items = Self.schedule(seed)
    #expect(items.map(\.number) == Array(1...items.count))
    #expect(items.map(\.at) == items.map(\.at).sorted())
  }

  @Test("ends every fault that it begins, one at a time for each volume", arguments: seeds)
  func ends(seed: UInt64) {
    var broken: [String: Fault] = [:]
    var isNetworkDown = false
    var isPluginDown = false
    var away: Set<String> = []
    for item in Self.schedule(seed) {
      #expect(item.at <= Self.length)
      switch item.action {
      case .begin(let fault, let volume, _):
        #expect(broken.updateValue(fault, forKey: volume) == nil, "#\(item.number)")
      case .end(let fault, let volume):
        #expect(broken.removeValue(forKey: volume) == fault, "#\(item.number)")
      case .networkDown:
        #expect(!isNetworkDown, "#\(item.number)")
        isNetworkDown = true
      case .networkUp: isNetworkDown = false
      case .kill:
        #expect(!isPluginDown, "#\(item.number)")
        isPluginDown = true
      case .start: isPluginDown = false
      case .goal(.running, let volume): away.remove(volume)
      case .goal(_, let volume):
        #expect(away.insert(volume).inserted, "#\(item.number)")
      case .call, .disconnect, .cut, .grow: break
      }
    }
    #expect(broken == [:] && !isNetworkDown && !isPluginDown && away == [])
  }

  @Test(
    "leaves a volume under another identity alone: no growth, no disconnect, no lost network",
    arguments: seeds)
  func foreign(seed: UInt64) {
    var foreign: Set<String> = []
    var isNetworkDown = false
    for item in Self.schedule(seed) {
      switch item.action {
      case .begin(.foreign, let volume, _):
        #expect(!isNetworkDown, "#\(item.number)")
        #expect(VolumePlan.all.contains { $0.name == volume && !$0.grows })
        foreign.insert(volume)
      case .end(.foreign, let volume): foreign.remove(volume)
      case .networkDown:
        #expect(foreign == [], "#\(item.number)")
        isNetworkDown = true
      case .networkUp: isNetworkDown = false
      case .disconnect(let volume): #expect(!foreign.contains(volume), "#\(item.number)")
      case .grow(let volume):
        #expect(VolumePlan.all.contains { $0.name == volume && $0.grows })
      default: break
      }
    }
  }

  @Test("has every kind of action sooner or later")
  func complete() {
    let actions = Self.seeds.flatMap { Self.schedule($0) }.map(\.action)
    let kinds = Set(actions.map(\.kind))
    #expect(
      kinds == [
        "calls out of order", "pods started", "pods stopped", "portals closed",
        "subsystems removed", "identities changed", "hosts disallowed", "mended",
        "disconnected by an administrator", "connections cut", "grown", "network lost",
        "plugin killed",
      ])
    let calls = Set(
      actions.compactMap { action -> Call? in
        if case .call(let call, _, _) = action { return call }
        return nil
      })
    #expect(calls == Set(Call.allCases))
  }
}
