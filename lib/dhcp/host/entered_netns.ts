/** The namespace that the daemon works in. @module */

import { type LinkControl, openLinkControl } from "../../linux/link_control.ts";
import type { Netns } from "../../linux/netns.ts";
import { isSameNetns, type NetnsIdentity } from "../../net/netns_identity.ts";
import type { NetnsLookup } from "./netns_lookup.ts";

/** An open namespace. */
export class EnteredNetns implements Disposable {
  #control: LinkControl | undefined;
  #identity: NetnsIdentity | undefined;

  /** @param netns Is disposed of with this object. */
  constructor(readonly path: string, readonly netns: Netns) {}

  /** Its interfaces. */
  get control(): LinkControl {
    this.#control ??= openLinkControl(this.netns);
    return this.#control;
  }

  /** Its identity, with the cookie. */
  get identity(): NetnsIdentity {
    this.#identity ??= {
      ...this.netns.identity,
      cookie: this.control.netnsCookie,
    };
    return this.#identity;
  }

  [Symbol.dispose](): void {
    this.#control?.[Symbol.dispose]();
    this.netns[Symbol.dispose]();
  }
}

/**
 * Enters namespaces, one at a time. A namespace stays open until another one is entered or the
 * current turn of the JavaScript event loop ends, because one event often needs it several times.
 */
export class NetnsEntrance {
  readonly #lookup: NetnsLookup;
  #entered: EnteredNetns | undefined;

  constructor(lookup: NetnsLookup) {
    this.#lookup = lookup;
  }

  /** Enters the namespace at `path`, as {@link NetnsLookup.open} finds it. */
  enter(path: string, callerPid: number): EnteredNetns {
    return this.#keep(path, this.#lookup.open(path, callerPid));
  }

  /** Enters a namespace again, as {@link NetnsLookup.openAgain} finds it. */
  enterAgain(path: string, identity: NetnsIdentity): EnteredNetns | undefined {
    const entered = this.#entered;
    if (entered?.path === path && isSameNetns(entered.identity, identity)) {
      return entered;
    }
    const netns = this.#lookup.openAgain(path, identity);
    if (netns === undefined) return undefined;
    const again = this.#keep(path, netns);
    // Another namespace may have got the inode number of one that no longer exists.
    return isSameNetns(again.identity, identity) ? again : undefined;
  }

  #keep(path: string, netns: Netns): EnteredNetns {
    this.#leave();
    this.#entered = new EnteredNetns(path, netns);
    queueMicrotask(() => this.#leave());
    return this.#entered;
  }

  #leave(): void {
    this.#entered?.[Symbol.dispose]();
    this.#entered = undefined;
  }
}
