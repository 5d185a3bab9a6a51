import { assertEquals } from "@std/assert";
import { JsonObject } from "../../../../lib/base/json_reader.ts";
import type { DhcpPorts } from "../../../../lib/dhcp/plugin/ports.ts";
import { upstreamHandlers } from "../../../../lib/dhcp/plugin/upstream_handlers.ts";
import { CONNECTED_LINE } from "../../../../lib/dhcp/protocol/upstream_protocol.ts";
import { GobDecoder } from "../../../../lib/dhcp/protocol/gob/gob_decoder.ts";
import { rejectionOf } from "../../base/thrown.ts";
import { invocation } from "../../cni/builders.ts";

/** The configuration that upstream's daemon is sent for `config` at a DEL. */
async function sent(config: Record<string, unknown>): Promise<unknown> {
  const exchanges: Uint8Array[] = [];
  const ports: DhcpPorts = {
    connect: () =>
      Promise.resolve({
        call: () => Promise.reject(new Error("not asked for")),
        exchange: (bytes, { take }) => {
          exchanges.push(bytes);
          if (exchanges.length > 1) return Promise.reject(new Error("enough"));
          const head = new TextEncoder().encode(`${CONNECTED_LINE}\n\n`);
          const answer = take(head);
          return answer === undefined
            ? Promise.reject(new Error("no answer"))
            : Promise.resolve(answer);
        },
        [Symbol.dispose]: () => {},
      }),
    leaveTombstone: () => Promise.resolve(),
    workingDirectory: () => "/",
    warn: () => {},
  };
  const json = new JsonObject({ name: "net", ...config }, "");
  const request = {
    invocation: invocation(),
    config: { name: "net", cniVersion: "1.0.0", json },
  };
  const thrown = await rejectionOf(() => upstreamHandlers(ports).del(request));
  assertEquals(thrown?.["message"], "enough");
  const decoder = new GobDecoder(65_536);
  decoder.push(exchanges[1] ?? new Uint8Array());
  decoder.next();
  const { StdinData } = decoder.next() ?? {};
  return JSON.parse(new TextDecoder().decode(StdinData as Uint8Array));
}

for (
  const { name, ipam, want } of [
    {
      name: "options by number, whatever the case of their keys",
      ipam: {
        type: "dhcp",
        provide: [{ Option: "host-name", Value: "web1" }],
        REQUEST: [{ OPTION: "domain-name-servers" }, { option: 3 }],
      },
      want: {
        type: "dhcp",
        provide: [{ option: "12", Value: "web1" }],
        request: [{ option: "6" }, { option: "3" }],
      },
    },
    {
      name: "skipDefault of an entry without an option, with the others",
      ipam: {
        request: [{ skipDefault: true }, { option: "domain-name-servers" }],
      },
      want: { request: [{ option: "6", skipDefault: true }] },
    },
    {
      name: "skipDefault of an entry with an option",
      ipam: { request: [{ option: "6" }, { option: "3", SkipDefault: true }] },
      want: {
        request: [
          { option: "6", skipDefault: true },
          { option: "3", skipDefault: true },
        ],
      },
    },
    {
      name: "skipDefault alone, as what every lease has",
      ipam: { request: { skipDefault: true } },
      want: { request: [{ option: "1", skipDefault: true }] },
    },
    {
      name: "skipDefault that is not meant",
      ipam: { request: [{ skipDefault: false }, { option: "6" }] },
      want: { request: [{ option: "6" }] },
    },
    {
      name: "one entry as a list",
      ipam: { provide: { option: "host-name", fromArg: "K8S_POD_NAME" } },
      want: { provide: [{ option: "12", fromArg: "K8S_POD_NAME" }] },
    },
    {
      name: "of keys that differ in case the last",
      ipam: {
        provide: [{ option: "12", OPTION: "15", value: "x" }],
        Provide: [{ OPTION: "15", Option: "12", value: "y" }],
      },
      want: { provide: [{ option: "12", value: "y" }] },
    },
    {
      name: "no entry without an option, or with one that is none",
      ipam: { provide: [{ value: "x" }, { option: "" }, { option: null }, 7] },
      want: { provide: [] },
    },
    {
      name: "other keys as they are",
      ipam: { Timeout: 5, request: null, priority: 7 },
      want: { Timeout: 5, priority: 7 },
    },
  ]
) {
  Deno.test(`upstreamHandlers() send upstream's daemon ${name}`, async () => {
    assertEquals(await sent({ ipam }), { name: "net", ipam: want });
  });
}

Deno.test("upstreamHandlers() send upstream's daemon one ipam, whatever the case of its key", async () => {
  const provide = [{ option: "host-name", value: "web1" }];
  assertEquals(
    await sent({ ipam: {}, IPAM: { provide } }),
    { name: "net", ipam: { provide: [{ option: "12", value: "web1" }] } },
  );
});
