/// The guest's network, and how to break it.
public enum LabNetwork {
  /// Nothing answers here: packets leave through a dummy link and are lost.
  public static let blackHole = "198.51.100.1:4420"

  /// Makes the black hole. Once is enough, twice does no harm.
  public static func makeBlackHole() throws {
    try? run("ip", "link", "add", "lab-hole", "type", "dummy")
    try? run("ip", "addr", "add", "198.51.100.9/24", "dev", "lab-hole")
    try run("ip", "link", "set", "lab-hole", "up")
  }

  /// An address beside the black hole that answers until it is taken away; then it is part of it.
  public static let mortalAddress = "198.51.100.77"

  /// Gives the address to this machine. Needs the black hole.
  public static func addMortalAddress() throws {
    try run("ip", "addr", "add", mortalAddress + "/24", "dev", "lab-hole")
  }

  /// Takes the address away: whoever is connected to it, or tries, hears nothing any more.
  public static func removeMortalAddress() throws {
    try run("ip", "addr", "del", mortalAddress + "/24", "dev", "lab-hole")
  }

  /// The network goes: every connection of the guest stalls, none is closed.
  public static func drop() throws { try run("ip", "link", "set", "lo", "down") }

  /// The network is back.
  public static func restore() throws { try run("ip", "link", "set", "lo", "up") }

  /// Destroys the TCP connections that lead to a portal.
  public static func cut(_ portal: TargetVolume.Portal) throws {
    try run("ss", "-K", "dst", portal.address, "dport", "=", ":\(portal.port)")
  }

  private static func run(_ arguments: String...) throws { try runProgram(arguments) }
}

/// Runs a program of the machine and returns what it printed; fails with its errors.
@discardableResult
public func runProgram(_ arguments: [String]) throws -> String {
  try Program.run(arguments).text
}
