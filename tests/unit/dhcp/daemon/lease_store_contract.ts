/** What the daemon expects of lease files and release notes, on disk and in memory. @module */

import { assertEquals } from "@std/assert";
import type { Attachment } from "../../../../lib/cni/attachment.ts";
import type {
  LeaseStore,
  ReleaseNoteStore,
} from "../../../../lib/dhcp/daemon/ports.ts";
import { LEASED, OFFERED, sampleLease } from "./sample_lease.ts";

/** Empty stores. */
export interface TestStores {
  readonly leases: LeaseStore;
  readonly releaseNotes: ReleaseNoteStore;
  /** Leaves a release note, as a plugin does. */
  readonly leaveNote: (attachment: Attachment) => void | Promise<void>;
}

interface Row {
  readonly name: string;
  readonly run: (stores: TestStores) => void | Promise<void>;
}

const { attachment: FIRST } = LEASED;
const SECOND: Attachment = { ...FIRST, containerId: "c2" };
const OTHER_NETWORK: Attachment = { ...FIRST, networkName: "other" };

/** One test for each row. */
export const STORE_CONTRACT: readonly Row[] = [
  {
    name: "an empty store has no leases",
    run: ({ leases }) => {
      assertEquals(leases.read(FIRST), undefined);
      assertEquals(leases.readAll(), { records: [], unusable: [] });
    },
  },
  {
    name: "read() and readAll() return a lease that was written",
    run: ({ leases }) => {
      leases.write(LEASED);
      assertEquals(leases.read(FIRST), LEASED);
      assertEquals(leases.readAll(), { records: [LEASED], unusable: [] });
    },
  },
  {
    name: "writeAsync() writes at once, and resolves for each of many leases",
    run: async ({ leases }) => {
      const records = Array.from({ length: 40 }, (_, index) => ({
        ...LEASED,
        attachment: { ...FIRST, containerId: `c${index}` },
      }));
      const written = records.map((record) => leases.writeAsync(record));
      assertEquals(leases.readAll().records.length, records.length);
      await Promise.all(written);
      assertEquals(records.map(({ attachment }) => leases.read(attachment)), [
        ...records,
      ]);
    },
  },
  {
    name: "writeAsync() and remove() leave no lease",
    run: async ({ leases }) => {
      const written = leases.writeAsync(LEASED);
      leases.remove(FIRST);
      await written;
      assertEquals(leases.readAll(), { records: [], unusable: [] });
    },
  },
  {
    name: "read() returns an offer that was written",
    run: ({ leases }) => {
      leases.write(OFFERED);
      assertEquals(leases.read(FIRST), OFFERED);
    },
  },
  {
    name: "read() returns a change of the interface in progress",
    run: ({ leases }) => {
      const from = sampleLease({ options: { 3: "c0000202" } });
      const record = { ...LEASED, change: { from } };
      leases.write(record);
      assertEquals(leases.read(FIRST), record);
    },
  },
  {
    name: "write() replaces the lease of the same attachment",
    run: ({ leases }) => {
      leases.write(OFFERED);
      leases.write(LEASED);
      assertEquals(leases.readAll().records, [LEASED]);
    },
  },
  {
    name: "leases of other attachments are separate",
    run: ({ leases }) => {
      for (const attachment of [FIRST, SECOND, OTHER_NETWORK]) {
        leases.write({ ...LEASED, attachment });
      }
      leases.remove(SECOND);
      assertEquals(leases.read(SECOND), undefined);
      assertEquals(leases.read(FIRST), LEASED);
      assertEquals(leases.readAll().records.length, 2);
    },
  },
  {
    name: "remove() accepts a lease that does not exist",
    run: ({ leases }) => {
      leases.remove(FIRST);
      leases.write(LEASED);
      leases.remove(FIRST);
      leases.remove(FIRST);
      assertEquals(leases.readAll(), { records: [], unusable: [] });
    },
  },
  {
    name: "an empty store has no release notes",
    run: ({ releaseNotes }) => {
      const none = { attachments: [], unusable: [] };
      assertEquals(releaseNotes.readAll(), none);
    },
  },
  {
    name: "a release note is read until it is removed",
    run: async ({ releaseNotes, leaveNote }) => {
      await leaveNote(FIRST);
      await leaveNote(FIRST);
      await leaveNote(SECOND);
      const { attachments } = releaseNotes.readAll();
      const ids = attachments.map(({ containerId }) => containerId);
      assertEquals(ids.sort(), ["c1", "c2"]);
      releaseNotes.remove(SECOND);
      assertEquals(releaseNotes.readAll().attachments, [FIRST]);
    },
  },
  {
    name: "a release note that does not exist can be removed",
    run: ({ releaseNotes }) => {
      releaseNotes.remove(FIRST);
      assertEquals(releaseNotes.readAll().attachments, []);
    },
  },
  {
    name: "a release note does not remove the lease",
    run: async ({ leases, leaveNote }) => {
      leases.write(LEASED);
      await leaveNote(FIRST);
      assertEquals(leases.readAll(), { records: [LEASED], unusable: [] });
    },
  },
];
