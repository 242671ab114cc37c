// The load of hack/bench rpc: keeps a number of calls in flight over one channel, from one thread,
// and prints p50 and p99 in µs, calls per second, and the server's CPU time per call in µs.
#include <grpcpp/grpcpp.h>
#include <time.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

#include "csi.grpc.pb.h"

using Clock = std::chrono::steady_clock;

namespace {

struct Call {
  std::unique_ptr<grpc::ClientContext> context;
  std::unique_ptr<grpc::ClientAsyncResponseReader<csi::v1::GetPluginInfoResponse>> reader;
  csi::v1::GetPluginInfoResponse response;
  grpc::Status status;
  Clock::time_point start;
};

// Seconds, those of threads that have ended included.
double CPUTime(pid_t pid) {
  clockid_t clock;
  timespec time;
  if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &time) != 0) {
    std::fprintf(stderr, "load: no CPU time of process %d\n", pid);
    std::exit(1);
  }
  return time.tv_sec + time.tv_nsec * 1e-9;
}

void Start(Call &call, csi::v1::Identity::Stub &stub, grpc::CompletionQueue &queue) {
  call.context = std::make_unique<grpc::ClientContext>();
  call.response.Clear();
  call.start = Clock::now();
  call.reader = stub.AsyncGetPluginInfo(call.context.get(), csi::v1::GetPluginInfoRequest(), &queue);
  call.reader->Finish(&call.response, &call.status, &call);
}

}  // namespace

int main(int argc, char **argv) {
  if (argc != 5) {
    std::fprintf(stderr, "usage: load ADDRESS SERVER-PID CONCURRENCY CALLS\n");
    return 2;
  }
  const pid_t pid = std::atoi(argv[2]);
  const long calls = std::atol(argv[4]);
  const long concurrency = std::min(std::atol(argv[3]), calls);

  auto channel = grpc::CreateChannel(argv[1], grpc::InsecureChannelCredentials());
  if (!channel->WaitForConnected(std::chrono::system_clock::now() + std::chrono::seconds(10))) {
    std::fprintf(stderr, "load: nobody at %s\n", argv[1]);
    return 1;
  }
  auto stub = csi::v1::Identity::NewStub(channel);
  grpc::CompletionQueue queue;
  std::vector<Call> flight(concurrency);
  std::vector<double> latencies;
  latencies.reserve(calls);

  const double cpu = CPUTime(pid);
  const auto start = Clock::now();
  long started = 0;
  for (Call &call : flight) {
    Start(call, *stub, queue);
    started++;
  }
  void *tag;
  bool ok;
  while (static_cast<long>(latencies.size()) < calls && queue.Next(&tag, &ok)) {
    Call &call = *static_cast<Call *>(tag);
    const std::chrono::duration<double, std::micro> latency = Clock::now() - call.start;
    if (!ok || !call.status.ok() || call.response.name().empty()) {
      std::fprintf(stderr, "load: a call failed: %d %s\n", call.status.error_code(),
                   call.status.error_message().c_str());
      return 1;
    }
    latencies.push_back(latency.count());
    if (started < calls) {
      Start(call, *stub, queue);
      started++;
    }
  }
  const std::chrono::duration<double> elapsed = Clock::now() - start;
  const double used = CPUTime(pid) - cpu;

  std::sort(latencies.begin(), latencies.end());
  const auto quantile = [&](double q) { return latencies[static_cast<size_t>(q * (calls - 1))]; };
  std::printf("%.2f %.2f %.1f %.3f\n", quantile(0.5), quantile(0.99), calls / elapsed.count(),
              used / calls * 1e6);
}
