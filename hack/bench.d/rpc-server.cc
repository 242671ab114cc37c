// The server that hack/bench rpc compares the driver with: gRPC C++'s synchronous server as its
// documentation shows it, answering GetPluginInfo as the driver does.
#include <grpcpp/grpcpp.h>

#include <iostream>

#include "csi.grpc.pb.h"

class Identity final : public csi::v1::Identity::Service {
  grpc::Status GetPluginInfo(grpc::ServerContext *, const csi::v1::GetPluginInfoRequest *,
                             csi::v1::GetPluginInfoResponse *response) override {
    response->set_name("nvmeof.csi.dev");
    response->set_vendor_version("0.1.0");
    return grpc::Status::OK;
  }
};

int main(int argc, char **argv) {
  if (argc != 2) {
    std::cerr << "usage: server ADDRESS\n";
    return 2;
  }
  Identity identity;
  grpc::ServerBuilder builder;
  builder.AddListeningPort(argv[1], grpc::InsecureServerCredentials());
  builder.RegisterService(&identity);
  std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr) return 1;
  server->Wait();
}
