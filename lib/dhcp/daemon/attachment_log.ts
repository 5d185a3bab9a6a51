/** The log lines about one attachment. @module */

import type { Log } from "../../base/log_line.ts";
import { type Attachment, attachmentText } from "../../cni/attachment.ts";

/** Returns `log` with the attachment in the fields of each line. */
export function attachmentLog(attachment: Attachment, log: Log): Log {
  const name = attachmentText(attachment);
  return (level, event, fields) =>
    log(level, event, { attachment: name, ...fields });
}
