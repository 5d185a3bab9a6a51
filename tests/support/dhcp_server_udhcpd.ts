/** BusyBox udhcpd as one of the servers that the client is tested with. @module */

import { BackgroundProcess } from "../../tools/lab/background_process.ts";
import {
  MASK_24,
  type RealServer,
  type ServerKind,
  type ServerLease,
  type ServerLocation,
  type Service,
} from "./dhcp_server.ts";

/** BusyBox udhcpd. */
export const UDHCPD: ServerKind = {
  name: "udhcpd",
  requirements: ["root", "command:udhcpd"],
  minLeaseSeconds: 1,
  create: (location, service) => new Udhcpd(location, service),
};

/**
 * `u64 written at; { u32 seconds left; u32 address; u8 mac[6]; char host[20]; u8 pad[2]; }[]`,
 * big-endian.
 */
const HEADER_BYTES = 8;
const ENTRY_BYTES = 36;

class Udhcpd implements RealServer {
  readonly process: BackgroundProcess;
  readonly #leaseFile: string;

  constructor({ netns, directory, label }: ServerLocation, service: Service) {
    this.#leaseFile = directory.join(`${label}.leases`);
    Deno.writeTextFileSync(this.#leaseFile, "");
    const configFile = directory.join(`${label}.conf`);
    const config = [
      ...configOf(service),
      `lease_file ${this.#leaseFile}`,
      `pidfile ${directory.join(`${label}.pid`)}`,
      "",
    ].join("\n");
    Deno.writeTextFileSync(configFile, config);
    this.process = new BackgroundProcess(
      [...netns.enter, "udhcpd", "-f", "-a", "1", configFile],
      { logFile: directory.join(`${label}.log`), ready: "udhcpd: started" },
    );
  }

  get leases(): readonly ServerLease[] {
    // It writes its file after an ACK, and at this signal.
    this.process.signal("SIGUSR1");
    const bytes = Deno.readFileSync(this.#leaseFile);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const leases: ServerLease[] = [];
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

  async [Symbol.asyncDispose](): Promise<void> {
    await this.process[Symbol.asyncDispose]();
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
