import Command
import Synchronization

@testable import Backends

/// LVM's programs over a volume group in memory: a thin pool, and the options that the pool uses. What
/// they print is in the form of the captured reports.
final class FakeLVM: CommandRunner {
  struct Volume: Hashable {
    var size: Int64
    var tags: Set<String> = []
    var origin: String?
    var isReadOnly = false
    var isActive = true
    var isSuspended = false
    var isOpen = false
    /// Its metadata names blocks that are not there.
    var isDamaged = false
  }

  struct State {
    var volumes: [String: Volume] = [:]
    var poolTags: Set<String> = []
    var poolSize: Int64 = 1 << 30
    var poolZeroes = true
    var poolIsSuspended = false
    /// Of lv_attr.
    var poolHealth = "-"
    var missing = 0
    /// What `lvmconfig` prints of the filters.
    var filters = ""
    /// The `--config` of each program, nil for one without.
    var settings: [String?] = []
    var log: [String] = []
    /// Programs that do not end in time and go on.
    var hanging: Set<String> = []
    /// So many more programs that change something are run; then this life is over.
    var left: Int?
  }

  let state = Mutex(State())
  /// Called with each program before it is run: a seam for what happens meanwhile.
  let before: @Sendable (_ program: String) async -> Void

  init(before: @escaping @Sendable (_ program: String) async -> Void = { _ in }) {
    self.before = before
  }

  /// The programs that changed something, in order.
  var log: [String] { state.withLock { $0.log } }
  var volumes: [String: Volume] { state.withLock { $0.volumes } }

  func change(_ body: (inout sending State) -> Void) { state.withLock { body(&$0) } }

  func run(
    _ command: Command, deadline: ContinuousClock.Instant
  ) async throws(CommandError) -> CommandOutput {
    await before(command.program)
    if state.withLock({ $0.hanging.contains(command.program) }) {
      throw .goesOn(program: command.program, after: .zero, processID: 4711)
    }
    let result = state.withLock { state -> (Int32, String, String)? in
      if command.program != "lvmconfig" {
        state.settings.append(
          command.arguments.first == "--config" ? command.arguments[1] : nil)
      }
      switch command.program {
      case "vgs": return (0, Self.groups(state), "")
      case "lvmconfig": return (5, state.filters, "  Configuration node devices/filter not found\n")
      case "lvs": return (0, Self.report(state), "")
      default:
        if let left = state.left {
          guard left > 0 else { return nil }
          state.left = left - 1
        }
        state.log.append(command.description)
        do throws(Refusal) {
          try Self.perform(command, &state)
          // The last one is done, and nobody hears of it.
          return state.left == 0 ? nil : (0, "", "")
        } catch {
          return (5, "", "  \(error.text)\n")
        }
      }
    }
    guard let (code, output, error) = result else { throw .notRunning }
    return CommandOutput(
      termination: .exited(code), standardOutput: output, standardError: error, duration: .zero)
  }

  private struct Refusal: Error { let text: String }

  private static func perform(_ command: Command, _ state: inout State) throws(Refusal) {
    var options: [String: [String]] = [:]
    var operands: [String] = []
    var rest = command.arguments[...]
    while let argument = rest.popFirst() {
      if ["--yes", "--thin", "--snapshot", "--refresh"].contains(argument) {
        options[argument] = []
      } else if argument.hasPrefix("--") {
        options[argument, default: []].append(rest.popFirst() ?? "")
      } else {
        operands.append(argument)
      }
    }
    let operand = operands.first ?? ""
    let name = operand.hasPrefix("tank/") ? String(operand.dropFirst(5)) : operand
    func size(_ option: String) -> Int64? {
      options[option]?.first.flatMap { Int64($0.dropLast()) }
    }
    switch command.program {
    case "lvcreate":
      let new = options["--name"]?.first ?? ""
      guard state.volumes[new] == nil else {
        throw Refusal(text: "Logical Volume \"\(new)\" already exists in volume group \"tank\"")
      }
      var volume = Volume(size: size("--virtualsize") ?? 0)
      if options["--snapshot"] != nil {
        guard let origin = state.volumes[name] else {
          throw Refusal(text: "Failed to find logical volume \"\(operand)\"")
        }
        volume.size = origin.size
        volume.origin = name
        volume.isReadOnly = options["--permission"] == ["r"]
        volume.isActive = options["--activate"] == ["y"]
      }
      volume.tags = Set(options["--addtag"] ?? [])
      state.volumes[new] = volume
    case "lvremove":
      guard let volume = state.volumes[name] else {
        throw Refusal(text: "Failed to find logical volume \"\(operand)\"")
      }
      guard !volume.isOpen else { throw Refusal(text: "Logical volume \(operand) in use.") }
      state.volumes[name] = nil
    case "lvextend":
      guard let size = size("--size"), let now = state.volumes[name]?.size, size > now else {
        throw Refusal(text: "New size matches existing size")
      }
      state.volumes[name]?.size = size
    case "lvchange" where name == "pool" && command.arguments.contains("--refresh"):
      state.poolIsSuspended = false
    case "lvchange" where command.arguments.contains("--refresh"):
      state.volumes[name]?.isSuspended = false
    case "lvchange" where name == "pool":
      state.poolTags.formUnion(options["--addtag"] ?? [])
    case "lvchange" where state.volumes[name]?.isDamaged == true:
      throw Refusal(text: "device-mapper: reload ioctl on  (253:5) failed: No data available")
    case "lvchange":
      state.volumes[name]?.tags.subtract(options["--deltag"] ?? [])
      state.volumes[name]?.tags.formUnion(options["--addtag"] ?? [])
      if options["--activate"] == ["y"] { state.volumes[name]?.isActive = true }
    default: throw Refusal(text: "\(command.program): not known")
    }
  }

  private static func groups(_ state: State) -> String {
    """
    {"report": [{"vg": [{"vg_name":"tank", "vg_size":"2143289344", "vg_free":"1577058304", \
    "vg_extent_size":"4194304", "vg_tags":"", "vg_attr":"wz--n-", \
    "vg_missing_pv_count":"\(state.missing)"}]}]}
    """
  }

  private static func report(_ state: State) -> String {
    var rows = state.volumes.sorted { $0.key < $1.key }.map { name, volume in
      let mode = volume.isSuspended ? "s" : volume.isActive ? "a" : "-"
      let state = "\(mode)\(volume.isOpen ? "o" : "-")"
      return row(
        name, volume.size, volume.tags, pool: "pool",
        attributes: "V\(volume.isReadOnly ? "r" : "w")i-\(state)tz--",
        data: volume.isActive ? "50.00" : "", metadata: "", isActive: volume.isActive)
    }
    rows.append(
      row(
        "pool", state.poolSize, state.poolTags, pool: "",
        attributes: "twi-\(state.poolIsSuspended ? "s" : "a")ot\(state.poolZeroes ? "z" : "-")"
          + "\(state.poolHealth)-", data: "0.01", metadata: "10.94",
        isActive: true))
    return "{\"report\": [{\"lv\": [\(rows.joined(separator: ","))]}]}"
  }

  private static func row(
    _ name: String, _ size: Int64, _ tags: Set<String>, pool: String, attributes: String,
    data: String, metadata: String, isActive: Bool
  ) -> String {
    """
    {"lv_name":"\(name)", "lv_size":"\(size)", "lv_tags":"\(tags.sorted().joined(separator: ","))", \
    "pool_lv":"\(pool)", "lv_attr":"\(attributes)", "data_percent":"\(data)", \
    "metadata_percent":"\(metadata)", "lv_active":"\(isActive ? "active" : "")"}
    """
  }
}
