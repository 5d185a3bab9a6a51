/** Attachments: what a network is attached to (SPEC section 3, "Execution of Network Configurations"). Pure. @module */

/** One interface of one container, within a given network. */
export interface ContainerInterface {
  readonly containerId: string;
  readonly ifName: string;
}

/** One interface of one container in one network: what an ADD creates and a DEL removes. */
export interface Attachment extends ContainerInterface {
  readonly networkName: string;
}

/**
 * `<containerId>/<networkName>/<ifName>`: the identity of an attachment in logs and tables.
 *
 * No part may hold a slash, so two attachments never have the same text.
 */
export function attachmentText(attachment: Attachment): string {
  const { containerId, networkName, ifName } = attachment;
  return `${containerId}/${networkName}/${ifName}`;
}
