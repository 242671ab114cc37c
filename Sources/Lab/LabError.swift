/// A step of the lab that did not come off.
public struct LabError: Error, CustomStringConvertible {
  /// What was waited for, or what failed.
  public let description: String
  /// An error with this text.
  public init(_ description: String) { self.description = description }
}

/// Waits until `condition` holds, looking every 20 ms; fails after `limit`, naming what it waited for.
public func eventually(
  within limit: Duration, every pause: Duration = .milliseconds(20), _ what: String,
  _ condition: () throws -> Bool
) async throws {
  let end = ContinuousClock.now + limit
  while try !condition() {
    guard ContinuousClock.now < end else {
      throw LabError("waited \(limit) in vain for \(what)")
    }
    try await Task.sleep(for: pause)
  }
}
