import Linux
import SystemPackage
import Testing

@testable import Udev

/// Events that the kernel sends when it is asked to.
enum SyntheticEvent {
  static let sysfsPath = "/sys/devices/virtual/mem/null"

  /// Has the kernel send a `change` with `SYNTH_ARG_N` set to a value of the test's own.
  static func send(_ value: String) throws(SystemCallError) {
    try Files.writeAttribute(
      "change 11111111-2222-3333-4444-555555555555 N=\(value)", to: "\(sysfsPath)/uevent")
  }

  static func value(_ element: UdevMonitor.Element) -> String? {
    guard case .event(let event) = element, event.sysfsPath == sysfsPath else { return nil }
    return event.properties["SYNTH_ARG_N"]
  }

  /// Whether the kernel sends them, and this process hears them: not in a user namespace.
  static func isPermitted() -> Bool {
    guard let receiver = try? UdevReceiver(subsystems: ["mem"]),
      (try? send("probe")) != nil
    else { return false }
    // Netlink delivers before write(2) returns.
    for _ in 0..<1000 {
      switch receiver.receive() {
      case .event(let event) where value(.event(event)) == "probe": return true
      case .nothing, .failed: return false
      default: continue
      }
    }
    return false
  }
}

@Suite(
  .serialized, .timeLimit(.minutes(1)),
  .enabled("the kernel's events cannot be had here") { SyntheticEvent.isPermitted() })
struct UdevMonitorTests {
  @Test("An event is told with its action, subsystem, path and properties")
  func values() throws {
    let receiver = try UdevReceiver(subsystems: ["mem"])
    try SyntheticEvent.send("values")
    guard case .event(let event) = receiver.receive() else {
      Issue.record("no event")
      return
    }
    #expect(event.action == "change")
    #expect(event.subsystem == "mem")
    #expect(event.sysfsPath == SyntheticEvent.sysfsPath)
    #expect(event.properties["DEVPATH"] == "/devices/virtual/mem/null")
    #expect(event.properties["DEVNAME"]?.hasSuffix("null") == true)
    #expect(event.properties["SYNTH_UUID"] == "11111111-2222-3333-4444-555555555555")
    #expect(event.properties["SYNTH_ARG_N"] == "values")
    #expect(event.properties["SEQNUM"].flatMap { UInt64($0) } != nil)
    #expect(receiver.receive() == .nothing)
  }

  @Test("Events of other subsystems are left out")
  func filter() throws {
    let receiver = try UdevReceiver(subsystems: ["block", "nvme"])
    try SyntheticEvent.send("filter")
    #expect(receiver.receive() == .nothing)
  }

  @Test("What the kernel drops is told as an overflow, and later events come again")
  func kernelOverflow() throws {
    let receiver = try UdevReceiver(subsystems: ["mem"], bufferSize: 1 << 13)
    for number in 0..<200 { try SyntheticEvent.send("\(number)") }
    var receptions: [UdevReceiver.Reception] = []
    while true {
      let reception = receiver.receive()
      if reception == .nothing { break }
      receptions.append(reception)
    }
    #expect(receptions.contains(.overflow))
    #expect(receptions.count < 200)
    try SyntheticEvent.send("after")
    guard case .event(let event) = receiver.receive() else {
      Issue.record("no event after the overflow")
      return
    }
    #expect(event.properties["SYNTH_ARG_N"] == "after")
  }

  @Test("Every event after the start reaches every subscriber, and stopping ends all")
  func serving() async throws {
    let monitor = UdevMonitor(subsystems: ["mem"])
    let early = monitor.subscribe()
    try await monitor.start()
    let late = monitor.subscribe()
    let service = Task { try await monitor.run() }
    for number in 0..<200 { try SyntheticEvent.send("serving\(number)") }
    for events in [early, late] {
      var wanted = 0
      for await element in events {
        #expect(element != .overflow)
        if SyntheticEvent.value(element) == "serving\(wanted)" { wanted += 1 }
        if wanted == 200 { break }
      }
      #expect(wanted == 200)
    }
    service.cancel()
    try await service.value
    for events in [early, late, monitor.subscribe()] {
      for await element in events { Issue.record("\(element) after the end") }
    }
  }

  @Test("A hundred monitors start and end, with and without a start, and leave no thread")
  func lifecycle() async throws {
    func threads() throws -> Int {
      try Files.names(inDirectory: "/proc/self/task").filter { task in
        let name = try? Files.read("/proc/self/task/\(task)/comm", limit: 64)
        return name.map { String(decoding: $0, as: UTF8.self) } == "udev-monitor\n"
      }.count
    }
    for number in 0..<100 {
      let monitor = UdevMonitor(subsystems: [])
      switch number % 4 {
      case 0: try await monitor.start()
      case 1:
        let service = Task { try await monitor.run() }
        service.cancel()
        try await service.value
      case 2:
        monitor.stop()
        try await monitor.run()
      default:
        try await monitor.start()
        monitor.stop()
        monitor.stop()
        try await monitor.run()
        try await monitor.start()
      }
    }
    #expect(try threads() == 0)
  }
}

@Suite(.timeLimit(.minutes(1))) struct UdevMonitorFailureTests {
  @Test("A failure before the start is done is told to all who wait, and the first word counts")
  func failure() async throws {
    let progress = UdevProgress()
    #expect(progress.begin())
    #expect(!progress.begin())
    async let started: Void = progress.started()
    async let ended: Void = progress.ended()
    let error = SystemCallError(call: "udev_new", subject: "kernel", errno: .noMemory)
    progress.hasEnded(error)
    progress.hasEnded(nil)
    await started
    await ended
    #expect(progress.failure == error)
  }
}
