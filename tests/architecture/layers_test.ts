import { assertEquals } from "@std/assert";
import { type Import, importProblems, unusedArrows } from "./layers.ts";

const BAD_IMPORTS: readonly {
  name: string;
  imports: readonly Import[];
  want: string[];
}[] = [
  {
    name: "base imports net",
    imports: [{ from: "lib/base/a.ts", to: "lib/net/b.ts", typeOnly: false }],
    want: ["lib/base/a.ts must not import lib/net/b.ts"],
  },
  {
    name: "host_local imports a type of dhcp/plugin",
    imports: [{
      from: "lib/host_local/a.ts",
      to: "lib/dhcp/plugin/b.ts",
      typeOnly: true,
    }],
    want: [
      "lib/host_local/a.ts must not import a type of lib/dhcp/plugin/b.ts",
    ],
  },
  {
    name: "dhcp/client imports host_local",
    imports: [{
      from: "lib/dhcp/client/a.ts",
      to: "lib/host_local/b.ts",
      typeOnly: false,
    }],
    want: ["lib/dhcp/client/a.ts must not import lib/host_local/b.ts"],
  },
  {
    name: "cni imports sys",
    imports: [{ from: "lib/cni/a.ts", to: "lib/sys/b.ts", typeOnly: false }],
    want: ["lib/cni/a.ts must not import lib/sys/b.ts"],
  },
  {
    name: "host-local reaches the C library",
    imports: [{
      from: "lib/host_local/store/a.ts",
      to: "lib/linux/b.ts",
      typeOnly: false,
    }],
    want: ["lib/host_local/store/a.ts must not import lib/linux/b.ts"],
  },
  {
    name: "host_local imports its store",
    imports: [{
      from: "lib/host_local/a.ts",
      to: "lib/host_local/store/b.ts",
      typeOnly: true,
    }],
    want: [
      "lib/host_local/a.ts must not import a type of lib/host_local/store/b.ts",
    ],
  },
  {
    name: "sys imports the code of handlers",
    imports: [{
      from: "lib/sys/a.ts",
      to: "lib/host_local/handlers.ts",
      typeOnly: false,
    }],
    want: ["lib/sys/a.ts must not import lib/host_local/handlers.ts"],
  },
  {
    name: "net imports node:net",
    imports: [{ from: "lib/net/a.ts", to: "node:net", typeOnly: false }],
    want: ["lib/net/a.ts must not import node:net"],
  },
  {
    name: "sys imports a package",
    imports: [{
      from: "lib/sys/a.ts",
      to: "npm:/left-pad@1.3.0",
      typeOnly: false,
    }],
    want: ["lib/sys/a.ts must not import npm:/left-pad@1.3.0"],
  },
  {
    name: "lib imports an entry point",
    imports: [{ from: "lib/sys/a.ts", to: "main_dhcp.ts", typeOnly: false }],
    want: ["lib/sys/a.ts must not import main_dhcp.ts"],
  },
  {
    name: "a folder without a rule",
    imports: [{ from: "lib/utils/a.ts", to: "lib/base/b.ts", typeOnly: false }],
    want: ["lib/utils/a.ts must not import lib/base/b.ts"],
  },
  {
    name: "a cycle of types",
    imports: [
      { from: "lib/net/a.ts", to: "lib/net/b.ts", typeOnly: true },
      { from: "lib/net/b.ts", to: "lib/net/a.ts", typeOnly: true },
      { from: "lib/net/c.ts", to: "lib/net/a.ts", typeOnly: false },
    ],
    want: ["lib/net/a.ts, lib/net/b.ts import each other"],
  },
];

for (const { name, imports, want } of BAD_IMPORTS) {
  Deno.test(`importProblems() ${name}`, () =>
    assertEquals(importProblems(imports), want));
}

Deno.test("importProblems() accepts arrows of the table, and node: modules in folders with effects", () => {
  const imports = [
    {
      from: "lib/host_local/store/a.ts",
      to: "lib/host_local/b.ts",
      typeOnly: true,
    },
    {
      from: "lib/dhcp/daemon/a.ts",
      to: "lib/dhcp/protocol/gob/b.ts",
      typeOnly: false,
    },
    { from: "lib/host_local/store/a.ts", to: "node:sqlite", typeOnly: false },
  ];
  assertEquals(importProblems(imports), []);
});

Deno.test("unusedArrows() finds what no module needs", () => {
  const from = "lib/netlink/a.ts";
  const imports = [{ from, to: "lib/base/b.ts", typeOnly: true }];
  assertEquals(
    unusedArrows(imports).filter((line) => line.includes("netlink imports")),
    ["no module of netlink imports net"],
  );
});
