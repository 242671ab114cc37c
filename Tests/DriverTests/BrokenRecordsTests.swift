import Foundation
import Metrics
import StateStore
import Testing

@testable import Driver

@Suite("Records that are broken")
struct BrokenRecordsTests {
  @Test("are logged once each, and counted until they are gone")
  func reported() async throws {
    let directory = NSTemporaryDirectory() + "broken-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let store = try await FileStateStore(directory: directory)
    for key in ["good", "bad", "worse"] {
      _ = try await store.put(key, Array(key.utf8), ifVersion: nil)
    }
    let log = LogLines()
    let registry = MetricsRegistry()
    let broken = BrokenRecords([store], logger: log.logger)
    broken.registerGauge(in: registry)
    var reported: Set<BrokenFile> = []
    await broken.report(&reported)
    #expect(log.count(Self.message) == 0)

    for key in ["bad", "worse"] {
      try Data("?".utf8).write(to: URL(fileURLWithPath: "\(directory)/\(key)"))
      await #expect(throws: StateStoreError.self) { try await store.get(key) }
    }
    for _ in 0..<3 { await broken.report(&reported) }
    #expect(log.count(Self.message) == 2)
    #expect(await registry.text().contains("\nnvmeof_csi_broken_records 2\n"))

    for file in reported { try FileManager.default.removeItem(atPath: file.path) }
    await broken.report(&reported)
    #expect(reported == [])
    #expect(await registry.text().contains("\nnvmeof_csi_broken_records 0\n"))
  }

  private static let message =
    "a record is broken and was set aside; nothing is done for what it was about"
}
