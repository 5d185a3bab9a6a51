/** What an operator can do about an error of a command. Pure. @module */

import {
  type ConfigError,
  type DecodeError,
  SystemError,
} from "../base/errors.ts";

/** Returns what to do about an error; empty if there is no advice. */
export function adviceOn(
  error: SystemError | ConfigError | DecodeError,
): string {
  const isDenied = error instanceof SystemError && error.isDenied;
  return error.advice || (isDenied ? "run the command as root" : "");
}

/** Returns the message of an error, and what to do: the text of a note. */
export function messageWithAdvice(error: SystemError): string {
  return [error.message, adviceOn(error)].filter((text) => text !== "")
    .join("; ");
}
