/** Who a keeper works for. @module */

import type { Attachment } from "../dhcp4/client_identifier.ts";
import type { LeaseOptions } from "./lease_options.ts";
import type { ClientIdentity } from "./lease_record.ts";
import type { AttachedInterface } from "./ports.ts";

/** An attachment, its interface and what its network wants. */
export interface KeeperSubject {
  readonly attachment: Attachment;
  readonly attached: AttachedInterface;
  readonly identity: ClientIdentity;
  readonly options: LeaseOptions;
}
