/// Says what happens, when, and how long it took, and keeps which claims were proven.
final class Timeline {
  private let output = Output.standard
  private let start = ContinuousClock.now
  private var chapters = 0
  private var verdicts: [Claim: Bool] = [:]
  private var failed = false
  /// What is under way, for the message when it fails.
  private var current = "before the first step"

  private static let indent = 12

  /// A heading; what follows belongs to it.
  func chapter(_ title: String) {
    chapters += 1
    output.line()
    output.line(output.styled("\(chapters)  \(title)", .bold))
  }

  /// Runs `body` and prints when it started, the title, and the milliseconds that it took.
  @discardableResult
  func step<Result>(
    _ title: String, _ body: () async throws -> Result
  ) async throws -> Result {
    current = title
    let begin = ContinuousClock.now
    let result: Result
    do {
      result = try await body()
    } catch {
      stamp(begin, title, .now - begin, mark: "FAILED")
      throw error
    }
    stamp(begin, title, .now - begin, mark: nil)
    return result
  }

  /// A line like a step's for something that was measured already.
  func measured(_ title: String, _ begin: ContinuousClock.Instant, _ took: Duration) {
    stamp(begin, title, took, mark: nil)
  }

  /// More about the step above.
  func note(_ text: String) { block(text, lead: "") }

  /// What the driver said, word by word.
  func says(_ text: String) { block("“" + text + "”", lead: "driver: ") }

  /// Prints what was seen, with a check mark when it is what the claim wants; throws when not. Each
  /// claim is proven at one place.
  func prove(_ claim: Claim, _ holds: Bool, _ seen: String) throws {
    precondition(verdicts[claim] == nil, "\(claim) is proven at two places")
    verdicts[claim] = holds
    block(seen, lead: output.styled(holds ? "✓ " : "✗ ", holds ? .green : .red), leadWidth: 2)
    if !holds { throw StoryError("not true here: \(claim.rawValue)") }
  }

  /// Says loudly that, and where, the story broke off.
  func fail(_ error: any Error) {
    failed = true
    output.line()
    output.line(
      output.styled("FAILED at \((ContinuousClock.now - start).seconds) s: \(current)", .red))
    block("\(error)", lead: "")
  }

  /// Text of somebody else's, as it is.
  func quote(_ title: String, _ text: String) {
    output.line("--- \(title)")
    output.line(text)
    output.line("---")
  }

  /// Prints every claim with what became of it, and returns whether all were proven.
  func summary() -> Bool {
    output.line()
    output.line(output.styled("What was proven", .bold))
    for claim in Claim.allCases {
      switch verdicts[claim] {
      case true: output.line(output.styled("  ✓ ", .green) + claim.rawValue)
      case false: output.line(output.styled("  ✗ ", .red) + claim.rawValue)
      case nil: output.line(output.styled("  – \(claim.rawValue) (not reached)", .dim))
      }
    }
    let proven = Claim.allCases.count { verdicts[$0] == true }
    let all = !failed && proven == Claim.allCases.count
    output.line()
    output.line(
      output.styled(
        "\(all ? "passed" : "FAILED"): \(proven) of \(Claim.allCases.count) proven "
          + "in \((ContinuousClock.now - start).seconds) s", all ? .green : .red))
    return all
  }

  private func stamp(
    _ begin: ContinuousClock.Instant, _ title: String, _ took: Duration, mark: String?
  ) {
    let time = "\((begin - start).seconds) s".aligned(to: Self.indent - 3)
    let room = Output.width - Self.indent - 11
    let end = mark ?? "\(took.milliseconds) ms"
    output.line("\(time)   \(title.padded(to: room))\(end.aligned(to: 11))")
  }

  private func block(_ text: String, lead: String, leadWidth: Int? = nil) {
    let leadWidth = leadWidth ?? lead.count
    let margin = String(repeating: " ", count: Self.indent)
    let lines = Output.wrapped(text, width: Output.width - Self.indent - leadWidth)
    for (number, line) in lines.enumerated() {
      output.line(
        margin + (number == 0 ? lead : String(repeating: " ", count: leadWidth)) + line)
    }
  }
}

/// Something that the story promised and that did not come true.
struct StoryError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}
