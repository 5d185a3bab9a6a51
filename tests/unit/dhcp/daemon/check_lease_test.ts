import { assertEquals, assertThrows } from "@std/assert";
import { CniError } from "../../../../lib/cni/error.ts";
import {
  type CheckedLease,
  checkLease,
} from "../../../../lib/dhcp/daemon/check_lease.ts";
import type { NetnsIdentity } from "../../../../lib/net/netns_identity.ts";
import type { Cidr } from "../../../../lib/net/cidr.ts";
import { ip } from "../../../support/dhcp_messages.ts";
import { testRows } from "../../../support/rows.ts";
import { FakeInterfaces } from "./fake_interface.ts";
import { FakeScheduler } from "./fake_scheduler.ts";
import { LEASED, sampleLease } from "./sample_lease.ts";

const { attachment } = LEASED;
const LEASED_CIDR = { address: ip("192.0.2.50"), prefixLength: 24 };
const OTHER_CIDR = { address: ip("192.0.2.51"), prefixLength: 24 };
const OTHER_MASK = { address: ip("192.0.2.50"), prefixLength: 25 };
const HELD = { lease: sampleLease(), stateName: "BOUND" };
const NETNS = { device: "0:4", inode: "1" };

interface Row {
  readonly name: string;
  /** Null: the daemon has no lease. */
  readonly held?: Omit<CheckedLease, "attached"> | null;
  /** The namespace that the runtime names. */
  readonly netns?: NetnsIdentity;
  readonly prevResult?: readonly Cidr[];
  readonly onInterface?: readonly (typeof LEASED_CIDR)[];
  readonly isUp?: boolean;
  readonly ifName?: string;
  /** Empty: there is no problem. */
  readonly want: string;
}

testRows<Row>("checkLease()", [
  { name: "accepts a lease on the interface", want: "" },
  {
    name: "accepts a lease that prevResult has",
    prevResult: [OTHER_CIDR, LEASED_CIDR],
    want: "",
  },
  {
    name: "accepts an interface with more addresses",
    onInterface: [OTHER_CIDR, LEASED_CIDR],
    want: "",
  },
  { name: "accepts an interface with another name", ifName: "net7", want: "" },
  {
    name: "refuses an attachment without a lease",
    held: null,
    want: "dhcp: no lease for this container and interface",
  },
  {
    name: "refuses a lost lease",
    held: { ...HELD, lease: undefined, stateName: "SELECTING" },
    want: "dhcp: the lease is lost, state SELECTING",
  },
  {
    name: "refuses a lease of another namespace",
    netns: { device: "0:4", inode: "2" },
    want: "dhcp: the lease belongs to another namespace",
  },
  {
    name: "refuses a prevResult with other addresses",
    prevResult: [OTHER_CIDR, OTHER_MASK],
    want:
      "dhcp: the lease is 192.0.2.50/24, which prevResult does not have: 192.0.2.51/24 192.0.2.50/25",
  },
  {
    name: "refuses an address that is not on the interface",
    onInterface: [OTHER_CIDR],
    want: "dhcp: 192.0.2.50/24 is not on the interface",
  },
  {
    name: "refuses an address with another prefix length",
    onInterface: [OTHER_MASK],
    want: "dhcp: 192.0.2.50/24 is not on the interface",
  },
  {
    name: "refuses an interface that is down",
    isUp: false,
    want: "dhcp: the interface is down",
  },
], ({ held = HELD, netns = NETNS, prevResult, want, ...row }) => {
  const { isUp = true, ifName: name = "eth0", onInterface } = row;
  const scheduler = new FakeScheduler();
  const interfaces = new FakeInterfaces({ scheduler, onSend: () => {} });
  const attached = interfaces.add("/ns/a", "1");
  attached.cidrs.push(...onInterface ?? [LEASED_CIDR]);
  attached.set({ isUp, name });
  const lease = held === null ? undefined : { ...held, attached };
  const check = (): void =>
    checkLease(lease, { attachment, addresses: prevResult, netns });
  if (want === "") return check();
  const error = assertThrows(check, CniError);
  assertEquals([error.message, error.code], [want, 999]);
  assertEquals(error.details, "attachment c1/net/eth0");
});
