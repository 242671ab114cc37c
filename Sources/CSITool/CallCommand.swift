internal import ArgumentParser
internal import JSON
internal import ProtobufC

/// `csi call`: any method of csi.v1.
struct CallCommand: Call {
  static let configuration = CommandConfiguration(
    commandName: "call", abstract: "Call any method of csi.v1; 'csi methods' lists them.",
    discussion: """
      Examples:
        nvmeof-csi csi call Identity/Probe
        nvmeof-csi csi call Controller/CreateVolume --request @request.json --secrets-file s.json
      """)
  @Argument(help: ArgumentHelp("Such as Node/NodeGetInfo.", valueName: "service/method"))
  var name: String
  @OptionGroup var options: CallOptions
  @OptionGroup var secrets: SecretsOptions

  func method() throws(UsageError) -> ServiceDescriptor.Method { try Methods.find(name) }

  func fill(_ request: inout JSONObject) throws(UsageError) { try secrets.fill(&request) }
}

/// `csi methods`: what `csi call` can call.
struct MethodsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "methods", abstract: "List the methods of csi.v1 and the fields of their requests."
  )

  static var text: String {
    Table.render(
      heading: ["METHOD", "REQUEST"],
      rows: Methods.all.map { method in
        [
          Methods.shortName(method),
          Methods.isStreaming(method)
            ? "(answers with a stream: not for 'csi call')"
            : method.request.fields.map(\.name).joined(separator: " "),
        ]
      })
  }

  func run() { CallCommand.print(Self.text) }
}
