/** The dhcp daemon under a real systemd, confined by its unit. @module */

import { assertEquals, assertMatch } from "@std/assert";
import { Dnsmasq } from "../../../tools/lab/dnsmasq.ts";
import { waitUntil } from "../../../tools/lab/waiting.ts";
import { DHCP_BIN, LAUNCHER_BIN } from "../../support/binaries.ts";
import { cniEnv } from "../../support/plugin_process.ts";
import { missing, skipped } from "../../support/requirements.ts";
import {
  reasonAgainstSystemd,
  SystemdMachine,
} from "../../support/systemd_machine.ts";
import { TempDir } from "../../support/temp_dir.ts";

const SERVICE = "cni-dhcp.service";

/** A container of the machine: a network namespace with an `eth0`. */
interface Container {
  /** The value of CNI_NETNS. */
  readonly netns: string;
  /** The command that runs another one in the namespace. */
  readonly enter: readonly string[];
}

/** A machine with a bridge `br0`, which a dnsmasq serves. */
class Node implements AsyncDisposable {
  readonly #directory = new TempDir();
  readonly #stack = new AsyncDisposableStack();
  #ports = 0;

  private constructor(
    readonly machine: SystemdMachine,
    readonly server: Dnsmasq,
  ) {}

  static async start(
    executables: Readonly<Record<string, string>>,
  ): Promise<Node> {
    await using stack = new AsyncDisposableStack();
    const directory = stack.use(new TempDir());
    const machine = stack.use(
      await SystemdMachine.start({
        start: ["cni-dhcp.socket", SERVICE],
        executables,
      }),
    );
    for (
      const words of [
        "link set lo up",
        "link add br0 type bridge",
        "addr add 192.0.2.1/24 dev br0",
        "link set br0 up",
      ]
    ) await machine.must(["ip", ...words.split(" ")]);
    const server = stack.use(
      await Dnsmasq.start({
        enter: machine.enter,
        folder: directory.path,
        ifName: "br0",
      }),
    );
    const node = new Node(machine, server);
    node.#stack.use(stack.move());
    return node;
  }

  /** Creates a namespace in /run/netns, after the daemon has started. */
  async named(): Promise<Container> {
    const name = `c${this.#ports + 1}`;
    await this.machine.must(["ip", "netns", "add", name]);
    const enter = ["ip", "netns", "exec", name];
    await this.#connect(name, enter);
    return { netns: `/var/run/netns/${name}`, enter };
  }

  /** Creates a namespace that only a process of another user is in. */
  async ofProcess(): Promise<Container> {
    const { machine } = this;
    const pid = await machine.must([
      ...["sh", "-c"],
      "unshare --net setpriv --reuid=65534 --regid=65534 --clear-groups sleep 3600 " +
      ">/dev/null 2>&1 & echo $!",
    ]);
    const id = pid.trim();
    const enter = ["nsenter", `--net=/proc/${id}/ns/net`];
    const own = await machine.must(["readlink", "/proc/self/ns/net"]);
    // unshare(1) takes a moment.
    await waitUntil("namespace", async () => {
      const path = `/proc/${id}/ns/net`;
      return await machine.must(["readlink", path]) !== own;
    });
    await this.#connect(id, enter);
    return { netns: `/proc/${id}/ns/net`, enter };
  }

  async #connect(netns: string, enter: readonly string[]): Promise<void> {
    this.#ports += 1;
    const port = `p${this.#ports}`;
    const { machine } = this;
    await machine.must([
      ...["ip", "link", "add", port, "type", "veth"],
      ...["peer", "name", "eth0", "netns", netns],
    ]);
    await machine.must(["ip", "link", "set", port, "master", "br0", "up"]);
    await machine.must([...enter, "ip", "link", "set", "lo", "up"]);
  }

  /** Calls the plugin. @returns The result; undefined if it prints none. */
  async call(
    command: string,
    container: Container | undefined,
    extra: Readonly<Record<string, unknown>> = {},
    // deno-lint-ignore no-explicit-any
  ): Promise<any> {
    const { code, stdout } = await this.machine.run(["/opt/cni/bin/dhcp"], {
      env: cniEnv(command, { netns: container?.netns ?? "" }),
      stdin: JSON.stringify({
        cniVersion: "1.1.0",
        name: "net",
        type: "macvlan",
        ipam: { type: "dhcp" },
        ...extra,
      }),
    });
    assertEquals([command, code], [command, 0], stdout);
    return stdout === "" ? undefined : JSON.parse(stdout);
  }

  /** Calls ADD, CHECK and DEL, with a restart of the daemon while the lease is in use. */
  async useLease(container: Container): Promise<void> {
    const { machine, server } = this;
    const prevResult = await this.call("ADD", container);
    const { address } = prevResult.ips[0];
    assertMatch(address, /^192\.0\.2\./);
    const { enter } = container;
    await machine.must([
      ...enter,
      ...["ip", "addr", "add", address, "dev", "eth0"],
    ]);
    await this.call("CHECK", container, { prevResult });
    await machine.must(["systemctl", "restart", SERVICE]);
    await this.call("CHECK", container, { prevResult });
    // The daemon changes the interface: it has a lease for this address only.
    await machine.must([...enter, "ip", "addr", "flush", "dev", "eth0"]);
    await this.call("DEL", container);
    await server.untilNoLease();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
    this.#directory[Symbol.dispose]();
  }
}

const INSTALLATIONS = [
  {
    name: "the standalone plugin",
    executables: { dhcp: DHCP_BIN },
    reason: missing("command:dnsmasq", `binary:${DHCP_BIN}`),
  },
  {
    name: "the launcher",
    executables: { dhcp: LAUNCHER_BIN, "dhcp.standalone": DHCP_BIN },
    reason: missing(
      "command:dnsmasq",
      `binary:${DHCP_BIN}`,
      `binary:${LAUNCHER_BIN}`,
    ),
  },
];

const noSystemd = await reasonAgainstSystemd();
for (const { name, executables, reason } of INSTALLATIONS) {
  const title =
    `under systemd, the daemon of ${SERVICE} serves every command of ${name}`;
  const why = reason ?? noSystemd;
  if (why !== undefined) {
    skipped(title, why);
    continue;
  }
  Deno.test(title, async () => {
    await using node = await Node.start(executables);
    const { machine } = node;
    const pid = await machine.property(SERVICE, "MainPID");
    const status = await machine.must(["cat", `/proc/${pid}/status`]);
    assertMatch(status, /^Seccomp:\t2$/m);
    assertMatch(status, /^NoNewPrivs:\t1$/m);
    const limits = await machine.must(["cat", `/proc/${pid}/limits`]);
    // Both limits are set, if the machine allows: to 65536.
    assertMatch(limits, /^Max open files +(\d{5,}) +\1 /m);

    const touch = async (path: string): Promise<number> =>
      (await machine.run([
        ...["nsenter", `--target=${pid}`, "--mount", "touch", path],
      ])).code;
    assertEquals(await touch("/run/cni/probe"), 0);
    assertEquals(await touch("/run/probe") === 0, false);
    assertEquals(await touch("/var/probe") === 0, false);

    await node.call("STATUS", undefined);
    await node.useLease(await node.named());
    await node.useLease(await node.ofProcess());
    await node.call("GC", undefined, { "cni.dev/valid-attachments": [] });
    const log = await machine.log();
    const problems = log.split("\n").filter((line) =>
      /level=(?:error|warn)/.test(line)
    );
    assertEquals(problems, []);
  });
}
