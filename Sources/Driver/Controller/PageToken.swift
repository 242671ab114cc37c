internal import Backends

/// Where the next page of a listing begins: after an id. So it stays good whatever is made or deleted
/// between two pages.
enum PageToken {
  private static let prefix = "after:"

  /// The token of the page after this object.
  static func after(_ id: ObjectID) -> String { "\(prefix)\(id)" }

  /// After which object the page begins; nil: with the first. Fails with `invalidToken` for a token of
  /// somebody else's or of another listing, `invalidArgument` for a negative limit.
  static func id(
    _ token: String, of kind: ObjectID.Kind, limit: Int32
  ) throws(DriverError) -> ObjectID? {
    guard limit >= 0 else {
      throw DriverError(.invalidArgument, "max_entries must not be negative")
    }
    guard !token.isEmpty else { return nil }
    // Of the other kind, every object would come before or after it.
    guard token.hasPrefix(prefix),
      let id = ObjectID(String(token.dropFirst(prefix.count)), kind: kind)
    else {
      throw DriverError(
        .invalidToken, "starting_token is not one of ours: list again from the start")
    }
    return id
  }
}
