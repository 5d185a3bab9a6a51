import { assertEquals } from "@std/assert";
import {
  isAddressOfHost,
  isAddressOfOther,
} from "../../../lib/net/subnet_host.ts";
import { ip } from "../../support/dhcp_messages.ts";
import { testRows } from "../../support/rows.ts";

testRows("isAddressOfHost() of 192.0.2.50", [
  { name: "accepts a host of the subnet", address: "192.0.2.1", want: true },
  { name: "accepts the client itself", address: "192.0.2.50", want: true },
  { name: "accepts a host elsewhere", address: "198.51.100.1", want: true },
  {
    name: "accepts the last address of another subnet",
    address: "192.0.3.255",
    want: true,
  },
  { name: "accepts a link-local address", address: "169.254.1.1", want: true },
  { name: "refuses the network address", address: "192.0.2.0", want: false },
  {
    name: "refuses the broadcast address",
    address: "192.0.2.255",
    want: false,
  },
  { name: "refuses 0.0.0.0", address: "0.0.0.0", want: false },
  { name: "refuses 0/8", address: "0.1.2.3", want: false },
  { name: "refuses loopback", address: "127.0.0.1", want: false },
  { name: "refuses multicast", address: "224.0.0.1", want: false },
  { name: "refuses reserved addresses", address: "240.0.0.1", want: false },
  {
    name: "refuses the limited broadcast",
    address: "255.255.255.255",
    want: false,
  },
  {
    name: "refuses the ends of a /30",
    address: "192.0.2.51",
    prefixLength: 30,
    want: false,
  },
  {
    name: "accepts both addresses of a /31 (RFC 3021)",
    address: "192.0.2.51",
    prefixLength: 31,
    want: true,
  },
  {
    name: "accepts the address of a /32",
    address: "192.0.2.50",
    prefixLength: 32,
    want: true,
  },
], ({ address, prefixLength = 24, want }) => {
  const subnet = { address: ip("192.0.2.50"), prefixLength };
  assertEquals(isAddressOfHost(ip(address), subnet), want);
});

testRows("isAddressOfOther() of 192.0.2.50", [
  { name: "accepts another host", address: "192.0.2.1", want: true },
  { name: "refuses the client itself", address: "192.0.2.50", want: false },
  { name: "refuses what no host has", address: "192.0.2.255", want: false },
], ({ address, want }) => {
  const client = { address: ip("192.0.2.50"), prefixLength: 24 };
  assertEquals(isAddressOfOther(ip(address), client), want);
});
