import { assertEquals } from "@std/assert";
import { NO_PROGRESS, ProgressLine } from "../../../lib/cli/progress.ts";

const ERASE = "\r\x1b[K";

/** A line on a terminal of some columns, and a clock that only the test moves. */
class Scene {
  readonly written: string[] = [];
  nowMs = 1_000_000;
  readonly line: ProgressLine;

  constructor(columns = 80) {
    this.line = new ProgressLine({
      columns,
      write: (text) => this.written.push(text),
      nowMs: () => this.nowMs,
    });
  }

  /** Reports after some time. @returns What is written then. */
  after(ms: number, ...report: Parameters<ProgressLine["report"]>): string[] {
    this.nowMs += ms;
    this.written.length = 0;
    this.line.report(...report);
    return [...this.written];
  }
}

Deno.test("ProgressLine shows nothing of work that ends within half a second", () => {
  const scene = new Scene();
  assertEquals(scene.after(499, "reading /x", 7), []);
  scene.line.clear();
  assertEquals(scene.written, []);
});

Deno.test("ProgressLine writes the line at most ten times per second", () => {
  const scene = new Scene();
  assertEquals(scene.after(500, "reading /x", 7), [`${ERASE}reading /x: 7`]);
  assertEquals(scene.after(99, "reading /x", 8), []);
  assertEquals(scene.after(1, "reading /x", 9), [`${ERASE}reading /x: 9`]);
});

Deno.test("ProgressLine shows a bar if the total is known", () => {
  const scene = new Scene();
  assertEquals(scene.after(500, "judging", 0, 60_000), [
    `${ERASE}[--------------------]  0% judging: 0 of 60000`,
  ]);
  assertEquals(scene.after(500, "judging", 30_000, 60_000), [
    `${ERASE}[##########----------] 50% judging: 30000 of 60000`,
  ]);
  assertEquals(scene.after(500, "judging", 60_000, 60_000), [
    `${ERASE}[####################]100% judging: 60000 of 60000`,
  ]);
  assertEquals(scene.after(500, "judging", 0, 0), [`${ERASE}judging: 0`]);
});

Deno.test("ProgressLine does not fill the last column", () => {
  const scene = new Scene(10);
  assertEquals(scene.after(500, "reading /a/long/path", 7), [
    `${ERASE}reading /`,
  ]);
});

Deno.test("ProgressLine writes no control characters of a name", () => {
  const scene = new Scene();
  assertEquals(scene.after(500, "reading /\x1b[2J", 7), [
    `${ERASE}reading /\\u001b[2J: 7`,
  ]);
});

Deno.test("ProgressLine erases the line once, and shows it again with the next report", () => {
  const scene = new Scene();
  scene.after(500, "reading /x", 7);
  scene.written.length = 0;
  scene.line.clear();
  scene.line.clear();
  assertEquals(scene.written, [ERASE]);
  assertEquals(scene.after(100, "reading /x", 8), [`${ERASE}reading /x: 8`]);
});

Deno.test("NO_PROGRESS does nothing", () => {
  assertEquals(NO_PROGRESS.report("reading /x", 7), undefined);
});
