"""gRPC's own Python implementation against `nvmeof-csi`, as client of the node plugin and as a driver
that `nvmeof-csi csi` calls. Started by hack/foreign-client, which generates csi_pb2."""

import concurrent.futures
import json
import os
import signal
import stat
import subprocess
import sys
import time

import csi_pb2
import csi_pb2_grpc
import grpc
from grpc import StatusCode

BINARY, WORK = os.path.abspath(sys.argv[1]), sys.argv[2]
KUBELET = f"{WORK}/kubelet"
SOCKET = f"{WORK}/csi.sock"
STAGING = f"{KUBELET}/plugins/kubernetes.io/csi/nvmeof.csi.dev/x/globalmount"
VOLUME_CONTEXT = {"nqn": "nqn.2024-01.io.example:foreign", "portals": "127.0.0.1:1"}
Mode = csi_pb2.VolumeCapability.AccessMode

checks = []


def check(function):
    """A check, named by its doc string and run in the order of the file."""
    checks.append(function)
    return function


class Plugin:
    """`nvmeof-csi node` in a process of its own."""

    def __init__(self, name="node", socket=SOCKET):
        self.socket = socket
        self.log = f"{WORK}/{name}.log"
        os.makedirs(KUBELET, exist_ok=True)
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [BINARY, "node", "--endpoint", f"unix://{socket}", "--node-id", "foreign-node",
                 "--kubelet-dir", KUBELET, "--state-dir", f"{WORK}/state-{name}",
                 "--max-volumes", "7", "--topology", "example.com/zone=a"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def wait_until_serving(self):
        deadline = time.monotonic() + 60
        while True:
            assert self.process.poll() is None, f"the plugin ended with {self.process.returncode}"
            assert time.monotonic() < deadline, "the plugin does not answer within 60 s"
            try:
                with self.channel() as channel:
                    csi_pb2_grpc.IdentityStub(channel).Probe(csi_pb2.ProbeRequest(), timeout=5)
                return self
            except grpc.RpcError:
                time.sleep(0.1)

    def channel(self):
        # The client's own limits must not stand before the server's.
        return grpc.insecure_channel(
            f"unix://{self.socket}",
            options=[("grpc.max_send_message_length", -1), ("grpc.enable_retries", 0)])

    def stop(self, sig=signal.SIGTERM):
        """How long it took, in seconds."""
        start = time.monotonic()
        self.process.send_signal(sig)
        self.process.wait(timeout=20)
        return time.monotonic() - start

    def text(self):
        with open(self.log, encoding="utf-8", errors="replace") as log:
            return log.read()


def refusal(call, *arguments, **keywords):
    """The code and the text of a call that must fail."""
    keywords.setdefault("timeout", 60)
    try:
        answer = call(*arguments, **keywords)
    except grpc.RpcError as error:
        return error.code(), error.details()
    raise AssertionError(f"answered, but should have been refused: {answer}")


def raw(channel, path, request):
    """A call whose request is these bytes, whatever they are."""
    call = channel.unary_unary(
        path, request_serializer=lambda data: data, response_deserializer=lambda data: data)
    return refusal(call, request)


def capability(mode=Mode.SINGLE_NODE_WRITER, fs_type="ext4", block=False):
    result = csi_pb2.VolumeCapability(access_mode=Mode(mode=mode))
    if block:
        result.block.SetInParent()
    else:
        result.mount.fs_type = fs_type
    return result


def stage_request(**changes):
    fields = dict(
        volume_id="vol", staging_target_path=STAGING, volume_capability=capability(),
        volume_context=VOLUME_CONTEXT)
    fields.update(changes)
    return csi_pb2.NodeStageVolumeRequest(**fields)


def equal(got, wanted):
    assert got == wanted, f"\n  have {got!r}\n  want {wanted!r}"


def has(text, *parts):
    for part in parts:
        assert part in text, f"no {part!r} in {text!r}"


# --- The node plugin, called by a foreign client


@check
def socket_mode(plugin, channel):
    """the socket is a socket with mode 0600"""
    status = os.lstat(plugin.socket)
    assert stat.S_ISSOCK(status.st_mode)
    equal(oct(stat.S_IMODE(status.st_mode)), "0o600")


@check
def identity(plugin, channel):
    """Identity: info, capabilities, probe"""
    stub = csi_pb2_grpc.IdentityStub(channel)
    info = stub.GetPluginInfo(csi_pb2.GetPluginInfoRequest(), timeout=60)
    equal(info.name, "nvmeof.csi.dev")
    assert info.vendor_version, "no version"
    answer = stub.GetPluginCapabilities(csi_pb2.GetPluginCapabilitiesRequest(), timeout=60)
    Capability = csi_pb2.PluginCapability
    services = [c.service.type for c in answer.capabilities if c.HasField("service")]
    expansions = [
        c.volume_expansion.type for c in answer.capabilities if c.HasField("volume_expansion")]
    equal(services, [Capability.Service.VOLUME_ACCESSIBILITY_CONSTRAINTS])
    equal(expansions, [Capability.VolumeExpansion.ONLINE])
    equal(len(answer.capabilities), 2)
    probe = stub.Probe(csi_pb2.ProbeRequest(), timeout=60)
    assert probe.HasField("ready") and probe.ready.value


@check
def node_info(plugin, channel):
    """Node: info and capabilities"""
    stub = csi_pb2_grpc.NodeStub(channel)
    info = stub.NodeGetInfo(csi_pb2.NodeGetInfoRequest(), timeout=60)
    equal(info.node_id, "foreign-node")
    equal(info.max_volumes_per_node, 7)
    equal(dict(info.accessible_topology.segments), {"example.com/zone": "a"})
    answer = stub.NodeGetCapabilities(csi_pb2.NodeGetCapabilitiesRequest(), timeout=60)
    RPC = csi_pb2.NodeServiceCapability.RPC
    names = {RPC.Type.Name(c.rpc.type) for c in answer.capabilities}
    wanted = {"STAGE_UNSTAGE_VOLUME", "GET_VOLUME_STATS", "EXPAND_VOLUME", "VOLUME_CONDITION"}
    assert wanted <= names, f"{wanted - names} are missing"
    equal(len(names), len(answer.capabilities))


@check
def empty_requests(plugin, channel):
    """empty requests are INVALID_ARGUMENT and say what is missing"""
    stub = csi_pb2_grpc.NodeStub(channel)
    for call, request in [
        (stub.NodeStageVolume, csi_pb2.NodeStageVolumeRequest()),
        (stub.NodeUnstageVolume, csi_pb2.NodeUnstageVolumeRequest()),
        (stub.NodePublishVolume, csi_pb2.NodePublishVolumeRequest()),
        (stub.NodeUnpublishVolume, csi_pb2.NodeUnpublishVolumeRequest()),
        (stub.NodeGetVolumeStats, csi_pb2.NodeGetVolumeStatsRequest()),
        (stub.NodeExpandVolume, csi_pb2.NodeExpandVolumeRequest()),
    ]:
        code, text = refusal(call, request)
        equal(code, StatusCode.INVALID_ARGUMENT)
        has(text, "volume_id is missing")


@check
def stage_refusals(plugin, channel):
    """stage refuses with the code of CSI's tables and says what to do"""
    stage = csi_pb2_grpc.NodeStub(channel).NodeStageVolume
    cases = [
        (dict(volume_context={**VOLUME_CONTEXT, "nqnn": "x"}), StatusCode.INVALID_ARGUMENT,
         ["volume_context", "unknown key 'nqnn'", "known are", "portals"]),
        (dict(volume_context={"portals": "127.0.0.1:1"}), StatusCode.INVALID_ARGUMENT,
         ["volume_context['nqn']", "is missing"]),
        (dict(volume_context={**VOLUME_CONTEXT, "nsid": "0"}), StatusCode.INVALID_ARGUMENT,
         ["volume_context['nsid']", "'0'"]),
        (dict(volume_capability=None), StatusCode.INVALID_ARGUMENT,
         ["volume_capability is missing"]),
        (dict(volume_capability=capability(fs_type="ntfs")), StatusCode.INVALID_ARGUMENT,
         ["'ntfs'", "ext4", "xfs"]),
        (dict(volume_capability=capability(Mode.MULTI_NODE_MULTI_WRITER)),
         StatusCode.FAILED_PRECONDITION,
         ["MULTI_NODE_MULTI_WRITER", "ReadWriteOnce", "volumeMode: Block"]),
        (dict(staging_target_path="/etc"), StatusCode.INVALID_ARGUMENT,
         ["staging_target_path", "'/etc'", KUBELET]),
        (dict(staging_target_path=f"{KUBELET}/../x"), StatusCode.INVALID_ARGUMENT,
         ["staging_target_path", ".."]),
        (dict(volume_id="a/b"), StatusCode.INVALID_ARGUMENT, ["volume_id", "slash"]),
        (dict(volume_id="x" * 129), StatusCode.INVALID_ARGUMENT, ["volume_id", "129", "128"]),
        (dict(secrets={"dhchapKey": "hunter2"}), StatusCode.INVALID_ARGUMENT,
         ["secrets", "dhchapKey"]),
    ]
    for changes, wanted, parts in cases:
        code, text = refusal(stage, stage_request(**changes))
        assert code == wanted, f"{changes}: {code} {text!r}"
        has(text, *parts)
        assert "hunter2" not in text, "an error has a secret's value"


@check
def unknown_methods(plugin, channel):
    """unknown methods and services are UNIMPLEMENTED"""
    for path in ["/csi.v1.Node/NodeFly", "/csi.v1.Controller/CreateVolume", "/a.B/C"]:
        code, text = raw(channel, path, b"")
        equal(code, StatusCode.UNIMPLEMENTED)
        has(text, path)


@check
def broken_bytes(plugin, channel):
    """requests that are no message are INVALID_ARGUMENT, NUL and invalid UTF-8 too"""
    path = "/csi.v1.Node/NodeStageVolume"
    cases = [
        (b"\xff\xff\xff\xff", "malformed"),
        (b"\x0a\x7fabc", "malformed"),
        (b"\x0b\x0c", "malformed"),
        (b"\x0a\x03a\x00b", "volume_id: has a NUL"),
        (b"\x0a\x02\xff\xff", "volume_id: is not UTF-8"),
        (b"\x2a\x08\x0a\x01k\x12\x03a\x00b", "secrets: has a NUL"),
        (b"\x32\x07\x0a\x01k\x12\x02\xc3\x28", "volume_context: is not UTF-8"),
        (b"\x22\x00\x22\x00", "comes more than once"),
    ]
    for request, part in cases:
        code, text = raw(channel, path, request)
        assert code == StatusCode.INVALID_ARGUMENT, f"{request!r}: {code} {text!r}"
        has(text, "NodeStageVolumeRequest", part)
    # protobuf-c by itself would read this as readonly or not by the text's first byte.
    code, text = raw(channel, "/csi.v1.Node/NodePublishVolume", b"\x32\x04true")
    equal(code, StatusCode.INVALID_ARGUMENT)
    has(text, "readonly")


@check
def unknown_fields(plugin, channel):
    """fields that this driver does not know are skipped"""
    code, text = raw(channel, "/csi.v1.Node/NodeUnstageVolume", b"\xa2\x1f\x03\x00\xff\x0b")
    equal(code, StatusCode.INVALID_ARGUMENT)
    has(text, "volume_id is missing")


@check
def large_requests(plugin, channel):
    """a request of 5 MiB is RESOURCE_EXHAUSTED; one of 3 MiB is read"""
    stage = csi_pb2_grpc.NodeStub(channel).NodeStageVolume
    code, text = refusal(stage, stage_request(volume_id="x" * (5 << 20)))
    equal(code, StatusCode.RESOURCE_EXHAUSTED)
    has(text, "4194304")
    code, text = refusal(stage, stage_request(volume_id="x" * (3 << 20)))
    equal(code, StatusCode.INVALID_ARGUMENT)
    has(text, "volume_id", "3145728")


@check
def metadata(plugin, channel):
    """a caller's metadata does no harm, text and binary"""
    stub = csi_pb2_grpc.IdentityStub(channel)
    answer = stub.Probe(
        csi_pb2.ProbeRequest(), timeout=60,
        metadata=[("x-request-id", "42"), ("x-request-id", "43"), ("blob-bin", bytes(range(256)))])
    assert answer.ready.value


@check
def deadlines(plugin, channel):
    """a call ends at its deadline, and the next one is answered"""
    probe = csi_pb2_grpc.IdentityStub(channel).Probe
    code, _ = refusal(probe, csi_pb2.ProbeRequest(), timeout=-1)
    equal(code, StatusCode.DEADLINE_EXCEEDED)
    # Nothing listens at the portal: whatever stops the stage, it stops before the deadline or there.
    start = time.monotonic()
    code, text = refusal(
        csi_pb2_grpc.NodeStub(channel).NodeStageVolume, stage_request(), timeout=3)
    assert time.monotonic() - start < 5, "the deadline was not kept"
    assert code != StatusCode.INVALID_ARGUMENT, f"{code} {text!r}"
    assert probe(csi_pb2.ProbeRequest(), timeout=60).ready.value


@check
def many_at_once(plugin, channel):
    """200 calls at once over ten connections are answered each"""

    def calls(_):
        with plugin.channel() as own:
            stub = csi_pb2_grpc.NodeStub(own)
            futures = [
                stub.NodeGetInfo.future(csi_pb2.NodeGetInfoRequest(), timeout=60)
                for _ in range(20)]
            return [future.result().node_id for future in futures]

    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        for ids in pool.map(calls, range(10)):
            equal(ids, ["foreign-node"] * 20)


@check
def second_plugin(plugin, channel):
    """a second plugin on the same socket is refused and leaves the first alone"""
    inode = os.lstat(plugin.socket).st_ino
    second = Plugin("second")
    try:
        code = second.process.wait(timeout=30)
    except subprocess.TimeoutExpired:
        second.process.kill()
        second.process.wait()
        raise AssertionError("it did not end") from None
    assert code != 0
    has(second.text(), plugin.socket, "another server")
    equal(os.lstat(plugin.socket).st_ino, inode)
    with plugin.channel() as own:
        csi_pb2_grpc.IdentityStub(own).Probe(csi_pb2.ProbeRequest(), timeout=60)


# --- `nvmeof-csi csi`, calling the plugin and a foreign driver


def csi(*arguments, endpoint=None, stdin=""):
    """Exit code, stdout and stderr."""
    environment = {k: v for k, v in os.environ.items() if k != "CSI_ENDPOINT"}
    environment["CSI_ENDPOINT"] = endpoint or f"unix://{SOCKET}"
    result = subprocess.run(
        [BINARY, "csi", *arguments], input=stdin, env=environment, timeout=120,
        capture_output=True, encoding="utf-8")
    return result.returncode, result.stdout, result.stderr


@check
def own_client(plugin, channel):
    """'nvmeof-csi csi' on the plugin: answers, errors and exit codes"""
    code, out, err = csi("identity", "info", "--json")
    equal((code, err), (0, ""))
    equal(json.loads(out)["name"], "nvmeof.csi.dev")
    code, out, err = csi("node", "info")
    equal((code, err), (0, ""))
    has(out, "nodeId", "foreign-node", "example.com/zone", "maxVolumesPerNode")
    equal(csi("node", "unstage"), (1, "", "INVALID_ARGUMENT: volume_id is missing\n"))
    code, out, err = csi("node", "unstage", "--json")
    equal((code, out), (1, ""))
    equal(json.loads(err), {"code": "INVALID_ARGUMENT", "message": "volume_id is missing"})
    code, out, err = csi("call", "Controller/ListVolumes")
    equal((code, out), (1, ""))
    assert err.startswith("UNIMPLEMENTED: "), err
    for usage in [["node", "stage", "--bogus"], ["call", "Node/Fly"], ["node", "stage", "--request", "{"]]:
        code, out, err = csi(*usage)
        equal((code, out), (64, ""))
        assert err, "no explanation"
    code, _, err = csi("identity", "probe", endpoint=f"unix://{WORK}/nobody.sock")
    equal(code, 1)
    assert err.startswith("UNAVAILABLE: "), err


class ForeignDriver(
        csi_pb2_grpc.IdentityServicer, csi_pb2_grpc.ControllerServicer, csi_pb2_grpc.NodeServicer):
    """A driver that has nothing to do with this repository's code."""

    def __init__(self):
        self.staged = None

    def GetPluginInfo(self, request, context):
        return csi_pb2.GetPluginInfoResponse(
            name="foreign.example.com", vendor_version="\x1b[2J9", manifest={"k": "v"})

    def Probe(self, request, context):
        time.sleep(30)
        return csi_pb2.ProbeResponse()

    def ListVolumes(self, request, context):
        volumes = [
            csi_pb2.ListVolumesResponse.Entry(
                volume=csi_pb2.Volume(volume_id=f"vol-{number}", capacity_bytes=number << 30))
            for number in range(1, request.max_entries + 1)]
        return csi_pb2.ListVolumesResponse(entries=volumes, next_token="t")

    def CreateSnapshot(self, request, context):
        snapshot = csi_pb2.Snapshot(
            snapshot_id=request.name, source_volume_id=request.source_volume_id, ready_to_use=True)
        snapshot.creation_time.FromJsonString("2026-01-31T23:59:59.5Z")
        return csi_pb2.CreateSnapshotResponse(snapshot=snapshot)

    def NodeStageVolume(self, request, context):
        self.staged = request
        return csi_pb2.NodeStageVolumeResponse()


@check
def foreign_driver(plugin, channel):
    """'nvmeof-csi csi' on a foreign driver: requests arrive as said, answers are shown"""
    driver = ForeignDriver()
    endpoint = f"unix://{WORK}/foreign.sock"
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(4))
    csi_pb2_grpc.add_IdentityServicer_to_server(driver, server)
    csi_pb2_grpc.add_ControllerServicer_to_server(driver, server)
    csi_pb2_grpc.add_NodeServicer_to_server(driver, server)
    server.add_insecure_port(endpoint)
    server.start()
    try:
        # What would steer the terminal is shown, not sent.
        code, out, err = csi("identity", "info", endpoint=endpoint)
        equal((code, err), (0, ""))
        equal(out, "name           foreign.example.com\nvendorVersion  \\u{1B}[2J9\nmanifest.k     v\n")
        code, out, err = csi(
            "call", "Controller/ListVolumes", "--request", "-", "--json", endpoint=endpoint,
            stdin='{"maxEntries": 20000}')
        equal((code, err), (0, ""))
        answer = json.loads(out)
        equal(len(answer["entries"]), 20000)
        equal(answer["entries"][2], {"volume": {"volumeId": "vol-3", "capacityBytes": str(3 << 30)}})
        code, out, err = csi(
            "call", "CreateSnapshot", "--request", '{"name": "s", "source_volume_id": "v"}', "--json",
            endpoint=endpoint)
        equal((code, err), (0, ""))
        equal(json.loads(out)["snapshot"]["creationTime"], "2026-01-31T23:59:59.500000000Z")

        with open(f"{WORK}/secrets.json", "w", encoding="utf-8") as file:
            json.dump({"user": "u", "key": "hunter2"}, file)
        code, out, err = csi(
            "node", "stage", "--endpoint", endpoint, "--volume-id", "v", "--staging-path", "/s",
            "--context", "a=b=c", "--publish-context", "p=", "--fs-type", "xfs", "--mount-flag", "ro",
            "--access-mode", "multi-node-reader-only", "--secrets-file", f"{WORK}/secrets.json",
            "--request", '{"volume_context": {"z": "1"}}', endpoint="unix:///nonexistent")
        equal((code, out, err), (0, "OK\n", ""))
        wanted = csi_pb2.NodeStageVolumeRequest(
            volume_id="v", staging_target_path="/s", volume_context={"a": "b=c", "z": "1"},
            publish_context={"p": ""}, secrets={"user": "u", "key": "hunter2"},
            volume_capability=capability(Mode.MULTI_NODE_READER_ONLY, "xfs"))
        wanted.volume_capability.mount.mount_flags.append("ro")
        equal(driver.staged, wanted)

        start = time.monotonic()
        code, out, err = csi("identity", "probe", "--timeout", "0.5", endpoint=endpoint)
        equal((code, out), (1, ""))
        assert err.startswith("DEADLINE_EXCEEDED: "), err
        assert time.monotonic() - start < 10
    finally:
        server.stop(0)


# --- The end, and a new beginning


@check
def stops(plugin, channel):
    """SIGTERM ends it within 5 s with an idle client connected; the socket is gone"""
    csi_pb2_grpc.IdentityStub(channel).Probe(csi_pb2.ProbeRequest(), timeout=60)
    seconds = plugin.stop()
    equal(plugin.process.returncode, 0)
    assert seconds < 5, f"it took {seconds:.1f} s"
    left = [name for name in os.listdir(WORK) if "csi.sock" in name]
    equal(left, [])


@check
def comes_back(plugin, channel):
    """after SIGKILL the next one takes the socket that was left"""
    victim = Plugin("victim").wait_until_serving()
    victim.stop(signal.SIGKILL)
    assert os.path.exists(SOCKET), "SIGKILL leaves the socket, or this proves nothing"
    successor = Plugin("victim").wait_until_serving()
    assert successor.stop() < 5
    assert not os.path.exists(SOCKET)


@check
def logs(plugin, channel):
    """no log has a secret's value"""
    assert "hunter2" not in plugin.text()


def main():
    plugin = Plugin()
    failed = 0
    try:
        plugin.wait_until_serving()
        with plugin.channel() as channel:
            for function in checks:
                try:
                    function(plugin, channel)
                except Exception as error:  # Each failure is reported, and the others still run.
                    failed += 1
                    print(f"FAILED  {function.__doc__}: {type(error).__name__}: {error}")
                else:
                    print(f"passed  {function.__doc__}")
    finally:
        if plugin.process.poll() is None:
            plugin.process.kill()
            plugin.process.wait()
        if failed or sys.exc_info()[0]:
            print("-- the plugin's last lines:\n" + "\n".join(plugin.text().splitlines()[-40:]))
    print(f"foreign client, grpcio {grpc.__version__}: {len(checks) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
