import { assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  formatAnswer,
  formatRefusal,
  type HttpRequest,
  parseHttpRequest,
} from "../../../lib/metrics/http_exchange.ts";
import { testRows } from "../../support/rows.ts";

const ROWS: readonly {
  name: string;
  text: string;
  want: HttpRequest | undefined;
}[] = [
  {
    name: "GET",
    text: "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n",
    want: { kind: "metrics", hasBody: true },
  },
  {
    name: "HEAD of HTTP/1.0, with bare line feeds and a query",
    text: "HEAD /metrics?a=b HTTP/1.0\n\n",
    want: { kind: "metrics", hasBody: false },
  },
  {
    name: "an incomplete head",
    text: "GET /metrics HTTP/1.1\r\nHost: x\r\n",
    want: undefined,
  },
  {
    name: "another path",
    text: "GET / HTTP/1.1\r\n\r\n",
    want: { kind: "refused", status: "404" },
  },
  {
    name: "another method",
    text: "POST /metrics HTTP/1.1\r\n\r\n",
    want: { kind: "refused", status: "405" },
  },
  {
    name: "another protocol",
    text: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    want: { kind: "refused", status: "400" },
  },
];

testRows("parseHttpRequest() reads", ROWS, ({ text, want }) => {
  assertEquals(parseHttpRequest(text), want);
});

Deno.test("parseHttpRequest() accepts any text", () => {
  fc.assert(fc.property(fc.string(), (text) => {
    parseHttpRequest(`${text}\r\n\r\n`);
  }));
});

Deno.test("formatAnswer() states the length in bytes", () => {
  const head = [
    "HTTP/1.1 200 OK",
    "Content-Type: text/plain; version=0.0.4; charset=utf-8",
    "Content-Length: 2",
    "Connection: close",
    "",
  ].join("\r\n");
  assertEquals(
    [true, false].map((hasBody) =>
      new TextDecoder().decode(formatAnswer("ä", hasBody))
    ),
    [`${head}\r\nä`, `${head}\r\n`],
  );
});

Deno.test("formatRefusal() says which methods are allowed", () => {
  assertEquals(
    new TextDecoder().decode(formatRefusal("405")).split("\r\n"),
    [
      "HTTP/1.1 405 Method Not Allowed",
      "Content-Type: text/plain; charset=utf-8",
      "Content-Length: 19",
      "Allow: GET, HEAD",
      "Connection: close",
      "",
      "Method Not Allowed\n",
    ],
  );
});
