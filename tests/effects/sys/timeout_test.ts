import { assertEquals } from "@std/assert";
import { startTimeout } from "../../../lib/sys/timeout.ts";

/** Resolves after a timeout that was started later and lasts longer. */
function laterThan(timeoutMs: number): Promise<void> {
  return new Promise((resolve) => {
    startTimeout(timeoutMs + 20, resolve);
  });
}

Deno.test("startTimeout() calls back once", async () => {
  const seen: string[] = [];
  using _timeout = startTimeout(1, () => seen.push("late"));
  await withEventLoop(() => laterThan(1));
  assertEquals(seen, ["late"]);
});

Deno.test("startTimeout() does not call back after it is disposed of", async () => {
  const seen: string[] = [];
  startTimeout(1, () => seen.push("late"))[Symbol.dispose]();
  await withEventLoop(() => laterThan(1));
  assertEquals(seen, []);
});

Deno.test("startTimeout() limits a long timeout, which would fire at once", async () => {
  const seen: string[] = [];
  using _timeout = startTimeout(2 ** 40, () => seen.push("late"));
  await withEventLoop(() => laterThan(1));
  assertEquals(seen, []);
});

/** Keeps the event loop alive, which a timeout does not. */
async function withEventLoop(body: () => Promise<void>): Promise<void> {
  const timer = setInterval(() => {}, 1000);
  try {
    await body();
  } finally {
    clearInterval(timer);
  }
}
