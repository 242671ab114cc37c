import ArgumentParser

/// How long it takes until a volume is accessible again, and what looking costs.
@main
struct RecoveryBenchmark: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "nvmeof-csi-bench-recovery",
    abstract: "Measure recovery against the kernel alone and against simple pollers.",
    discussion: "See hack/bench recovery.",
    subcommands: [OutageCommand.self, ScanCommand.self])
}
