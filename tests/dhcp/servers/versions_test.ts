/**
 * Results in every CNI version, compared byte by byte, with a scripted server; also those of
 * upstream's plugin and daemon where they are installed.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { BadServer, grantScript } from "../../support/dhcp_bad_server.ts";
import { startDhcpDaemon } from "../../../tools/lab/dhcp_daemon.ts";
import { cniEnv, runPlugin } from "../../support/plugin_process.ts";
import { testWith } from "../../support/requirements.ts";
import { DHCP_BIN, UPSTREAM_DIR } from "../../support/binaries.ts";
import { DhcpHost } from "./dhcp_host.ts";

const UPSTREAM = `${UPSTREAM_DIR}/dhcp`;
const SERVED = grantScript({
  ack: { options: { 33: "cb007100c0000209" } },
});

/** The text of a result, with upstream's indentation, and the versions that share its form. */
const FORMS: readonly {
  readonly versions: readonly string[];
  readonly text: (version: string) => string;
}[] = [
  {
    versions: ["0.1.0", "0.2.0"],
    text: (version) =>
      `{
    "cniVersion": "${version}",
    "ip4": {
        "ip": "192.0.2.50/24",
        "gateway": "192.0.2.1",
        "routes": [
            {
                "dst": "203.0.113.0/24",
                "gw": "192.0.2.9"
            },
            {
                "dst": "0.0.0.0/0",
                "gw": "192.0.2.1"
            }
        ]
    },
    "dns": {}
}`,
  },
  {
    versions: ["0.3.0", "0.3.1", "0.4.0"],
    text: (version) =>
      `{
    "cniVersion": "${version}",
    "ips": [
        {
            "version": "4",
            "address": "192.0.2.50/24",
            "gateway": "192.0.2.1"
        }
    ],
    "routes": [
        {
            "dst": "203.0.113.0/24",
            "gw": "192.0.2.9"
        },
        {
            "dst": "0.0.0.0/0",
            "gw": "192.0.2.1"
        }
    ],
    "dns": {}
}`,
  },
  {
    versions: ["1.0.0", "1.1.0"],
    text: (version) =>
      `{
    "cniVersion": "${version}",
    "ips": [
        {
            "address": "192.0.2.50/24",
            "gateway": "192.0.2.1"
        }
    ],
    "routes": [
        {
            "dst": "203.0.113.0/24",
            "gw": "192.0.2.9"
        },
        {
            "dst": "0.0.0.0/0",
            "gw": "192.0.2.1"
        }
    ]
}`,
  },
];

/** The plugin's output for an ADD in each version, with a DEL after it. */
async function outputs(
  binary: string,
  { host, socketPath, versions }: {
    readonly host: DhcpHost;
    readonly socketPath: string;
    readonly versions: readonly string[];
  },
): Promise<Record<string, string>> {
  const container = host.container();
  const found: Record<string, string> = {};
  for (const cniVersion of versions) {
    const call = (command: string): ReturnType<typeof runPlugin> =>
      runPlugin({
        binary,
        env: cniEnv(command, { netns: container.path }),
        stdin: JSON.stringify({
          cniVersion,
          name: "net",
          type: "macvlan",
          ipam: { type: "dhcp", daemonSocketPath: socketPath },
        }),
      });
    found[cniVersion] = (await call("ADD")).stdout;
    const { code, stdout } = await call("DEL");
    assertEquals([code, stdout], [0, ""], `DEL ${cniVersion}`);
  }
  return found;
}

function expected(versions: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    FORMS.flatMap((form) =>
      form.versions.filter((version) => versions.includes(version))
        .map((version) => [version, form.text(version)])
    ),
  );
}

const ALL = FORMS.flatMap(({ versions }) => versions);

testWith(
  ["root", `binary:${DHCP_BIN}`],
  "ADD prints its result in the form of each CNI version",
  async () => {
    await using host = new DhcpHost();
    await using _server = new BadServer(host.server, SERVED);
    await host.daemon();
    const { socketPath } = host;
    assertEquals(
      await outputs(DHCP_BIN, { host, socketPath, versions: ALL }),
      expected(ALL),
    );
  },
);

testWith(
  ["root", `binary:${UPSTREAM}`],
  "upstream's dhcp prints the same results with the same server",
  async () => {
    await using host = new DhcpHost();
    await using _server = new BadServer(host.server, SERVED);
    const socketPath = host.directory.join("upstream.sock");
    await using _daemon = await startDhcpDaemon(UPSTREAM, {
      socketPath,
      logFile: host.daemonLogFile,
    });
    // Debian's release 1.1.1 does not support 1.1.0, and prints an empty `dns` in 1.0.0 too
    // ("debian-age").
    const versions = ALL.filter((version) => !version.startsWith("1."));
    assertEquals(
      await outputs(UPSTREAM, { host, socketPath, versions }),
      expected(versions),
    );
  },
);
