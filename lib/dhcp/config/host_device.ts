/** The device of the host that a main plugin connects its interfaces to. Pure. @module */

import { JsonObject } from "../../base/json_reader.ts";

/** A device in the network namespace of the host that leads to the network of a lease. */
export interface HostDevice {
  readonly name: string;
  /** The VLAN of that network on the device, 1 to 4094; undefined: none. */
  readonly vlanId: number | undefined;
}

/** The bridge of the `bridge` plugin, if its configuration names none. */
const DEFAULT_BRIDGE = "cni0";
/** IFNAMSIZ - 1 */
const MAX_NAME_BYTES = 15;
const MAX_VLAN_ID = 4094;

/**
 * Reads the device from the keys of the main plugin: `bridge` and `vlan` (bridge), or `master` and
 * `vlanId` (macvlan, ipvlan, vlan).
 *
 * These keys are not checked, because they belong to another plugin.
 *
 * @returns Undefined if the configuration names none, or one in the namespace of the container.
 */
export function findHostDevice(config: JsonObject): HostDevice | undefined {
  if (config.value("linkInContainer") === true) return undefined;
  const fallback = config.value("type") === "bridge" ? DEFAULT_BRIDGE : "";
  const names = [config.value("bridge"), fallback, config.value("master")];
  const name = names.find(isName);
  if (name === undefined) return undefined;
  const vlanIds = [config.value("vlan"), config.value("vlanId")];
  return { name, vlanId: vlanIds.find(isVlanId) };
}

/**
 * Reads a device from JSON as {@link findHostDevice} returns it.
 *
 * @returns Undefined if it has no usable name.
 */
export function readHostDevice(
  json: JsonObject | undefined,
): HostDevice | undefined {
  const name = json?.value("name");
  const vlanId = json?.value("vlanId");
  return isName(name)
    ? { name, vlanId: isVlanId(vlanId) ? vlanId : undefined }
    : undefined;
}

function isName(value: unknown): value is string {
  return typeof value === "string" && value !== "" &&
    new TextEncoder().encode(value).length <= MAX_NAME_BYTES &&
    !value.includes("\0");
}

function isVlanId(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 1 &&
    value <= MAX_VLAN_ID;
}
