/** The interface of one lease over time: whether it is there, and what it is like. @module */

import { SystemError } from "../../base/errors.ts";
import type { LinkInfo } from "../../netlink/link_message.ts";
import type { AttachedInterface } from "./ports.ts";
import type { InterfaceEvent } from "../../netlink/notification.ts";
import type { Log } from "../../base/log_line.ts";

/** What a watch needs. */
export interface LinkWatchOptions {
  readonly attached: AttachedInterface;
  readonly log: Log;
  /** It may be another than before. */
  readonly onLink: (link: LinkInfo) => void;
  readonly onGone: (what: "interface" | "namespace") => void;
}

/** Watches until disposed. What the operating system refuses is logged. */
export class LinkWatch implements Disposable {
  readonly #options: LinkWatchOptions;
  #watch: Disposable | undefined;
  #kind: string | undefined;

  constructor(options: LinkWatchOptions) {
    this.#options = options;
  }

  /** The kind of link, such as `macvlan`; undefined if it has none, or is not known. */
  get kind(): string | undefined {
    return this.#kind;
  }

  /**
   * Begins to watch.
   *
   * @returns The interface; undefined if it is gone, which is reported as well.
   * @throws {SystemError} if it cannot be watched, or set up.
   */
  open({ setUp }: { readonly setUp: boolean }): LinkInfo | undefined {
    const { attached, log, onGone } = this.#options;
    this.#watch = attached.watch((event) => this.#onEvent(event));
    let link = this.#look();
    if (setUp && link?.isUp === false) {
      const { ifName } = attached.place;
      log("info", "link-set-up", { interface: ifName });
      attached.setState("up");
      link = this.#look();
    }
    if (link === undefined) onGone("interface");
    return link;
  }

  [Symbol.dispose](): void {
    this.#watch?.[Symbol.dispose]();
    this.#watch = undefined;
  }

  /**
   * Numbers of namespaces and interfaces are used again, and word of the end of an earlier one may come late: what is
   * heard is only a reason to look.
   */
  #onEvent(event: InterfaceEvent): void {
    const { attached, onLink, onGone, log } = this.#options;
    if (this.#watch === undefined) return;
    try {
      if (event === "netns-gone") {
        // Nothing more is told of that number.
        this.#watch[Symbol.dispose]();
        this.#watch = attached.watch((next) => this.#onEvent(next));
      }
      const link = this.#look();
      if (link !== undefined) onLink(link);
      else onGone(event === "netns-gone" ? "namespace" : "interface");
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      if (event === "netns-gone") return onGone("namespace");
      // Nothing is known, so nothing is done: the next event may tell more.
      log("warn", "interface-change-failed", { reason: error.message });
    }
  }

  #look(): LinkInfo | undefined {
    const link = this.#options.attached.read();
    this.#kind = link?.kind ?? this.#kind;
    return link;
  }
}
