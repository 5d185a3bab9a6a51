import { assertEquals, assertThrows } from "@std/assert";
import { SystemError } from "../../../../lib/base/errors.ts";
import { PoolError } from "../../../../lib/host_local/add_plan.ts";
import { thrownBy } from "../../../unit/base/thrown.ts";
import {
  attachment,
  ip,
  rangeSet,
  texts,
} from "../../../unit/host_local/builders.ts";
import { beforeBootMs, C1, C2, C9, Network } from "./network.ts";
import { testRows } from "../../../support/rows.ts";

const DUAL_STACK = ["10.0.0.0/24", "2001:db8::/64"] as const;

function permissionsOf(path: string): number {
  return (Deno.lstatSync(path).mode ?? 0) & 0o777;
}

Deno.test("DiskStore.add() leaves upstream's files and nothing else", () => {
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

for (const name of ["10.0.0.2", "last_reserved_ip.0"]) {
  Deno.test(`DiskStore.add() gives ${name} the mode 0600`, () => {
    using network = new Network();
    network.add();
    assertEquals(permissionsOf(network.join(name)), 0o600 & ~Deno.umask());
  });
}

Deno.test("DiskStore.add() keeps the mode of a cursor", () => {
  using network = new Network({ "last_reserved_ip.0": "10.0.0.9" });
  Deno.chmodSync(network.join("last_reserved_ip.0"), 0o640);
  network.add();
  assertEquals(permissionsOf(network.join("last_reserved_ip.0")), 0o640);
});

Deno.test("DiskStore.add() starts after the cursor of each set", () => {
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
] as const;

for (const content of BAD_CURSORS) {
  Deno.test(`DiskStore.add() has no cursor in ${JSON.stringify(content)}`, () => {
    using network = new Network({ "last_reserved_ip.0": content });
    assertEquals(network.add(), ["10.0.0.2"]);
  });
}

Deno.test("DiskStore.add() moves the cursor for a requested address", () => {
  using network = new Network({ "last_reserved_ip.0": "10.0.0.9" });
  network.add({ requested: ["10.0.0.5"] });
  assertEquals(network.read()["last_reserved_ip.0"], "10.0.0.5");
});

Deno.test("DiskStore.add() gives what others hold to nobody", () => {
  using network = new Network({
    "10.0.0.2": C2,
    "10.0.0.3": "c3",
    "10.0.0.4": "three\nlines\nhere",
  });
  assertEquals(network.add(), ["10.0.0.5"]);
});

Deno.test("DiskStore.add() is not confused by other files", () => {
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

Deno.test("DiskStore.add() has everything on disk when it answers", () => {
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
  { name: "of two sets", files: {}, subnets: DUAL_STACK },
  {
    name: "with cursors to restore",
    files: {
      "last_reserved_ip.0": "10.0.0.7",
      "last_reserved_ip.1": "nonsense\n",
    },
    subnets: DUAL_STACK,
  },
  {
    name: "of a container that holds an address elsewhere",
    files: { "10.9.0.2": C1, "10.0.0.2": C2 },
    subnets: ["10.0.0.0/24"],
  },
] as const;

testRows(
  "DiskStore.add() takes all back if the answer fails,",
  ROLLBACKS,
  ({ name, files, subnets }) => {
    using network = new Network(files);
    const failure = new TypeError("nobody reads this");
    const add = (): unknown =>
      network.add({
        subnets,
        answer: () => {
          throw failure;
        },
      });
    assertEquals(thrownBy(add), {
      name: "TypeError",
      message: "nobody reads this",
    });
    assertEquals<unknown>(network.read(), files);
  },
);

Deno.test("DiskStore.add() leaves its marker if something cannot be taken back", () => {
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

Deno.test("DiskStore.add() SPEC 2 succeeds when it is repeated after a failure", () => {
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

Deno.test("DiskStore.add() writes nothing if the plan is refused", () => {
  using network = new Network({ "10.0.0.4": C1 });
  const before = network.snapshot();
  const error = assertThrows(() => network.add(), PoolError);
  assertEquals([error.kind, error.address], ["duplicate", ip("10.0.0.4")]);
  assertEquals(network.snapshot(), before);
});

Deno.test("DiskStore.add() names the duplicate that is first by file name", () => {
  using network = new Network({
    "10.0.0.9": C1,
    "10.0.0.10": C1,
    "10.0.0.8": "c1",
  });
  const error = assertThrows(() => network.add(), PoolError);
  assertEquals(error.address, ip("10.0.0.10"));
});

Deno.test("DiskStore.add() lets another interface of the container have its own", () => {
  using network = new Network({ "10.0.0.2": "c1\r\nnet1" });
  assertEquals(network.add(), ["10.0.0.3"]);
});

Deno.test("DiskStore.add() counts a file without interface as the container's", () => {
  using network = new Network({ "10.0.0.2": "c1\n" });
  assertEquals(assertThrows(() => network.add(), PoolError).kind, "duplicate");
});

Deno.test("DiskStore.add() undoes what it did if a file comes in between", () => {
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

const RELEASES = [
  {
    name: "frees what the attachment holds",
    files: { "10.0.0.2": C1, "2001:db8::2": C1, "10.0.0.3": C2 },
    rest: { "10.0.0.3": C2 },
  },
  {
    name: "goes by interface",
    files: { "10.0.0.2": C1, "10.0.0.3": "c1\r\nnet1" },
    rest: { "10.0.0.3": "c1\r\nnet1" },
  },
  {
    name: "sees through white space around",
    files: { "10.0.0.2": " c1\r\neth0\r\n" },
    rest: {},
  },
  {
    name: "sees through a bare line feed",
    files: { "10.0.0.2": "c1\neth0\n" },
    rest: {},
  },
  {
    name: "frees a file without interface",
    files: { "10.0.0.2": "c1\n" },
    rest: {},
  },
  {
    name: "leaves files without interface if there are others",
    files: { "10.0.0.2": C1, "10.0.0.3": "c1" },
    rest: { "10.0.0.3": "c1" },
  },
  { name: "frees outside every range", files: { "192.0.2.7": C1 }, rest: {} },
  {
    name: "leaves cursors alone",
    files: { "last_reserved_ip.0": "c1", "10.0.0.2": C1 },
    rest: { "last_reserved_ip.0": "c1" },
  },
  {
    name: "leaves names alone that are no addresses",
    files: { "note": C1, "10.0.0.02": C1 },
    rest: { "note": C1, "10.0.0.02": C1 },
  },
  {
    name: "finds nothing to free",
    files: { "10.0.0.3": C2 },
    rest: { "10.0.0.3": C2 },
  },
] as const;

testRows("DiskStore.release()", RELEASES, ({ files, rest }) => {
  using network = new Network(files);
  network.release();
  assertEquals<unknown>(network.read(), rest);
});

Deno.test("DiskStore.release() of a container whose ID is an address", () => {
  using network = new Network();
  network.add();
  network.release({ containerId: "10.0.0.2" });
  assertEquals(network.read(), {
    "10.0.0.2": C1,
    "last_reserved_ip.0": "10.0.0.2",
  });
});

Deno.test("DiskStore.release() leaves the directories of other networks alone", () => {
  using network = new Network();
  Deno.mkdirSync(network.join("other"));
  network.write({ "other/10.0.0.2": C1 });
  network.release();
  assertEquals(Deno.readTextFileSync(network.join("other/10.0.0.2")), C1);
});

const HELD = [
  {
    name: "both families, by file name",
    files: {
      "10.0.0.9": C1,
      "10.0.0.10": C1,
      "2001:db8::2": C1,
      "10.0.0.3": C2,
    },
    want: ["10.0.0.10", "10.0.0.9", "2001:db8::2"],
  },
  {
    name: "own files before those without interface",
    files: { "10.0.0.2": "c1", "10.0.0.3": C1 },
    want: ["10.0.0.3"],
  },
  {
    name: "files without interface if there are no others",
    files: { "10.0.0.2": "c1" },
    want: ["10.0.0.2"],
  },
  { name: "nothing of others", files: { "10.0.0.2": C2 }, want: [] },
] as const;

testRows("DiskStore.heldBy() gives", HELD, ({ files, want }) => {
  using network = new Network(files);
  assertEquals<readonly string[]>(network.heldBy(), want);
});

Deno.test("DiskStore.add() gives an address from before the boot again", () => {
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

Deno.test("DiskStore.add() has such an address in this boot afterwards", () => {
  using network = new Network({ "10.0.0.7": C1 });
  network.age("10.0.0.7", beforeBootMs());
  network.add();
  assertEquals(assertThrows(() => network.add(), PoolError).kind, "duplicate");
});

Deno.test("DiskStore.add() gives one of several such addresses and frees the rest", () => {
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

Deno.test("DiskStore.add() gives no old address of another container", () => {
  using network = new Network({ "10.0.0.2": C2 });
  network.age("10.0.0.2", beforeBootMs());
  assertEquals(network.add(), ["10.0.0.3"]);
});

Deno.test("DiskStore.add() keeps an old address if the answer fails", () => {
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

Deno.test("DiskStore.releaseUnless() frees what is not kept, of known owners", () => {
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

Deno.test("DiskStore.releaseUnless() knows the age of a reservation", () => {
  using network = new Network({ "10.0.0.2": C1, "10.0.0.3": C1 });
  network.age("10.0.0.2", 120_000);
  using store = network.open();
  const nowMs = Date.now();
  store.releaseUnless(({ reservedAtMs }) => nowMs - reservedAtMs < 60_000);
  assertEquals(network.read(), { "10.0.0.3": C1 });
});

Deno.test("DiskStore.releaseUnless() frees the rest and fails if a name cannot be removed", () => {
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

Deno.test("DiskStore.find() and list() tell owner, time and place", () => {
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

Deno.test("DiskStore.find() has a fresh file in this boot", () => {
  using network = new Network({ "10.0.0.2": C1 });
  using store = network.open();
  assertEquals(store.find(ip("10.0.0.2"))?.fromEarlierBoot, false);
});

Deno.test("DiskStore.find() finds nothing where nothing is", () => {
  using network = new Network({ "10.0.0.2": C1 });
  using store = network.open();
  assertEquals(store.find(ip("10.0.0.3")), undefined);
});

Deno.test("DiskStore.firstFree() looks at the files", () => {
  using network = new Network({ "10.0.0.2": C1, "10.0.0.4": C2 });
  using store = network.open();
  assertEquals(store.firstFree(ip("10.0.0.2"), ip("10.0.0.9")), ip("10.0.0.3"));
});
