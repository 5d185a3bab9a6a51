/** The download of Debian's packages for the container image. @module */

import { assertEquals, assertRejects } from "@std/assert";
import { sha256 } from "../../tools/build/pinned_file.ts";
import {
  packageAddresses,
  pinnedPackage,
} from "../../tools/debian/pinned_package.ts";
import { testRows } from "../support/rows.ts";
import { TempDir } from "../support/temp_dir.ts";

const CONTENT = new TextEncoder().encode("a package");
const PIN = { path: "debian/pool/main/x/x_1.deb", sha256: sha256(CONTENT) };

Deno.test("packageAddresses() returns the mirror first, then the archive of old packages", () => {
  const path = "debian-security/pool/main/x/x_1.deb";
  assertEquals(packageAddresses({ ...PIN, path }, "20260102T030405Z"), [
    `http://deb.debian.org/${path}`,
    "http://snapshot.debian.org/archive/debian-security/20260102T030405Z/pool/main/x/x_1.deb",
  ]);
});

/** Calls `use` with the address of a server that has the package at /good. */
async function withServer(
  use: (server: string, requested: string[]) => Promise<void>,
): Promise<void> {
  const requested: string[] = [];
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) => {
      const { pathname } = new URL(request.url);
      requested.push(pathname);
      if (pathname === "/good") return new Response(CONTENT);
      if (pathname === "/changed") return new Response("another package");
      return new Response(null, { status: 404 });
    },
  );
  await use(`http://127.0.0.1:${server.addr.port}`, requested);
}

Deno.test("pinnedPackage() downloads from the first address that has the package, once", async () => {
  await withServer(async (server, requested) => {
    using cache = new TempDir();
    for (let time = 0; time < 2; time++) {
      const path = await pinnedPackage(
        PIN,
        ["/gone", "/good", "/changed"].map((end) => server + end),
        cache.join("new"),
      );
      assertEquals(await Deno.readFile(path), CONTENT);
    }
    assertEquals(requested, ["/gone", "/good"]);
  });
});

Deno.test("pinnedPackage() replaces a damaged file in the cache", async () => {
  await withServer(async (server) => {
    using cache = new TempDir();
    const get = (): Promise<string> =>
      pinnedPackage(PIN, [`${server}/good`], cache.path);
    await Deno.writeTextFile(await get(), "damaged");
    assertEquals(await Deno.readFile(await get()), CONTENT);
  });
});

testRows("pinnedPackage() refuses", [
  {
    name: "a package with another hash",
    paths: ["/changed", "/good"],
    message: "its SHA-256 is",
  },
  {
    name: "a package that no address has",
    paths: ["/gone", "/lost"],
    message: "pin the newest version with `deno task pin:image`",
  },
], async ({ paths, message }) => {
  await withServer(async (server) => {
    using cache = new TempDir();
    await assertRejects(
      () => pinnedPackage(PIN, paths.map((path) => server + path), cache.path),
      Error,
      message,
    );
    assertEquals(await Array.fromAsync(Deno.readDir(cache.path)), []);
  });
});
