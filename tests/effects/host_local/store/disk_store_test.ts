import { assertEquals, assertThrows } from "@std/assert";
import { SystemError } from "../../../../lib/base/errors.ts";
import { PoolError } from "../../../../lib/host_local/add_plan.ts";
import {
  type DirectoryScan,
  NetworkDirectory,
} from "../../../../lib/host_local/store/network_directory.ts";
import { testRows } from "../../../support/rows.ts";
import { thrownBy } from "../../../unit/base/thrown.ts";
import {
  attachment,
  ip,
  rangeSet,
  texts,
} from "../../../unit/host_local/builders.ts";
import { beforeBootMs, C1, C2, C9, Network } from "./network.ts";

const DUAL_STACK = ["10.0.0.0/24", "2001:db8::/64"] as const;

function permissionsOf(path: string): number {
  return (Deno.lstatSync(path).mode ?? 0) & 0o777;
}

Deno.test("DEL releases what a container with the longest possible ID holds", () => {
  using network = new Network();
  const containerId = "c".repeat(128 * 1024 - "CNI_CONTAINERID=".length - 1);
  assertEquals(network.add({ containerId }), ["10.0.0.2"]);
  network.release({ containerId });
  assertEquals(network.read(), { "last_reserved_ip.0": "10.0.0.2" });
});

Deno.test("ADD replaces a cursor that is too long", () => {
  using network = new Network({ "last_reserved_ip.0": "1".repeat(1_000_000) });
  assertEquals(network.add(), ["10.0.0.2"]);
  assertEquals(network.read(), {
    "10.0.0.2": C1,
    "last_reserved_ip.0": "10.0.0.2",
  });
});

Deno.test("ADD logs one line for all reservations that it cannot read", () => {
  const unreadable = ["10.0.0.3", "10.0.0.4", "10.0.0.5"].map((name) =>
    new SystemError(`open ${name}: permission denied`)
  );
  class ForeignDirectory extends NetworkDirectory {
    override scan(): DirectoryScan {
      return { ...super.scan(), unreadable };
    }
  }
  using network = new Network();
  network.add({ options: { directory: new ForeignDirectory(network.path) } });
  assertEquals(network.logged, [
    "level=warn event=reservation-unreadable files=3 " +
    'reason="open 10.0.0.3: permission denied"',
  ]);
});

Deno.test("ADD leaves the same files as upstream", () => {
  using network = new Network();
  assertEquals(network.add({ subnets: DUAL_STACK }), [
    "10.0.0.2",
    "2001:db8::2",
  ]);
  assertEquals(network.read(), {
    "10.0.0.2": "c1\r\neth0",
    "2001:db8::2": "c1\r\neth0",
    "last_reserved_ip.0": "10.0.0.2",
    "last_reserved_ip.1": "2001:db8::2",
  });
  assertEquals(network.logged, []);
});

testRows(
  "ADD creates with mode 0600",
  [{ name: "10.0.0.2" }, { name: "last_reserved_ip.0" }],
  ({ name }) => {
    using network = new Network();
    network.add();
    assertEquals(permissionsOf(network.join(name)), 0o600 & ~Deno.umask());
  },
);

Deno.test("ADD keeps the mode of a cursor", () => {
  using network = new Network({ "last_reserved_ip.0": "10.0.0.9" });
  Deno.chmodSync(network.join("last_reserved_ip.0"), 0o640);
  network.add();
  assertEquals(permissionsOf(network.join("last_reserved_ip.0")), 0o640);
});

Deno.test("ADD starts after the cursor of each range set", () => {
  using network = new Network({
    "last_reserved_ip.0": "10.0.0.9",
    "last_reserved_ip.1": "2001:db8::ff",
  });
  assertEquals(network.add({ subnets: DUAL_STACK }), [
    "10.0.0.10",
    "2001:db8::100",
  ]);
});

const BAD_CURSORS = [
  "10.0.0.9\n",
  " 10.0.0.9",
  "",
  "nonsense",
  "10.0.0.9/24",
];

testRows(
  "ADD ignores a cursor with the text",
  BAD_CURSORS.map((content) => ({ name: JSON.stringify(content), content })),
  ({ content }) => {
    using network = new Network({ "last_reserved_ip.0": content });
    assertEquals(network.add(), ["10.0.0.2"]);
  },
);

Deno.test("ADD moves the cursor to a requested address", () => {
  using network = new Network({ "last_reserved_ip.0": "10.0.0.9" });
  network.add({ requested: ["10.0.0.5"] });
  assertEquals(network.read()["last_reserved_ip.0"], "10.0.0.5");
});

Deno.test("ADD skips addresses that other containers hold", () => {
  using network = new Network({
    "10.0.0.2": C2,
    "10.0.0.3": "c3",
    "10.0.0.4": "three\nlines\nhere",
  });
  assertEquals(network.add(), ["10.0.0.5"]);
});

Deno.test("ADD ignores files whose names are not addresses", () => {
  const others = {
    "2001:DB8::2": C1,
    "010.0.0.2": C1,
    "10.0.0.2.bak": C1,
    "note": C1,
  };
  using network = new Network(others);
  assertEquals(network.add(), ["10.0.0.2"]);
  assertEquals(network.read(), {
    ...others,
    "10.0.0.2": C1,
    "last_reserved_ip.0": "10.0.0.2",
  });
});

Deno.test("ADD has everything on disk when it answers", () => {
  using network = new Network();
  let seen: unknown;
  network.add({ answer: () => seen = network.read() });
  assertEquals(seen, {
    ".answered": C1,
    "10.0.0.2": C1,
    "last_reserved_ip.0": "10.0.0.2",
  });
});

const ROLLBACKS = [
  { name: "in an empty directory", files: {}, subnets: ["10.0.0.0/24"] },
  { name: "with two range sets", files: {}, subnets: DUAL_STACK },
  {
    name: "with cursors (cursor-restored)",
    files: {
      "last_reserved_ip.0": "10.0.0.7",
      "last_reserved_ip.1": "nonsense\n",
    },
    subnets: DUAL_STACK,
  },
  {
    name: "for a container that holds an address elsewhere (rollback)",
    files: { "10.9.0.2": C1, "10.0.0.2": C2 },
    subnets: ["10.0.0.0/24"],
  },
] as const;

testRows(
  "ADD undoes everything if the answer fails",
  ROLLBACKS,
  ({ files, subnets }) => {
    using network = new Network(files);
    const failure = new TypeError("broken pipe");
    const add = (): unknown =>
      network.add({
        subnets,
        answer: () => {
          throw failure;
        },
      });
    assertEquals(thrownBy(add), {
      name: "TypeError",
      message: "broken pipe",
    });
    assertEquals<unknown>(network.read(), files);
  },
);

Deno.test("ADD leaves .pending behind if something cannot be undone", () => {
  using network = new Network();
  const failing = (): void =>
    void network.add({
      subnets: DUAL_STACK,
      answer: () => {
        Deno.removeSync(network.join("10.0.0.2"));
        Deno.mkdirSync(network.join("10.0.0.2/full"), { recursive: true });
        throw new TypeError("no");
      },
    });
  assertThrows(failing, TypeError);
  assertEquals(network.read(), { ".pending": C1, "10.0.0.2": "<directory>" });
});

Deno.test("ADD succeeds when it is repeated after a failure", () => {
  using network = new Network();
  const failing = (): void =>
    void network.add({
      answer: () => {
        throw new TypeError("no");
      },
    });
  assertThrows(failing, TypeError);
  assertEquals(network.add(), ["10.0.0.2"]);
});

Deno.test("ADD writes nothing if it is refused", () => {
  using network = new Network({ "10.0.0.4": C1 });
  const before = network.snapshot();
  const error = assertThrows(() => network.add(), PoolError);
  assertEquals([error.kind, error.addresses], [
    "duplicate",
    [ip("10.0.0.4")],
  ]);
  assertEquals(network.snapshot(), before);
});

Deno.test("ADD names the first of several duplicates in the order of file names", () => {
  using network = new Network({
    "10.0.0.9": C1,
    "10.0.0.10": C1,
    "10.0.0.8": "c1",
  });
  const error = assertThrows(() => network.add(), PoolError);
  assertEquals(error.addresses, [ip("10.0.0.10")]);
});

Deno.test("ADD allocates another address for another interface of the container", () => {
  using network = new Network({ "10.0.0.2": "c1\r\nnet1" });
  assertEquals(network.add(), ["10.0.0.3"]);
});

Deno.test("ADD is a duplicate if the container has a file without an interface name", () => {
  using network = new Network({ "10.0.0.2": "c1\n" });
  assertEquals(assertThrows(() => network.add(), PoolError).kind, "duplicate");
});

Deno.test("ADD undoes everything if another process creates one of its files", () => {
  using network = new Network();
  using store = network.open();
  const [range] = rangeSet("10.0.0.0/24");
  const choices = [ip("10.0.0.2"), ip("10.0.0.3")].map((address) => ({
    address,
    range,
    reused: false,
    replaced: [],
  }));
  store.reservationsOf(attachment());
  network.write({ "10.0.0.3": C9 });
  assertEquals(thrownBy(() => store.reserve(attachment(), { choices })), {
    name: "SystemError",
    message: `link ${network.join("10.0.0.3")}: file exists`,
    advice: "another process created it without taking the lock",
  });
  assertEquals(network.read(), { "10.0.0.3": C9 });
});

const LEFT_ALONE: readonly [name: string, files: Record<string, string>][] = [
  ["cursors (bookkeeping-names)", { "last_reserved_ip.0": "c1" }],
  ["names that are not addresses", { "note": C1, "10.0.0.02": C1 }],
];

testRows(
  "DEL leaves alone",
  LEFT_ALONE.map(([name, files]) => ({ name, files })),
  ({ files }) => {
    using network = new Network({ ...files, "10.0.0.2": C1 });
    network.release();
    assertEquals(network.read(), files);
  },
);

Deno.test("DEL of a container whose ID is an address leaves the cursor alone (bookkeeping-names)", () => {
  using network = new Network();
  network.add();
  network.release({ containerId: "10.0.0.2" });
  assertEquals(network.read(), {
    "10.0.0.2": C1,
    "last_reserved_ip.0": "10.0.0.2",
  });
});

Deno.test("DEL leaves the directories of other networks alone (sub-directories)", () => {
  using network = new Network();
  Deno.mkdirSync(network.join("other"));
  network.write({ "other/10.0.0.2": C1 });
  network.release();
  assertEquals(Deno.readTextFileSync(network.join("other/10.0.0.2")), C1);
});

Deno.test("ADD reuses an address from before the boot (earlier-boot)", () => {
  using network = new Network({
    "10.0.0.7": C1,
    "last_reserved_ip.0": "10.0.0.9",
  });
  network.age("10.0.0.7", beforeBootMs());
  assertEquals(network.add(), ["10.0.0.7"]);
  assertEquals(network.read(), {
    "10.0.0.7": C1,
    "last_reserved_ip.0": "10.0.0.9",
  });
});

Deno.test("ADD is a duplicate once the address from before the boot has been reused", () => {
  using network = new Network({ "10.0.0.7": C1 });
  network.age("10.0.0.7", beforeBootMs());
  network.add();
  assertEquals(assertThrows(() => network.add(), PoolError).kind, "duplicate");
});

Deno.test("ADD reuses one of several addresses from before the boot and releases the others", () => {
  using network = new Network({
    "10.0.0.7": C1,
    "10.0.0.6": "c1",
    "10.9.0.2": C1,
  });
  for (const name of ["10.0.0.7", "10.0.0.6", "10.9.0.2"]) {
    network.age(name, beforeBootMs());
  }
  assertEquals(network.add(), ["10.0.0.6"]);
  assertEquals(network.read(), { "10.0.0.6": "c1", "10.9.0.2": C1 });
});

Deno.test("ADD does not reuse the address of another container from before the boot", () => {
  using network = new Network({ "10.0.0.2": C2 });
  network.age("10.0.0.2", beforeBootMs());
  assertEquals(network.add(), ["10.0.0.3"]);
});

Deno.test("ADD keeps the addresses from before the boot if the answer fails", () => {
  using network = new Network({ "10.0.0.7": C1, "10.0.0.8": C1 });
  for (const name of ["10.0.0.7", "10.0.0.8"]) {
    network.age(name, beforeBootMs());
  }
  const failing = (): void =>
    void network.add({
      answer: () => {
        throw new TypeError("no");
      },
    });
  assertThrows(failing, TypeError);
  assertEquals(network.read(), { "10.0.0.7": C1, "10.0.0.8": C1 });
  assertEquals(network.add(), ["10.0.0.7"]);
});

Deno.test("GC removes only reservations of known owners", () => {
  using network = new Network({
    "10.0.0.2": C1,
    "10.0.0.3": C2,
    "10.0.0.4": "c3",
    "10.0.0.5": "three\nlines\nhere",
    "last_reserved_ip.0": "10.0.0.5",
    "lock": "",
    "note": "c1",
  });
  using store = network.open();
  store.releaseUnless(({ address }) => texts([address])[0] === "10.0.0.2");
  assertEquals(network.read(), {
    "10.0.0.2": C1,
    "10.0.0.5": "three\nlines\nhere",
    "last_reserved_ip.0": "10.0.0.5",
    "lock": "",
    "note": "c1",
  });
});

Deno.test("GC sees the age of a reservation", () => {
  using network = new Network({ "10.0.0.2": C1, "10.0.0.3": C1 });
  network.age("10.0.0.2", 120_000);
  using store = network.open();
  const nowMs = Date.now();
  store.releaseUnless(({ reservedAtMs }) => nowMs - reservedAtMs < 60_000);
  assertEquals(network.read(), { "10.0.0.3": C1 });
});

Deno.test("GC releases the rest and fails if a file cannot be removed (del-reports-failure)", () => {
  using network = new Network({ "10.0.0.2": C1, "10.0.0.3": C2 });
  using store = network.open();
  const replace = (): void => {
    Deno.removeSync(network.join("10.0.0.2"));
    Deno.mkdirSync(network.join("10.0.0.2/full"), { recursive: true });
  };
  const release = (): void =>
    store.releaseUnless(({ location }) => {
      if (location.endsWith("10.0.0.2")) replace();
      return false;
    });
  assertThrows(release, SystemError, `unlink ${network.join("10.0.0.2")}: `);
  assertEquals(network.read(), { "10.0.0.2": "<directory>" });
});

Deno.test("find() and GC see owner, time and path of a reservation", () => {
  using network = new Network({ "10.0.0.2": C1 });
  const reservedAtMs = Date.UTC(2020, 0, 1);
  Deno.utimeSync(
    network.join("10.0.0.2"),
    new Date(reservedAtMs),
    new Date(reservedAtMs),
  );
  using store = network.open();
  const want = {
    address: ip("10.0.0.2"),
    owner: { kind: "attachment", attachment: attachment() },
    reservedAtMs,
    fromEarlierBoot: true,
    location: network.join("10.0.0.2"),
  } as const;
  assertEquals<unknown>(store.find(ip("10.0.0.2")), want);
  store.releaseUnless((reservation) => {
    assertEquals<unknown>(reservation, want);
    return true;
  });
});

Deno.test("find() sees that a new file is of this boot", () => {
  using network = new Network({ "10.0.0.2": C1 });
  using store = network.open();
  assertEquals(store.find(ip("10.0.0.2"))?.fromEarlierBoot, false);
});
