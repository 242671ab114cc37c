import Testing

@testable import Udev

@Suite(.timeLimit(.minutes(1))) struct UdevBufferTests {
  static func event(_ number: Int) -> UdevMonitor.Element {
    .event(UdevEvent(action: "change", subsystem: "block", sysfsPath: "/sys/devices/\(number)"))
  }

  @Test("What is appended comes out in order, and then nil")
  func order() async {
    let buffer = UdevBuffer(capacity: 3)
    for number in 1...3 { buffer.append(Self.event(number)) }
    buffer.finish()
    buffer.append(Self.event(4))
    for number in 1...3 { #expect(await buffer.next() == Self.event(number)) }
    #expect(await buffer.next() == nil)
    #expect(await buffer.next() == nil)
  }

  @Test("One more than there is room for makes all of them one overflow")
  func overflow() async {
    let buffer = UdevBuffer(capacity: 3)
    for number in 1...4 { buffer.append(Self.event(number)) }
    buffer.append(Self.event(5))
    buffer.finish()
    #expect(await buffer.next() == .overflow)
    #expect(await buffer.next() == Self.event(5))
    #expect(await buffer.next() == nil)
  }

  @Test("An overflow in the kernel takes the place of what waits")
  func kernelOverflow() async {
    let buffer = UdevBuffer(capacity: 3)
    for element in [Self.event(1), .overflow, .overflow, Self.event(2)] { buffer.append(element) }
    #expect(await buffer.next() == .overflow)
    #expect(await buffer.next() == Self.event(2))
  }

  @Test("Whoever waits gets what comes next")
  func waiting() async {
    let buffer = UdevBuffer(capacity: 1)
    async let next = buffer.next()
    await Task.yield()
    buffer.append(Self.event(1))
    #expect(await next == Self.event(1))
  }

  @Test("Cancellation ends the waiting, before it began as well as after")
  func cancellation() async {
    for early in [true, false] {
      let buffer = UdevBuffer(capacity: 1)
      let task = Task { await buffer.next() }
      if !early { try? await Task.sleep(for: .milliseconds(20)) }
      task.cancel()
      #expect(await task.value == nil)
      buffer.append(Self.event(1))
      #expect(await buffer.next() == Self.event(1))
    }
  }

  @Test("100,000 elements from one thread to a slower one: all, or an overflow in their place")
  func concurrent() async {
    let buffer = UdevBuffer(capacity: 100)
    let producer = Task.detached {
      for number in 1...100_000 {
        buffer.append(Self.event(number))
        if number.isMultiple(of: 50) { await Task.yield() }
      }
      buffer.finish()
    }
    var last: UdevMonitor.Element?
    while let element = await buffer.next() {
      last = element
    }
    await producer.value
    #expect(last == Self.event(100_000) || last == .overflow)
  }
}

@Suite(.timeLimit(.minutes(1))) struct UdevFanOutTests {
  @Test("Each subscriber gets everything from its subscription on")
  func fanOut() async {
    let fanOut = UdevFanOut()
    let (_, first) = fanOut.add(capacity: 10)
    fanOut.deliver(UdevBufferTests.event(1))
    let (_, second) = fanOut.add(capacity: 10)
    fanOut.deliver(UdevBufferTests.event(2))
    fanOut.finish()
    #expect(await first.next() == UdevBufferTests.event(1))
    #expect(await first.next() == UdevBufferTests.event(2))
    #expect(await first.next() == nil)
    #expect(await second.next() == UdevBufferTests.event(2))
    #expect(await second.next() == nil)
    #expect(await fanOut.add(capacity: 10).buffer.next() == nil)
  }

  @Test("A slow subscriber overflows alone")
  func slow() async {
    let fanOut = UdevFanOut()
    let (_, slow) = fanOut.add(capacity: 2)
    let (_, quick) = fanOut.add(capacity: 3)
    for number in 1...3 { fanOut.deliver(UdevBufferTests.event(number)) }
    #expect(await slow.next() == .overflow)
    #expect(await quick.next() == UdevBufferTests.event(1))
  }

  @Test("A subscription ends with its last reference")
  func unsubscription() {
    let fanOut = UdevFanOut()
    var events: UdevMonitor.Events? = .init(subscription: UdevSubscription(to: fanOut, capacity: 1))
    var iterator = events?.makeAsyncIterator()
    #expect(fanOut.count == 1)
    events = nil
    #expect(fanOut.count == 1)
    #expect(iterator != nil)
    iterator = nil
    #expect(fanOut.count == 0)
  }
}
