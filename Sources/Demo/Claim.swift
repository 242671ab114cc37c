/// What the story is to prove, in the order of its telling.
enum Claim: String, CaseIterable {
  case serves = "the driver serves CSI on its socket and says what it can do"
  case provisions = "a volume is made, exported and opened to this node and no other"
  case formats = "an empty volume is connected over two paths, formatted, mounted and published"
  case survivesPath = "one path lost: writing goes on over the other one"
  case waits =
    "target away for over 15 s: writers wait, no error reaches them, nothing is unmounted"
  case answers = "meanwhile the driver answers at once, and calls the volume abnormal"
  case survivesKill = "kill -9 of the driver in the outage: its next life knows the volume"
  case returns = "target back: the paths come back, writing goes on by itself"
  case idempotent = "stage and publish again: success, and nothing is done twice"
  case grows = "expansion online, under the writer's hands"
  case keepsRecords = "every record that was acknowledged is there, its checksum is right"
  case heals =
    "disconnected under the mount: back under another number, at the same path, by itself"
  case refusesSharing = "a file system on several nodes (RWX) is refused, with what to use instead"
  case refusesStranger = "a namespace that is not the volume's is refused before it is touched"
  case servesBlock = "a raw block volume is a device node of the namespace, without detours"
  case refusesFormat = "a volume that holds data is not formatted, and its data is unharmed"
  case keepsFileSystem = "unstaged and staged again: checked, not formatted, every record there"
  case leavesNothing = "after teardown nothing is left: mounts, nodes, connections, records"
  case deletes = "deleted: neither an export nor a file is left at the target"
}
