import { assertEquals } from "@std/assert";
import { runCommand } from "../../../../lib/host_local/operator/run_command.ts";
import { ExampleHost } from "../../../support/example_host.ts";
import { testRows } from "../../../support/rows.ts";

const CONFIG = JSON.stringify({
  cniVersion: "1.0.0",
  name: "net",
  ipam: {
    type: "host-local",
    ranges: [[{ subnet: "10.7.0.0/30" }]],
    sticky: "pod",
  },
});

testRows("explain --config says for pod web-0 of a sticky network:", [
  {
    name: "it had the address",
    history: "10.7.0.2 eth0 c1 shop/web-0 1 7 100 1",
    want: "range set 0: 10.7.0.2; the pod had it last",
  },
  {
    name: "only the address of another pod is free",
    history: "10.7.0.2 eth0 c1 shop/web-1 1 7 100 1",
    want:
      "range set 0: 10.7.0.2; it was kept for pod shop/web-1, but no other is free",
  },
  {
    name: "nothing is remembered",
    history: "",
    want: "range set 0: 10.7.0.2; no address has been reserved before",
  },
], async ({ history, want }) => {
  const args = "IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=web-0";
  const call = ["explain", "--json", "--config", "/n.conf", "--args", args];
  const { stdout } = await runCommand(call, {
    ports: new ExampleHost({
      networks: { net: { files: { "lock": "", ".history": `${history}\n` } } },
      files: { "/n.conf": CONFIG },
    }),
    version: "1.0.0",
  });
  assertEquals(JSON.parse(stdout).adds[0].steps[3].details, [want]);
});
