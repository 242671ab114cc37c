import Linux

/// Removes a directory that a test has made, with all that is in it.
func removeTree(_ path: String) throws(SystemCallError) {
  for name in try Files.names(inDirectory: path) {
    let below = "\(path)/\(name)"
    if try Files.status(below)?.kind == .directory {
      try removeTree(below)
    } else {
      try Files.unlink(below)
    }
  }
  try Files.removeDirectory(path)
}
