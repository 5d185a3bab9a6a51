/**
 * Attachments of containers to networks (SPEC section 3, "Execution of Network Configurations").
 * Pure.
 *
 * @module
 */

/** An interface of a container, in a network that the context knows. */
export interface ContainerInterface {
  readonly containerId: string;
  readonly ifName: string;
}

/** An interface of a container in a network: what ADD creates and DEL removes. */
export interface Attachment extends ContainerInterface {
  readonly networkName: string;
}

/**
 * Formats `<containerId>/<networkName>/<ifName>`, which identifies an attachment in logs and
 * tables.
 *
 * No part can contain a slash, so two attachments never have the same text.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const attachment = { containerId: "c1", networkName: "net", ifName: "eth0" };
 * assertEquals(attachmentText(attachment), "c1/net/eth0");
 * ```
 */
export function attachmentText(attachment: Attachment): string {
  const { containerId, networkName, ifName } = attachment;
  return `${containerId}/${networkName}/${ifName}`;
}
