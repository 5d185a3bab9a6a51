import { assertEquals } from "@std/assert";
import { formatHex } from "../../../../lib/base/hex.ts";
import {
  clientSettings,
  identityOnLink,
  newIdentity,
} from "../../../../lib/dhcp/daemon/client_identity.ts";
import type { ClientId } from "../../../../lib/dhcp/config/lease_options.ts";
import { hex } from "../../../support/bytes.ts";
import { testRows } from "../../../support/rows.ts";
import { allocate, C1 } from "./fake_host.ts";

const ETHERNET = { htype: 1, macAddress: hex("02005e100001") };
const MACHINE_ID = hex("000102030405060708090a0b0c0d0e0f");
const digest = (): Uint8Array => hex("aabbccddeeff00112233445566778899");

testRows("newIdentity()", [
  {
    name: "is upstream's by default",
    clientId: { kind: "attachment" },
    want: "0063312f6e65742f65746830",
  },
  {
    name: "may be the hardware address",
    clientId: { kind: "mac" },
    want: "0102005e100001",
  },
  {
    name: "may be derived from the machine's id",
    clientId: { kind: "duid" },
    want: "ff aabbccdd 0004 000102030405060708090a0b0c0d0e0f",
  },
  {
    name: "may be derived from the hardware address on a machine without id",
    clientId: { kind: "duid" },
    machineId: undefined,
    want: "ff aabbccdd 0003 0001 02005e100001",
  },
  {
    name: "may be configured",
    clientId: { kind: "bytes", bytes: hex("0102") },
    want: "0102",
  },
], (row) => {
  const clientId = row.clientId as ClientId;
  const machineId = "machineId" in row ? row.machineId : MACHINE_ID;
  const identity = newIdentity(C1, { clientId }, {
    link: ETHERNET,
    digest,
    machineId,
  });
  assertEquals(
    formatHex(identity.clientIdentifier),
    row.want.replaceAll(" ", ""),
  );
});

Deno.test("newIdentity() leaves chaddr empty for a longer hardware address", () => {
  const link = { htype: 32, macAddress: new Uint8Array(20) };
  const clientId = { kind: "attachment" } as const;
  const identity = newIdentity(C1, { clientId }, {
    link,
    digest,
    machineId: MACHINE_ID,
  });
  assertEquals([identity.htype, identity.chaddr.length], [32, 0]);
});

const IDENTITY = {
  htype: 1,
  chaddr: hex("02005e100001"),
  clientIdentifier: hex("0102"),
};

testRows("identityOnLink()", [
  {
    name: "replaces chaddr, and keeps the client identifier",
    macAddress: hex("02005e100009"),
    want: { ...IDENTITY, chaddr: hex("02005e100009") },
  },
  {
    name: "is undefined for the same hardware address",
    macAddress: hex("02005e100001"),
    want: undefined,
  },
  {
    name: "is undefined for a link without a hardware address",
    macAddress: new Uint8Array(),
    want: undefined,
  },
  {
    name: "is undefined for an address that chaddr cannot hold",
    macAddress: new Uint8Array(20),
    want: undefined,
  },
  {
    name: "is undefined if chaddr was left empty",
    chaddr: new Uint8Array(),
    macAddress: hex("02005e100009"),
    want: undefined,
  },
], ({ chaddr = IDENTITY.chaddr, macAddress, want }) => {
  assertEquals(identityOnLink({ ...IDENTITY, chaddr }, { macAddress }), want);
});

const FLAGS = {
  broadcast: false,
  timeoutMs: 10_000,
  resendMaxMs: 62_000,
  resendTimeoutMs: 60_000,
};

testRows("clientSettings() broadcast", [
  { name: "is auto", want: "auto" },
  { name: "is on by the flag", flag: true, want: true },
  {
    name: "is the network's setting rather than the flag",
    flag: true,
    broadcast: false,
    want: false,
  },
  { name: "is on for ipvlan", linkKind: "ipvlan", want: true },
  {
    name: "is off for ipvlan if the network configures it",
    linkKind: "ipvlan",
    broadcast: false,
    want: false,
  },
  {
    name: "is on without chaddr, for any network configuration",
    chaddr: "",
    broadcast: false,
    want: true,
  },
], (row) => {
  const { flag = false, linkKind, chaddr = "02005e100001", broadcast, want } =
    row as {
      flag?: boolean;
      linkKind?: string;
      chaddr?: string;
      broadcast?: boolean;
      want: boolean | "auto";
    };
  const identity = {
    htype: 1,
    chaddr: hex(chaddr),
    clientIdentifier: hex("0102"),
  };
  const { options } = allocate(C1, { broadcast });
  const flags = { ...FLAGS, broadcast: flag };
  assertEquals(
    clientSettings(identity, options, { flags, linkKind, mtu: 1500 })
      .broadcast,
    want,
  );
});

Deno.test("clientSettings() takes the times from network and flags", () => {
  const { options } = allocate(C1, { timeoutMs: 5000, conflictProbeMs: 100 });
  const identity = {
    htype: 1,
    chaddr: hex("02005e100001"),
    clientIdentifier: hex("0102"),
  };
  const settings = clientSettings(identity, options, {
    flags: FLAGS,
    linkKind: undefined,
    mtu: undefined,
  });
  assertEquals(settings.timings, {
    timeoutMs: 10_000,
    resendMaxMs: 62_000,
    resendTimeoutMs: 5000,
    probeMs: 100,
  });
});

testRows("clientSettings() announces messages (RFC 2132 section 9.10) of", [
  { name: "1500 bytes for an MTU of 1500", mtu: 1500, want: 1500 },
  { name: "1500 bytes for an MTU of 9000", mtu: 9000, want: 1500 },
  { name: "1400 bytes for an MTU of 1400", mtu: 1400, want: 1400 },
  { name: "1280 bytes for an MTU of 1280", mtu: 1280, want: 1280 },
  { name: "576 bytes for an MTU of 576", mtu: 576, want: 576 },
  { name: "576 bytes for an MTU of 68", mtu: 68, want: 576 },
  { name: "1500 bytes if the MTU is unknown", mtu: undefined, want: 1500 },
], ({ mtu, want }) => {
  const identity = {
    htype: 1,
    chaddr: hex("02005e100001"),
    clientIdentifier: hex("0102"),
  };
  const linkKind = undefined;
  const { options } = allocate(C1);
  const settings = clientSettings(identity, options, {
    flags: FLAGS,
    linkKind,
    mtu,
  });
  assertEquals(settings.maximumMessageSize, want);
});
