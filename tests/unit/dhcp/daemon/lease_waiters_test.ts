import { assertEquals, assertRejects } from "@std/assert";
import { AcquisitionError } from "../../../../lib/dhcp/daemon/acquisition_error.ts";
import { LeaseWaiters } from "../../../../lib/dhcp/daemon/lease_waiters.ts";
import { anyCaller } from "./fake_host.ts";
import { sampleLease } from "./sample_lease.ts";

const LEASE = sampleLease();

Deno.test("LeaseWaiters.resolve() returns the lease to every caller", async () => {
  const waiters = new LeaseWaiters();
  assertEquals(waiters.isEmpty, true);
  const waiting = [
    waiters.wait(anyCaller().hungUp),
    waiters.wait(anyCaller().hungUp),
  ];
  assertEquals(waiters.isEmpty, false);
  waiters.resolve(LEASE);
  assertEquals(waiters.isEmpty, true);
  assertEquals(await Promise.all(waiting), [LEASE, LEASE]);
});

Deno.test("LeaseWaiters.reject() fails every call", async () => {
  const waiters = new LeaseWaiters();
  const waiting = waiters.wait(anyCaller().hungUp);
  waiters.reject({ kind: "link-down" });
  const error = await assertRejects(() => waiting, AcquisitionError);
  assertEquals(error.failure, { kind: "link-down" });
  assertEquals(waiters.isEmpty, true);
});

Deno.test("LeaseWaiters.wait() ends only for the caller that disconnects", async () => {
  const waiters = new LeaseWaiters();
  const leaving = new AbortController();
  const left = waiters.wait(leaving.signal);
  const staying = waiters.wait(anyCaller().hungUp);
  leaving.abort();
  const error = await assertRejects(() => left, AcquisitionError);
  assertEquals(error.failure, { kind: "cancelled" });
  waiters.resolve(LEASE);
  assertEquals(await staying, LEASE);
});

Deno.test("LeaseWaiters.wait() fails if the caller has disconnected before", async () => {
  const waiters = new LeaseWaiters();
  await assertRejects(
    () => waiters.wait(AbortSignal.abort()),
    AcquisitionError,
  );
  assertEquals(waiters.isEmpty, true);
});
