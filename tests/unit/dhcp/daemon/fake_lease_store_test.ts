import { testRows } from "../../../support/rows.ts";
import { FakeLeaseStore, FakeReleaseNotes } from "./fake_lease_store.ts";
import { STORE_CONTRACT } from "./lease_store_contract.ts";

testRows("fake lease store:", STORE_CONTRACT, async ({ run }) => {
  const releaseNotes = new FakeReleaseNotes();
  await run({
    leases: new FakeLeaseStore(),
    releaseNotes,
    leaveNote: (attachment) => releaseNotes.leave(attachment),
  });
});
