import { assertEquals, assertThrows } from "@std/assert";
import { SystemError } from "../../../../lib/base/errors.ts";
import {
  type LiveList,
  parseLiveList,
} from "../../../../lib/host_local/operator/live_list.ts";
import { testRows } from "../../../support/rows.ts";

function parse(text: string): LiveList {
  return parseLiveList({ path: "ids", text, writtenAtMs: 7 });
}

testRows("parseLiveList()", [
  { name: "reads lines", text: "a1\nb2\n", listed: ["a1", "b2"], size: 2 },
  {
    name: "ignores white space and empty lines",
    text: "\r\n a1\t\r\n\nb2",
    listed: ["a1", "b2"],
    size: 2,
  },
  { name: "reads JSON", text: ' ["a1", "b2"]\n', listed: ["a1"], size: 2 },
  { name: "reads an empty JSON array", text: "[]", listed: [], size: 0 },
  {
    name: "counts the start of an ID",
    text: "0123456789ab\n0123456789abcd\nf",
    listed: ["0123456789ab", "0123456789abcdef", "0123456789abff", "ff"],
    size: 3,
  },
  {
    name: "counts what follows the namespace of nerdctl",
    text: "c1",
    listed: ["default-c1", "k8s.io-c1", "my-ns-c1", "c1"],
    size: 1,
  },
], ({ text, listed, size }) => {
  const list = parse(text);
  assertEquals(
    [...listed, "zz", "0123456789", "c", "A1"].filter((id) => list.has(id)),
    [...listed],
  );
  assertEquals([list.size, list.path, list.writtenAtMs], [size, "ids", 7]);
});

testRows("parseLiveList() refuses", [
  {
    name: "an empty text",
    text: " \n",
    want: "the list of containers is empty",
  },
  {
    name: "the output of a table",
    text: "CONTAINER ID  IMAGE\na1  x\n",
    want: 'ids: line 1: "CONTAINER ID  IMAGE" is no container ID',
  },
  {
    name: "a path",
    text: "a1\n../etc\n",
    want: 'ids: line 2: "../etc" is no container ID',
  },
  {
    name: "an entry of another type",
    text: '["a1", {"Id": "b2"}]',
    want: 'ids: entry 2: "{\\"Id\\":\\"b2\\"}" is no container ID',
  },
  {
    name: "an empty entry",
    text: '[""]',
    want: 'ids: entry 1: "" is no container ID',
  },
  {
    name: "an object",
    text: '{"items": []}',
    want: "expected a JSON array of container IDs",
  },
  {
    name: "a long line of control characters",
    text: `\x1b[2J${"x".repeat(1000)}`,
    want: `"\\u001b[2J${"x".repeat(36)}..." is no container ID`,
  },
], ({ text, want }) => {
  const error = assertThrows(() => parse(text), SystemError);
  assertEquals(error.message.slice(-want.length), want);
});

Deno.test("parseLiveList() refuses JSON that was cut off, and JSON that is nested too deep", () => {
  for (const text of ['["a1", "b', "[".repeat(100_000)]) {
    const { message, advice } = assertThrows(() => parse(text), SystemError);
    assertEquals([message.slice(0, 10), advice], [
      "read ids: ",
      "write one container ID per line, or a JSON array of them",
    ]);
  }
});

Deno.test("parseLiveList() takes a list of 60,000 short IDs that begin alike", () => {
  const ids = Array.from({ length: 60_000 }, (_, index) => `c${index}`);
  const list = parse(JSON.stringify(ids));
  assertEquals(list.size, 60_000);
  assertEquals(list.has("c59999ff"), true);
  assertEquals(list.has("d1"), false);
});
