import { assertEquals } from "@std/assert";
import { JsonObject } from "../../../../lib/base/json_reader.ts";
import {
  findHostDevice,
  readHostDevice,
} from "../../../../lib/dhcp/config/host_device.ts";
import { testRows } from "../../../support/rows.ts";

testRows("findHostDevice()", [
  {
    name: "knows the default of bridge",
    config: { type: "bridge" },
    want: "cni0",
  },
  {
    name: "reads the bridge of bridge",
    config: { type: "bridge", bridge: "br1", vlan: 100 },
    want: "br1",
    vlanId: 100,
  },
  {
    name: "reads the master of macvlan",
    config: { type: "macvlan", master: "eth1" },
    want: "eth1",
  },
  {
    name: "reads the master of ipvlan",
    config: { type: "ipvlan", master: "eth1" },
    want: "eth1",
  },
  {
    name: "reads master and vlanId of vlan",
    config: { type: "vlan", master: "eth1", vlanId: 7 },
    want: "eth1",
    vlanId: 7,
  },
  {
    name: "reads the bridge of another plugin",
    config: { type: "ovs", bridge: "br-int" },
    want: "br-int",
  },
  {
    name: "finds none for macvlan without master",
    config: { type: "macvlan" },
    want: undefined,
  },
  { name: "finds none for ptp", config: { type: "ptp" }, want: undefined },
  {
    name: "finds none in the namespace of the container",
    config: { type: "macvlan", master: "eth1", linkInContainer: true },
    want: undefined,
  },
  {
    name: "ignores a name that no interface can have",
    config: { type: "macvlan", master: "a-name-of-16-byt" },
    want: undefined,
  },
  {
    name: "ignores values of the wrong type",
    config: { type: "bridge", bridge: 5, vlan: "x", master: [] },
    want: "cni0",
  },
  {
    name: "ignores a VLAN out of range",
    config: { type: "bridge", vlan: 4095 },
    want: "cni0",
  },
], ({ config, want, vlanId }) => {
  assertEquals(
    findHostDevice(new JsonObject(config, "")),
    want === undefined ? undefined : { name: want, vlanId },
  );
});

testRows("readHostDevice()", [
  {
    name: "reads a device",
    json: { name: "cni0", vlanId: 5 },
    want: { name: "cni0", vlanId: 5 },
  },
  {
    name: "reads a device without a VLAN",
    json: { name: "cni0" },
    want: { name: "cni0", vlanId: undefined },
  },
  { name: "finds none without a name", json: { vlanId: 5 }, want: undefined },
  { name: "finds none without an object", json: undefined, want: undefined },
], ({ json, want }) => {
  const object = json && new JsonObject(json, "");
  assertEquals(readHostDevice(object), want);
});
