/** The file system of the host, where the resident process sees it under a prefix. @module */

import type { StoreConfig } from "../config.ts";
import type { HostLocalPorts } from "../ports.ts";

/** Returns ports that find every path of a network configuration under `hostPrefix`. */
export function atHostPrefix(
  hostPrefix: string,
  ports: HostLocalPorts,
): HostLocalPorts {
  if (hostPrefix === "") return ports;
  const { stores } = ports;
  const at = (config: StoreConfig): StoreConfig => ({
    ...config,
    directory: `${hostPrefix}${config.directory}`,
  });
  return {
    ...ports,
    stores: {
      openOrCreate: (config) => stores.openOrCreate(at(config)),
      openForChange: (config) => stores.openForChange(at(config)),
      openForReading: (config) => stores.openForReading(at(config)),
      probe: (config) => stores.probe(at(config)),
    },
    readNamedFile: (path, maxBytes) =>
      ports.readNamedFile(`${hostPrefix}${path}`, maxBytes),
  };
}
