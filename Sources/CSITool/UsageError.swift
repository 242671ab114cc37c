/// A command line or a request that cannot be turned into a call: nothing was sent.
struct UsageError: Error, Hashable, CustomStringConvertible {
  /// What is wrong and, where it helps, what would be right.  It quotes no values of secrets.
  let description: String

  init(_ description: String) { self.description = description }
}
