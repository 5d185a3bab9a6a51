/** The interface of one lease over time: whether it is there, and what it is like. @module */

import { SystemError } from "../base/errors.ts";
import type { LinkInfo } from "../netlink/link.ts";
import type { AttachedInterface, InterfaceEvent, Log } from "./ports.ts";

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
   * @returns The interface; undefined if it cannot be used, which is reported as gone.
   */
  open({ setUp }: { readonly setUp: boolean }): LinkInfo | undefined {
    const { attached, log, onGone } = this.#options;
    this.#watch = this.#attempt(() =>
      attached.watch((event) => this.#onEvent(event))
    );
    let link = this.#watch && this.#look();
    if (setUp && link !== "gone" && link?.isUp === false) {
      const { ifName } = attached.place;
      log("info", `Link "${ifName}" down. Attempting to set up`);
      this.#attempt(() => attached.setState("up"));
      link = this.#look();
    }
    if (link !== undefined && link !== "gone") return link;
    onGone("interface");
    return undefined;
  }

  [Symbol.dispose](): void {
    this.#watch?.[Symbol.dispose]();
    this.#watch = undefined;
  }

  #onEvent(event: InterfaceEvent): void {
    const { onLink, onGone } = this.#options;
    if (this.#watch === undefined) return;
    if (event === "netns-gone") return onGone("namespace");
    const link = event === "removed" ? "gone" : this.#look();
    if (link === "gone") onGone("interface");
    else if (link !== undefined) onLink(link);
  }

  /** Undefined if the operating system does not say. */
  #look(): LinkInfo | "gone" | undefined {
    const { attached } = this.#options;
    const link = this.#attempt(() => attached.read() ?? "gone" as const);
    if (link === undefined || link === "gone") return link;
    this.#kind = link.kind;
    return link;
  }

  #attempt<T>(body: () => T): T | undefined {
    try {
      return body();
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      this.#options.log("warn", "interface-refused", { reason: error.message });
      return undefined;
    }
  }
}
