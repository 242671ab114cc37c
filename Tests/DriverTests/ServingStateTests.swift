import Testing

@testable import Driver

@Suite("Readiness")
struct ServingStateTests {
  @Test("is given from the first call that may be answered to the order to stop")
  func phases() {
    let state = ServingState()
    #expect(state.problem == "the socket is not served yet")
    state.begin()
    #expect(state.problem == nil)
    state.end()
    state.begin()
    #expect(state.problem == "the plugin is stopping")
  }
}
