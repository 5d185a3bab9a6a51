/** What each DHCP client of the daemon works for and with. @module */

import type { ClientFlags } from "./client_identity.ts";
import type { LeaseOptions } from "../config/lease_options.ts";
import type { ClientIdentity } from "./lease_record.ts";
import type { Metrics } from "./metrics.ts";
import type { AttachedInterface, DaemonPorts } from "./ports.ts";
import { type Attachment, attachmentText } from "../../cni/attachment.ts";
import type { Log } from "../../base/log_line.ts";

/** An attachment, its interface and what its network wants. */
export interface KeeperSubject {
  readonly attachment: Attachment;
  readonly attached: AttachedInterface;
  readonly identity: ClientIdentity;
  readonly options: LeaseOptions;
}

/** What all keepers share. */
export interface KeeperContext {
  readonly ports: DaemonPorts;
  readonly flags: ClientFlags;
  readonly metrics: Metrics;
  /** A keeper has ended by itself and left nothing on the disk: forget it. */
  readonly onEnd: (subject: KeeperSubject) => void;
}

/** The log with the attachment in each line. */
export function attachmentLog(
  attachment: Attachment,
  { log }: Pick<DaemonPorts, "log">,
): Log {
  const name = attachmentText(attachment);
  return (level, message, fields) =>
    log(level, message, { attachment: name, ...fields });
}
