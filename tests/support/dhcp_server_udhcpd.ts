/** udhcpd of BusyBox. @module */

import {
  type GivenLease,
  MASK_24,
  type RealServer,
  type ServerKind,
  type ServerPlace,
  type Service,
} from "./dhcp_server.ts";
import { ServerProcess } from "./dhcp_server_process.ts";

/** The make. */
export const UDHCPD: ServerKind = {
  name: "udhcpd",
  requirements: ["root", "command:udhcpd"],
  leastLeaseSeconds: 1,
  make: (place, service) => new Udhcpd(place, service),
};

/** `u64 written at; { u32 seconds left; u32 address; u8 mac[6]; char host[20]; u8 pad[2]; }[]`, big-endian. */
const HEADER_BYTES = 8;
const ENTRY_BYTES = 36;

class Udhcpd implements RealServer {
  readonly process: ServerProcess;
  readonly #leaseFile: string;

  constructor({ netns, directory, label }: ServerPlace, service: Service) {
    this.#leaseFile = directory.join(`${label}.leases`);
    this.forget();
    const configFile = directory.join(`${label}.conf`);
    const config = [
      ...configOf(service),
      `lease_file ${this.#leaseFile}`,
      `pidfile ${directory.join(`${label}.pid`)}`,
      "",
    ].join("\n");
    Deno.writeTextFileSync(configFile, config);
    this.process = new ServerProcess(netns, {
      logFile: directory.join(`${label}.log`),
      command: {
        command: ["udhcpd", "-f", "-a", "1", configFile],
        ready: "udhcpd: started",
      },
    });
  }

  leases(): readonly GivenLease[] {
    // It writes its file after an ACK, and when it is asked.
    this.process.signal("SIGUSR1");
    const bytes = Deno.readFileSync(this.#leaseFile);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const leases: GivenLease[] = [];
    for (
      let at = HEADER_BYTES;
      at + ENTRY_BYTES <= bytes.length;
      at += ENTRY_BYTES
    ) {
      if (view.getUint32(at) === 0) continue;
      const mac = [...bytes.subarray(at + 8, at + 14)];
      leases.push({
        address: [...bytes.subarray(at + 4, at + 8)].join("."),
        mac: mac.map((byte) => byte.toString(16).padStart(2, "0")).join(":"),
      });
    }
    return leases;
  }

  forget(): void {
    Deno.writeTextFileSync(this.#leaseFile, "");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.process.stop();
  }
}

function configOf(service: Service): string[] {
  const { leaseSeconds, t1Seconds, t2Seconds } = service;
  // It serves one network: the one behind the relay, if there is a relay.
  const { pool: [start, end] } = service.relayed ?? service;
  const u32 = (value: number | undefined): string | undefined =>
    value?.toString(16).padStart(8, "0");
  const options = {
    subnet: MASK_24,
    lease: String(leaseSeconds),
    "0x3a": u32(t1Seconds),
    "0x3b": u32(t2Seconds),
    router: service.router,
    dns: service.dns?.join(" "),
    domain: service.domain,
    routes: service.staticRoutes?.flat().join(" "),
    staticroutes: service.classlessRoutes?.map((route) => route.join(" ")).join(
      ", ",
    ),
  };
  return [
    `start ${start}`,
    `end ${end}`,
    "interface eth0",
    "max_leases 200",
    ...Object.entries(options).flatMap(([name, value]) =>
      value === undefined ? [] : [`opt ${name} ${value}`]
    ),
  ];
}
