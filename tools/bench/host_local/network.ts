/** Networks with a given number of reservations, and the calls in them. @module */

import { capture } from "../../process.ts";
import { type PerEngine, perEngineInTurn } from "../engines.ts";
import type { TimedCommand } from "../process_time.ts";

const NAME = "bench";

/** A range of one address, which {@link BenchNetwork.prepareNoEffect} reserves. */
const EXHAUSTED = {
  subnet: "10.255.0.0/29",
  rangeStart: "10.255.0.2",
  rangeEnd: "10.255.0.2",
} as const;
/** The container that holds {@link EXHAUSTED}. */
const HOLDER = containerId(0xd000000);
const UNKNOWN = containerId(0xd000001);

interface Call {
  readonly command: "ADD" | "DEL" | "CHECK";
  readonly id: string;
  readonly range?: Readonly<Record<string, string>>;
  readonly requested?: string;
  readonly isRefused?: true;
}

/** Calls that change nothing: they find nothing, or are refused. */
const NO_EFFECT_CALLS: Readonly<Record<string, Call>> = {
  "DEL, repeated or of an unknown container": { command: "DEL", id: UNKNOWN },
  "CHECK of an unknown container": {
    command: "CHECK",
    id: UNKNOWN,
    isRefused: true,
  },
  "ADD, duplicate": {
    command: "ADD",
    id: HOLDER,
    range: { subnet: "10.255.0.0/16" },
    isRefused: true,
  },
  "ADD, requested address taken": {
    command: "ADD",
    id: UNKNOWN,
    requested: EXHAUSTED.rangeStart,
    isRefused: true,
  },
  "ADD, requested address outside the ranges": {
    command: "ADD",
    id: UNKNOWN,
    requested: "192.0.2.1",
    isRefused: true,
  },
  "ADD, range exhausted": {
    command: "ADD",
    id: UNKNOWN,
    range: EXHAUSTED,
    isRefused: true,
  },
};

/** Returns the ID of container number `index`, as long as those of real runtimes. */
function containerId(index: number): string {
  return index.toString(16).padStart(64, "0");
}

/** Returns address number `index` of 10.0.0.0/8, from 10.0.0.2 on. */
function address(index: number): string {
  const host = index + 2;
  return `10.${host >> 16}.${(host >> 8) & 255}.${host & 255}`;
}

/** The directory of a network, and the program that serves it. */
export class BenchNetwork {
  #calls = 0;

  private constructor(readonly program: string, readonly dataDir: string) {}

  /** Creates the same network for each program, in folders of `root`. */
  static async make(
    root: string,
    { programs, reservations }: {
      readonly programs: PerEngine<string>;
      readonly reservations: number;
    },
  ): Promise<PerEngine<BenchNetwork>> {
    const template = `${root}/template`;
    writeReservations(`${template}/${NAME}`, reservations);
    return await perEngineInTurn(async (engine) => {
      const dataDir = `${root}/${engine}`;
      await capture(["cp", "-al", template, dataDir]);
      return new BenchNetwork(programs[engine], dataDir);
    });
  }

  /** Removes the index of this project's plugin, if there is one. */
  async makeCold(): Promise<void> {
    await Deno.remove(`${this.dataDir}/${NAME}/.index.db`).catch(() => {});
  }

  /** Returns an ADD of a new container and its DEL, of another program if one is given. */
  addAndDelete(
    program = this.program,
  ): [add: TimedCommand, delete_: TimedCommand] {
    this.#calls += 1;
    const id = containerId(0xc000000 + this.#calls);
    return [
      { ...this.#command({ command: "ADD", id }), program },
      { ...this.#command({ command: "DEL", id }), program },
    ];
  }

  /** Returns the ADD that makes the reservation that {@link noEffectCalls} need. */
  prepareNoEffect(): TimedCommand {
    return this.#command({ command: "ADD", id: HOLDER, range: EXHAUSTED });
  }

  /** Returns each call that changes nothing. */
  noEffectCalls(): Record<string, TimedCommand> {
    return Object.fromEntries(
      Object.entries(NO_EFFECT_CALLS).map(([name, call]) => [
        name,
        this.#command(call),
      ]),
    );
  }

  #command(call: Call): TimedCommand {
    return {
      program: this.program,
      ...callIn(this.dataDir, call),
      expectedCode: call.isRefused ? 1 : 0,
    };
  }
}

/** Returns environment and stdin of an ADD, and of the DEL of the same container. */
export function addAndDeleteIn(dataDir: string): {
  readonly add: BenchCall;
  readonly delete: BenchCall;
} {
  return {
    add: callIn(dataDir, { command: "ADD", id: UNKNOWN }),
    delete: callIn(dataDir, { command: "DEL", id: UNKNOWN }),
  };
}

type BenchCall = Required<Pick<TimedCommand, "env" | "stdin">>;

function callIn(
  dataDir: string,
  { command, id, range, requested }: Call,
): BenchCall {
  const config = {
    cniVersion: "1.0.0",
    name: NAME,
    ipam: {
      type: "host-local",
      dataDir,
      ranges: [[range ?? { subnet: "10.0.0.0/8" }]],
    },
  };
  return {
    env: {
      CNI_COMMAND: command,
      CNI_CONTAINERID: id,
      CNI_NETNS: "/dev/null",
      CNI_IFNAME: "eth0",
      CNI_PATH: "/opt/cni/bin",
      ...(requested === undefined ? {} : { CNI_ARGS: `IP=${requested}` }),
    },
    stdin: JSON.stringify(config),
  };
}

function writeReservations(directory: string, count: number): void {
  Deno.mkdirSync(directory, { recursive: true });
  for (let index = 0; index < count; index += 1) {
    Deno.writeTextFileSync(
      `${directory}/${address(index)}`,
      `${containerId(index)}\r\neth0`,
      { mode: 0o600 },
    );
  }
  if (count > 0) {
    Deno.writeTextFileSync(
      `${directory}/last_reserved_ip.0`,
      address(count - 1),
    );
  }
}
