/// A request's secrets (`csi_secret` fields): readable by key, never printed.
public struct Secrets: Sendable, CustomStringConvertible, CustomReflectable {
  private let values: [String: String]

  /// These secrets.
  public init(_ values: [String: String] = [:]) { self.values = values }

  /// One secret.
  public subscript(key: String) -> String? { values[key] }

  /// The keys, sorted; what they open stays hidden.
  public var keys: [String] { values.keys.sorted() }

  /// How many there are.
  public var description: String { "<\(values.count) secrets>" }

  /// Nothing, so that `dump` and string interpolation of what holds it show nothing.
  public var customMirror: Mirror { Mirror(self, children: [:]) }

  /// For the wire.
  var exposed: [String: String] { values }
}
