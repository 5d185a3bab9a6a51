import { parseReservationName } from "../../../../lib/host_local/reservation_format.ts";
import type { DiskStoreOptions } from "../../../../lib/host_local/store/disk_store.ts";
import {
  type ContractStore,
  testStoreContract,
} from "../../../unit/host_local/store_contract.ts";
import { Network } from "./network.ts";

function reservationsIn(network: Network): Record<string, string> {
  return Object.fromEntries(
    Object.entries(network.read())
      .filter(([name]) => parseReservationName(name) !== undefined),
  );
}

function openIn(
  network: Network,
  options: Partial<DiskStoreOptions> = {},
): ContractStore {
  const store = network.open(options);
  return {
    store,
    files: () => reservationsIn(network),
    [Symbol.dispose]: () => {
      store[Symbol.dispose]();
      network[Symbol.dispose]();
    },
  };
}

testStoreContract("DiskStore", (files) => openIn(new Network(files)));

testStoreContract("DiskStore with an index", (files) => {
  const network = new Network(files);
  // Leaves an index to the store under test.
  network.gc(() => true, { indexThreshold: 0 });
  return openIn(network, { indexThreshold: 0 });
});
