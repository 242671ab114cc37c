import Linux
import NVMe
import Testing

@testable import Driver

@Suite("An outage of a volume")
struct OutagesTests {
  static func controller(_ state: Controller.State) -> Controller {
    Controller(
      name: "nvme0", state: state, transport: "tcp", address: [:], subsystemNQN: "n",
      hostNQN: "ours", hostID: "", ctrlLossTimeout: nil)
  }

  static func disk(hasPath: Bool) -> Namespace {
    Namespace(
      name: "nvme0n1", nsid: 1, uuid: nil, nguid: nil, wwid: "uuid.1",
      device: DeviceNumber(major: 259, minor: 1), size: 1 << 20, diskSequence: nil, holders: [],
      hasPath: hasPath)
  }

  /// The controllers' states, whether each disk has a path, and what that means.
  static let reaches: [([Controller.State], [Bool], Reach)] = [
    ([.live], [true], .open),
    ([.live, .connecting], [true], .open),
    ([.live], [], .open),
    // The target serves something else, or nothing, in place of what is mounted.
    ([.live], [false], .retrying),
    ([.connecting], [true], .retrying),
    ([.resetting, .new], [true], .retrying),
    ([.connecting], [], .retrying),
    ([.deleting], [true], .retrying),
    ([.dead], [], .retrying),
    ([], [false], .kept),
    // Of somebody else's controllers.
    ([], [true], .open),
    ([], [], .open),
  ]

  @Test("is what leaves I/O waiting", arguments: reaches)
  func reach(states: [Controller.State], disks: [Bool], reach: Reach) {
    let found = Reach(states.map { Self.controller($0) }, disks.map { Self.disk(hasPath: $0) })
    #expect(found == reach)
    #expect(found.isOut == (reach != .open))
  }

  @Test("lasts from the first look that found it to the first that does not")
  func duration() throws {
    let outages = Outages()
    let volume = try VolumeID("v")
    let other = try VolumeID("w")
    let start = ContinuousClock.now
    #expect(outages.note(volume, isOut: false, at: start) == nil)
    #expect(outages.note(volume, isOut: true, at: start + .seconds(1)) == start + .seconds(1))
    #expect(outages.note(volume, isOut: true, at: start + .seconds(9)) == start + .seconds(1))
    #expect(outages.note(other, isOut: true, at: start + .seconds(9)) == start + .seconds(9))
    #expect(outages.note(volume, isOut: false, at: start + .seconds(10)) == nil)
    #expect(outages.note(volume, isOut: true, at: start + .seconds(11)) == start + .seconds(11))
    outages.forgetAll(but: [other])
    #expect(outages.note(volume, isOut: true, at: start + .seconds(20)) == start + .seconds(20))
    #expect(outages.note(other, isOut: true, at: start + .seconds(20)) == start + .seconds(9))
  }
}
