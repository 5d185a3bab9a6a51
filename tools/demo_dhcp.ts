/**
 * `deno task demo:dhcp`: a container acquires a lease from dnsmasq through the compiled plugin and
 * daemon, keeps it while the daemon is killed and restarted, and releases it. Exit status 1 if
 * anything is not as expected.
 *
 * Needs root, `ip` and `dnsmasq`. Everything runs in two network namespaces of its own, which are
 * removed.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { freshBinary } from "./demo/fresh_binary.ts";
import { demonstrate } from "./demo/report.ts";
import { showCall } from "./demo/shown_call.ts";
import {
  BackgroundProcess,
  readTextOrEmpty,
} from "./lab/background_process.ts";
import { Dnsmasq } from "./lab/dnsmasq.ts";
import { Folder } from "./lab/folder.ts";
import { cleanUpWhenInterrupted } from "./lab/interrupt.ts";
import { NetworkNamespace } from "./lab/network_namespace.ts";
import { capture } from "./process.ts";
import { print, warn } from "./terminal.ts";

const NETWORK = "examplenet";

/** The part of a result used here. */
interface AddResult {
  readonly ips: readonly { readonly address: string }[];
}

/** Runs the demonstration in `folder`. */
async function run(binary: string, folder: string): Promise<void> {
  using server = new NetworkNamespace();
  using container = new NetworkNamespace();
  container.ip(`link add eth0 type veth peer name eth0 netns ${server.name}`);
  server.ip("addr add 192.0.2.1/24 dev eth0");
  server.ip("link set eth0 up");
  await using dnsmasq = await Dnsmasq.start({
    enter: server.enter,
    folder,
    extra: ["--dhcp-option=6,192.0.2.53", "--dhcp-option=15,example.org"],
  });
  const start = (): Promise<BackgroundProcess> => startDaemon(binary, folder);
  const call = (command: "ADD" | "CHECK" | "DEL", prevResult?: unknown) =>
    showCall(binary, {
      command,
      variables: {
        CNI_CONTAINERID: "example",
        CNI_NETNS: container.path,
        CNI_IFNAME: "eth0",
        CNI_PATH: ".",
        CNI_ARGS: "IgnoreUnknown=1;K8S_POD_NAME=web-0",
      },
      config: { ...networkConfig(folder), prevResult },
    });

  title("The daemon starts, which normally is a service of the host");
  const first = await start();
  await using _first = first;

  title("ADD sets the link up and gets an address from dnsmasq");
  const result = await call("ADD") as AddResult;
  const address = result.ips[0]?.address ?? "";
  // A main plugin, such as bridge or macvlan, does this.
  container.ip(`addr add ${address} dev eth0`);
  showLeases(dnsmasq, folder);
  const [lease] = dnsmasq.leases;
  assertEquals(
    [`${lease?.address}/24`, lease?.hostName],
    [address, "web-0"],
    "dnsmasq's lease",
  );

  title("CHECK compares the result with the lease and the interface");
  await call("CHECK", result);

  title(
    "The daemon is killed, and the next one resumes the lease",
  );
  await first.end("SIGKILL");
  const second = await start();
  await using _second = second;
  await call("CHECK", result);
  assertEquals(await call("ADD"), result, "the repeated ADD");

  title("DEL releases the lease");
  await call("DEL");
  await dnsmasq.untilNoLease();
  showLeases(dnsmasq, folder);
  assertEquals(leaseFiles(folder), [], "lease files");

  title("What the daemons logged");
  print(second.log.trimEnd());
}

function networkConfig(folder: string): Record<string, unknown> {
  return {
    cniVersion: "1.1.0",
    name: NETWORK,
    ipam: { type: "dhcp", daemonSocketPath: `${folder}/run/cni/dhcp.sock` },
  };
}

/** The socket is in a folder of its own, apart from that of a daemon on this host. */
function startDaemon(
  binary: string,
  folder: string,
): Promise<BackgroundProcess> {
  const socketPath = `${folder}/run/cni/dhcp.sock`;
  print(`$ dist/dhcp daemon -socketpath ${socketPath} &`);
  return BackgroundProcess.start(
    [binary, "daemon", "-socketpath", socketPath],
    {
      logFile: `${folder}/daemon.log`,
      ready: "event=serving",
    },
  );
}

function showLeases(dnsmasq: Dnsmasq, folder: string): void {
  print("\ndnsmasq's lease file:");
  print(
    readTextOrEmpty(dnsmasq.leaseFile).replaceAll(/^(?=.)/gm, "  ").trimEnd(),
  );
  print(`Files in ${stateDir(folder)}:`);
  for (const name of leaseFiles(folder)) {
    const { size, mode } = Deno.statSync(`${stateDir(folder)}/${name}`);
    const octal = ((mode ?? 0) & 0o777).toString(8).padStart(4, "0");
    print(`  ${octal}  ${name.slice(0, 16)}...lease  ${size} bytes`);
  }
}

function leaseFiles(folder: string): string[] {
  return [...Deno.readDirSync(stateDir(folder))].map(({ name }) => name)
    .filter((name) => name.endsWith(".lease"));
}

function stateDir(folder: string): string {
  return `${folder}/run/cni/dhcp`;
}

function title(text: string): void {
  print(`\n=== ${text}\n`);
}

async function isInstalled(program: string): Promise<boolean> {
  try {
    await capture([program, "--version"]);
    return true;
  } catch (error) {
    return !(error instanceof Deno.errors.NotFound);
  }
}

if (import.meta.main) {
  if (Deno.uid() !== 0) {
    warn("demo:dhcp creates network namespaces: run it as root");
    Deno.exit(1);
  }
  if (!await isInstalled("dnsmasq") || !await isInstalled("ip")) {
    warn(
      "demo:dhcp needs dnsmasq and ip: " +
        "install dnsmasq (dnsmasq-base on Debian) and iproute2",
    );
    Deno.exit(1);
  }
  const binary = await freshBinary("dhcp");
  cleanUpWhenInterrupted();
  using folder = new Folder("cni-example-");
  await demonstrate(() => run(binary, folder.path));
}
