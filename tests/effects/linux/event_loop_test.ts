import { assert, assertEquals, assertThrows } from "@std/assert";
import { bootTimeMs } from "../../../lib/linux/boottime_clock.ts";
import { Descriptor } from "../../../lib/linux/descriptor.ts";
import { checked, SyscallError } from "../../../lib/linux/errno.ts";
import { EPOLL, EventLoop } from "../../../lib/linux/event_loop.ts";
import { libc } from "../../../lib/linux/libc.ts";
import { Timers } from "../../../lib/linux/timers.ts";
import "../../support/network_namespaces.ts";
import { Mailbox, soon } from "../../support/waiting.ts";

const EFD_FLAGS = 0x80000 | 0x800;

function failOnError(error: unknown): void {
  throw error;
}

/** A descriptor that a test makes readable and unreadable. */
class Bell implements Disposable {
  readonly descriptor = new Descriptor(
    checked(libc().eventfd(0, EFD_FLAGS), "eventfd"),
  );

  ring(): void {
    const one = BigUint64Array.of(1n);
    checked(libc().write(this.descriptor.fd, one, 8n), "write");
  }

  silence(): void {
    checked(libc().read(this.descriptor.fd, new Uint8Array(8), 8n), "read");
  }

  [Symbol.dispose](): void {
    this.descriptor[Symbol.dispose]();
  }
}

Deno.test("EventLoop calls back when a descriptor is ready", async () => {
  await using loop = new EventLoop(failOnError);
  using bell = new Bell();
  const rings = new Mailbox<number>();
  using _watch = loop.watch(bell.descriptor, EPOLL.IN, (events) => {
    bell.silence();
    rings.put(events);
  });
  for (let round = 0; round < 3; round++) {
    bell.ring();
    assertEquals(await rings.take("ring"), EPOLL.IN);
  }
});

Deno.test("EventLoop does not block the JavaScript event loop while it waits", async () => {
  await using loop = new EventLoop(failOnError);
  using bell = new Bell();
  using _watch = loop.watch(bell.descriptor, EPOLL.IN, () => {});
  const { promise, resolve } = Promise.withResolvers<void>();
  setTimeout(resolve, 0);
  await soon(promise, "turn of the JavaScript event loop");
});

Deno.test("Watch.modify() changes the events to wait for", async () => {
  await using loop = new EventLoop(failOnError);
  using bell = new Bell();
  const ready = new Mailbox<number>();
  const watch = loop.watch(bell.descriptor, 0, (events) => {
    ready.put(events);
    watch.modify(0);
  });
  using _ = watch;
  watch.modify(EPOLL.OUT);
  assertEquals(await ready.take("event"), EPOLL.OUT);
  bell.ring();
  watch.modify(EPOLL.IN);
  assertEquals(await ready.take("event"), EPOLL.IN);
});

Deno.test("EventLoop does not call a watch that was disposed of earlier in the same turn", async () => {
  await using loop = new EventLoop(failOnError);
  using one = new Bell();
  using other = new Bell();
  const called = new Mailbox<string>();
  const watches: Disposable[] = [];
  const stopAll = (name: string) => (): void => {
    called.put(name);
    watches.forEach((watch) => watch[Symbol.dispose]());
  };
  one.ring();
  other.ring();
  watches.push(loop.watch(one.descriptor, EPOLL.IN, stopAll("one")));
  watches.push(loop.watch(other.descriptor, EPOLL.IN, stopAll("other")));
  await called.take("event");
  using third = new Bell();
  using _watch = loop.watch(third.descriptor, EPOLL.IN, () => {
    third.silence();
    called.put("third");
  });
  third.ring();
  assertEquals(await called.take("event"), "third");
});

Deno.test("EventLoop handles a reused descriptor number", async () => {
  await using loop = new EventLoop(failOnError);
  const called = new Mailbox<string>();
  const first = new Bell();
  const stale = loop.watch(first.descriptor, EPOLL.IN, () => called.put("old"));
  const { fd } = first.descriptor;
  first[Symbol.dispose]();
  using second = new Bell();
  assertEquals(second.descriptor.fd, fd);
  using _watch = loop.watch(second.descriptor, EPOLL.IN, () => {
    second.silence();
    called.put("new");
  });
  stale[Symbol.dispose]();
  second.ring();
  assertEquals(await called.take("event"), "new");
});

Deno.test("EventLoop reports what a callback throws, and continues", async () => {
  const errors = new Mailbox<unknown>();
  await using loop = new EventLoop(errors.put);
  using bell = new Bell();
  using _watch = loop.watch(bell.descriptor, EPOLL.IN, () => {
    bell.silence();
    throw new Error("callback");
  });
  for (let round = 0; round < 2; round++) {
    bell.ring();
    assertEquals(String(await errors.take("error")), "Error: callback");
  }
});

Deno.test("EventLoop.watch() refuses to watch a descriptor twice", async () => {
  await using loop = new EventLoop(failOnError);
  using bell = new Bell();
  using _watch = loop.watch(bell.descriptor, EPOLL.IN, () => {});
  const error = assertThrows(
    () => loop.watch(bell.descriptor, EPOLL.IN, () => {}),
    SyscallError,
  );
  assertEquals(error.errnoName, "EEXIST");
});

Deno.test("EventLoop serves more ready descriptors than one wait returns", async () => {
  await using loop = new EventLoop(failOnError);
  const bells = Array.from({ length: 200 }, () => new Bell());
  const called = new Mailbox<number>();
  const watches = bells.map((bell, index) =>
    loop.watch(bell.descriptor, EPOLL.IN, () => {
      bell.silence();
      called.put(index);
    })
  );
  bells.forEach((bell) => bell.ring());
  const seen = new Set<number>();
  while (seen.size < bells.length) seen.add(await called.take("event"));
  watches.forEach((watch) => watch[Symbol.dispose]());
  bells.forEach((bell) => bell[Symbol.dispose]());
});

Deno.test("EventLoop can be disposed of twice at the same time", async () => {
  const loop = new EventLoop(failOnError);
  await Promise.all([
    loop[Symbol.asyncDispose](),
    loop[Symbol.asyncDispose](),
  ]);
});

Deno.test("EventLoop continues after a signal interrupts its thread", async () => {
  await using loop = new EventLoop(failOnError);
  using bell = new Bell();
  const rings = new Mailbox<number>();
  using _watch = loop.watch(bell.descriptor, EPOLL.IN, (events) => {
    bell.silence();
    rings.put(events);
  });
  const signals = new Mailbox<string>();
  const listener = (): void => signals.put("SIGUSR2");
  Deno.addSignalListener("SIGUSR2", listener);
  for (let round = 0; round < 20; round++) {
    Deno.kill(Deno.pid, "SIGUSR2");
    await signals.take("signal");
  }
  Deno.removeSignalListener("SIGUSR2", listener);
  bell.ring();
  assertEquals(await rings.take("ring"), EPOLL.IN);
});

Deno.test("bootTimeMs() advances in fractions of a millisecond", () => {
  const steps = Array.from({ length: 100 }, () => {
    const first = bootTimeMs();
    let next = bootTimeMs();
    while (next === first) next = bootTimeMs();
    return next - first;
  });
  // The shortest step: another process may run during some of them, but not during all.
  const shortest = Math.min(...steps);
  assert(shortest > 0 && shortest < 1);
});

Deno.test("Timers fire in the order of their deadlines", async () => {
  await using loop = new EventLoop(failOnError);
  using timers = new Timers(loop);
  const fired = new Mailbox<string>();
  const nowMs = bootTimeMs();
  const late = timers.create(() => fired.put("late"));
  const early = timers.create(() => fired.put("early"));
  const past = timers.create(() => fired.put("past"));
  const never = timers.create(() => fired.put("never"));
  const cleared = timers.create(() => fired.put("cleared"));
  late.set(nowMs + 20);
  early.set(nowMs + 10);
  past.set(-5);
  never.set(Infinity);
  cleared.set(nowMs + 5);
  cleared.set(Infinity);
  assertEquals(await fired.take("timer"), "past");
  assertEquals(await fired.take("timer"), "early");
  assertEquals(await fired.take("timer"), "late");
  assert(bootTimeMs() >= nowMs + 20);
  assertEquals(fired.size, 0);
});

Deno.test("Timer.set() replaces the deadline, even in a callback and with a past one", async () => {
  await using loop = new EventLoop(failOnError);
  using timers = new Timers(loop);
  const fired = new Mailbox<number>();
  let rounds = 0;
  const timer = timers.create(() => {
    rounds += 1;
    fired.put(bootTimeMs());
    if (rounds < 3) timer.set(0);
  });
  timer.set(bootTimeMs() + 3_600_000);
  timer.set(bootTimeMs() + 2);
  for (let round = 0; round < 3; round++) await fired.take("timer");
  assertEquals(rounds, 3);
});

Deno.test("Timers use one descriptor for a thousand timers", async () => {
  await using loop = new EventLoop(failOnError);
  using timers = new Timers(loop);
  const fired = new Mailbox<number>();
  const nowMs = bootTimeMs();
  const before = openDescriptors();
  for (let index = 999; index >= 0; index--) {
    timers.create(() => fired.put(index)).set(nowMs + 5 + index / 100);
  }
  // Deno opens and closes descriptors of its own meanwhile.
  assert(openDescriptors() < before + 100);
  const order: number[] = [];
  while (order.length < 1_000) order.push(await fired.take("timer"));
  assertEquals(order, order.toSorted((a, b) => a - b));
});

Deno.test("Timers fire after a callback that throws", async () => {
  const errors = new Mailbox<unknown>();
  await using loop = new EventLoop(errors.put);
  using timers = new Timers(loop);
  const fired = new Mailbox<string>();
  timers.create(() => {
    throw new Error("timer");
  }).set(0);
  timers.create(() => fired.put("other")).set(1);
  assertEquals(await fired.take("timer"), "other");
  assertEquals(String(await errors.take("error")), "Error: timer");
});

Deno.test("Timers wait longer than a 32-bit number of milliseconds", async () => {
  await using loop = new EventLoop(failOnError);
  using timers = new Timers(loop);
  const fired = new Mailbox<string>();
  timers.create(() => fired.put("years")).set(bootTimeMs() + 1e12);
  timers.create(() => fired.put("now")).set(0);
  assertEquals(await fired.take("timer"), "now");
  assertEquals(fired.size, 0);
});

Deno.test("Timers accept a deadline that the system cannot represent", async () => {
  await using loop = new EventLoop(failOnError);
  using timers = new Timers(loop);
  const fired = new Mailbox<string>();
  for (const atMs of [1e22, 1e300]) {
    timers.create(() => fired.put("never")).set(atMs);
    timers.create(() => fired.put("now")).set(0);
    assertEquals(await fired.take("timer"), "now");
  }
  assertEquals(fired.size, 0);
});

function openDescriptors(): number {
  const { stdout } = new Deno.Command("ls", {
    args: [`/proc/${Deno.pid}/fd`],
  }).outputSync();
  return new TextDecoder().decode(stdout).split("\n").length;
}
