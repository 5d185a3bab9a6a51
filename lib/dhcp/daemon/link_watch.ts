/** The interface of one lease over time: whether it exists, and its state. @module */

import { SystemError } from "../../base/errors.ts";
import type { Log } from "../../base/log_line.ts";
import type { InterfaceEvent } from "../../netlink/notification.ts";
import type { AttachedInterface } from "./ports.ts";
import type { LinkInfo } from "../../netlink/link_message.ts";

/** What a watch needs. */
export interface LinkWatchOptions {
  readonly attached: AttachedInterface;
  readonly log: Log;
  /** Receives each event; call {@link LinkWatch.inspect} with it. */
  readonly onEvent: (event: InterfaceEvent) => void;
}

/** What {@link LinkWatch.inspect} finds. */
export type LinkStatus =
  | { readonly kind: "present"; readonly link: LinkInfo }
  | { readonly kind: "gone"; readonly what: "interface" | "namespace" }
  /** The interface cannot be read now; the next event may help. */
  | { readonly kind: "unknown" };

/** Watches an interface until disposed. */
export class LinkWatch implements Disposable {
  readonly #options: LinkWatchOptions;
  #watch: Disposable | undefined;
  #kind: string | undefined;
  #mtu: number | undefined;

  constructor(options: LinkWatchOptions) {
    this.#options = options;
  }

  /** The kind of link, such as `macvlan`; undefined if it has none, or is unknown. */
  get kind(): string | undefined {
    return this.#kind;
  }

  /** The MTU of the link; undefined if it is unknown. */
  get mtu(): number | undefined {
    return this.#mtu;
  }

  /**
   * Begins to watch.
   *
   * @param options With `setUp`, the link is set up if it is down.
   * @returns The interface; undefined if it no longer exists.
   * @throws {SystemError} if it cannot be watched, or not be set up.
   */
  open({ setUp }: { readonly setUp: boolean }): LinkInfo | undefined {
    const { attached, log } = this.#options;
    this.#begin();
    const link = this.#read();
    if (!setUp || link?.isUp !== false) return link;
    log("info", "link-set-up", { interface: attached.location.ifName });
    attached.setState("up");
    return this.#read();
  }

  /**
   * Reads the interface after an event.
   *
   * The kernel reuses the ids of namespaces and interfaces, and may report the end of an earlier
   * one late. So an event is only a reason to read the interface.
   */
  inspect(event: InterfaceEvent): LinkStatus {
    try {
      // The monitor reports nothing more about that id.
      if (event === "netns-gone") this.#begin();
      const link = this.#read();
      if (link !== undefined) return { kind: "present", link };
      return gone(event === "netns-gone" ? "namespace" : "interface");
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      if (event === "netns-gone") return gone("namespace");
      this.#options.log("warn", "interface-unreadable", {
        reason: error.message,
      });
      return { kind: "unknown" };
    }
  }

  [Symbol.dispose](): void {
    this.#watch?.[Symbol.dispose]();
    this.#watch = undefined;
  }

  #begin(): void {
    const { attached, onEvent } = this.#options;
    this[Symbol.dispose]();
    this.#watch = attached.watch((event) => {
      if (this.#watch !== undefined) onEvent(event);
    });
  }

  #read(): LinkInfo | undefined {
    const link = this.#options.attached.read();
    this.#kind = link?.kind ?? this.#kind;
    this.#mtu = link?.mtu ?? this.#mtu;
    return link;
  }
}

function gone(what: "interface" | "namespace"): LinkStatus {
  return { kind: "gone", what };
}
