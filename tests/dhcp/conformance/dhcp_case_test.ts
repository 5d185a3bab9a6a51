import { assertEquals, assertThrows } from "@std/assert";
import { parseCases } from "../../host_local/conformance/case_reader.ts";
import { testRows } from "../../support/rows.ts";
import { TempDir } from "../../support/temp_dir.ts";
import { DHCP_FORM, type DhcpCase, loadDhcpCases } from "./dhcp_case.ts";

const WIRE = [{ type: "DISCOVER", options: { "55": { anyOrder: "0103" } } }];
const GOOD = {
  name: "a",
  server: { offer: { options: { "54": null } }, silent: 1 },
  result: {},
  wire: WIRE,
};

/** The text of a file with one case. */
function fileOf(each: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({
    config: { cniVersion: "1.0.0" },
    cases: [{ ...GOOD, ...each }],
  });
}

Deno.test("DHCP_FORM sends the network namespace of the container", () => {
  const [each] = parseCases<DhcpCase>(fileOf({}), {
    source: "x.json",
    form: DHCP_FORM,
  });
  assertEquals(each?.steps[0]?.env["CNI_NETNS"], "${NETNS}");
  assertEquals(each?.server, GOOD.server);
  assertEquals(each?.steps[0]?.here.wire, WIRE);
});

testRows("DHCP_FORM refuses an unknown key of", [
  { name: "a server", patch: { server: { quiet: 1 } }, want: "quiet" },
  {
    name: "a reply",
    patch: { server: { ack: { option: {} } } },
    want: "option",
  },
  { name: "a message", patch: { wire: [{ kind: "ACK" }] }, want: "kind" },
  {
    name: "an option",
    patch: { wire: [{ type: "ACK", options: { "1": { order: "" } } }] },
    want: "order",
  },
  {
    name: "upstream",
    patch: { upstream: { difference: "d", attach: true } },
    want: "attach",
  },
  { name: "a case", patch: { filesBefore: {} }, want: "filesBefore" },
], ({ patch, want }) => {
  assertThrows(
    () => parseCases(fileOf(patch), { source: "x.json", form: DHCP_FORM }),
    SyntaxError,
    `unknown key "${want}"`,
  );
});

Deno.test("DHCP_FORM refuses an upstream with the same messages", () => {
  const text = fileOf({ upstream: { difference: "d", wire: WIRE } });
  assertThrows(
    () => parseCases(text, { source: "x.json", form: DHCP_FORM }),
    SyntaxError,
    '"wire"',
  );
});

Deno.test("loadDhcpCases() refuses an upstream that never runs", () => {
  using directory = new TempDir();
  Deno.writeTextFileSync(
    directory.join("x.json"),
    fileOf({
      notUpstream: "d",
      upstream: { difference: "e", result: { dns: {} } },
    }),
  );
  assertThrows(
    () => loadDhcpCases(new URL(`file://${directory.path}/`)),
    SyntaxError,
    '"upstream" next to "notUpstream"',
  );
});
