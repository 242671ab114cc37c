/// The file systems this driver makes, checks and grows, by the names mount(2) and blkid(8) have for them.
public enum FileSystemType: String, Hashable, Sendable, CaseIterable {
  // swift-format-ignore: AllPublicDeclarationsHaveDocumentation
  case ext4, xfs
}
