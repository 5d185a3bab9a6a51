/** Where the runtime comes from, what is refused, and what may be published. @module */

import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { getAvailablePort } from "@std/net/get-available-port";
import lock from "../../.ci/package-lock.json" with { type: "json" };
import {
  findCompiler,
  hasUnit,
  publishProblem,
  type Roads,
} from "../../tools/build/compiler.ts";
import { pinEsbuild } from "../../tools/build/esbuild.ts";
import { pinnedExecutable, sha256 } from "../../tools/build/pinned_file.ts";
import {
  CLI_SHA256,
  DENO_VERSION,
  ESBUILD,
  FALLBACK_RUNTIME,
  FALLBACK_VERSION,
  runtimePin,
} from "../../tools/build/pins.ts";
import { download, publishedRuntime } from "../../tools/build/runtime.ts";
import { hostTarget } from "../../tools/build/target.ts";
import { learnPin } from "../../tools/pin_runtime.ts";
import { REPO_ROOT } from "../support/binaries.ts";
import { testRows } from "../support/rows.ts";
import { TempDir } from "../support/temp_dir.ts";
import { zipOf } from "./zip_of.ts";

/** The pinned CLI. The tests may run with another Deno of the same version. */
const CLI = await pinnedCli();

async function pinnedCli(): Promise<string> {
  const { stdout } = await new Deno.Command(`${REPO_ROOT}/.ci/deno`, {
    args: ["eval", "console.log(Deno.execPath())"],
    env: { NO_COLOR: "1" },
  }).output();
  return new TextDecoder().decode(stdout).trim();
}

const TARGET = "x86_64-unknown-linux-gnu";
const RUNTIME = new TextEncoder().encode("the runtime");
const ARCHIVE = await zipOf(RUNTIME, { method: 8 });
const PIN = { archive: sha256(ARCHIVE), runtime: sha256(RUNTIME) };
const OTHER = "0".repeat(64);

/** Serves archives; answers 404 for other paths. */
function serve(
  archives: Readonly<Record<string, Uint8Array<ArrayBuffer>>>,
): Deno.HttpServer<Deno.NetAddr> & { readonly downloads: string } {
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) => {
      const archive = archives[new URL(request.url).pathname];
      return new Response(archive, {
        status: archive === undefined ? 404 : 200,
      });
    },
  );
  const downloads = `http://127.0.0.1:${server.addr.port}`;
  return Object.assign(server, { downloads });
}

const PATH = `/v2.0.1/denort-${TARGET}.zip`;

testRows("publishedRuntime() returns the runtime", [
  { name: "with the pinned hashes", pin: PIN },
  { name: "without pinned hashes", pin: undefined },
], async ({ pin }) => {
  using cache = new TempDir();
  const server = serve({ [PATH]: ARCHIVE });
  const { downloads } = server;
  const options = { downloads, cache: cache.path, pin };
  const runtime = await publishedRuntime("2.0.1", TARGET, options);
  const path = cache.join(`denort-2.0.1-${TARGET}/denort`);
  assertEquals(runtime, { path, sha256: PIN.runtime });
  assertEquals(await Deno.readFile(path), RUNTIME);
  assertEquals(((await Deno.stat(path)).mode ?? 0) & 0o777, 0o755);
  await server.shutdown();
  // From the cache.
  assertEquals(await publishedRuntime("2.0.1", TARGET, options), runtime);
});

testRows("publishedRuntime() refuses", [
  {
    name: "an archive with another hash",
    pin: { ...PIN, archive: OTHER },
    message: `.zip: its SHA-256 is ${PIN.archive}, expected ${OTHER}`,
  },
  {
    name: "a runtime with another hash",
    pin: { ...PIN, runtime: OTHER },
    message: `.zip: its SHA-256 is ${PIN.runtime}, expected ${OTHER}`,
  },
], async ({ pin, message }) => {
  using cache = new TempDir();
  await using server = serve({ [PATH]: ARCHIVE });
  const { downloads } = server;
  await assertRejects(
    () =>
      publishedRuntime("2.0.1", TARGET, { downloads, cache: cache.path, pin }),
    Error,
    message,
  );
  assertEquals(await Array.fromAsync(Deno.readDir(cache.path)), []);
});

Deno.test("publishedRuntime() replaces a damaged file in the cache", async () => {
  using cache = new TempDir();
  await using server = serve({ [PATH]: ARCHIVE });
  const { downloads } = server;
  const path = cache.join(`denort-2.0.1-${TARGET}/denort`);
  await Deno.mkdir(path.replace(/\/denort$/, ""));
  await Deno.writeTextFile(path, "damaged");
  const options = { downloads, cache: cache.path, pin: PIN };
  await publishedRuntime("2.0.1", TARGET, options);
  assertEquals(await Deno.readFile(path), RUNTIME);
});

testRows("download()", [
  { name: "returns the content for status 200", path: PATH, want: ARCHIVE },
  {
    name: "returns the status 404",
    path: "/other",
    want: "HTTP status 404 for ADDRESS",
  },
], async ({ path, want }) => {
  await using server = serve({ [PATH]: ARCHIVE });
  const address = `${server.downloads}${path}`;
  const found = await download(address);
  assertEquals(
    typeof found === "string" ? found.replace(address, "ADDRESS") : found,
    want,
  );
});

Deno.test("download() returns the reason of a refused connection", async () => {
  const address = `http://127.0.0.1:${getAvailablePort()}/`;
  const problem = await download(address);
  assertMatch(
    String(problem).replace(address, "ADDRESS"),
    /\(ADDRESS\).*refused/,
  );
});

Deno.test("learnPin() returns the hashes of archives that two places have", async () => {
  await using first = serve({ [PATH]: ARCHIVE });
  await using second = serve({ [PATH]: ARCHIVE });
  const places = [first.downloads, second.downloads];
  assertEquals(await learnPin("2.0.1", TARGET, places), PIN);
});

Deno.test("learnPin() refuses archives that differ, and a place without one", async () => {
  const other = await zipOf(RUNTIME, { method: 0 });
  await using first = serve({ [PATH]: ARCHIVE });
  await using second = serve({ [PATH]: other });
  const places = [first.downloads, second.downloads];
  await assertRejects(
    () => learnPin("2.0.1", TARGET, places),
    Error,
    "have different archives",
  );
  await assertRejects(
    () => learnPin("2.0.2", TARGET, places),
    Error,
    "HTTP status 404",
  );
});

const FALLBACK = FALLBACK_RUNTIME[hostTarget()];

/** Roads without a network; `published` is what Deno's host answers. */
function roads(
  published: Awaited<ReturnType<Roads["publishedRuntime"]>>,
): Roads {
  return {
    publishedRuntime: () => Promise.resolve(published),
    pinnedExecutable: ({ npmPackage }) => Promise.resolve(`/x/${npmPackage}`),
    denort: undefined,
  };
}

Deno.test("findCompiler() uses the runtime that Deno publishes", async () => {
  const runtime = { path: "/x/denort", sha256: OTHER };
  const compiler = await findCompiler(hostTarget(), roads(runtime));
  assertEquals(compiler, {
    deno: Deno.execPath(),
    version: Deno.version.deno,
    runtime,
    origin: `https://dl.deno.land/release/v${Deno.version.deno}/` +
      `denort-${hostTarget()}.zip`,
  });
});

Deno.test("findCompiler() falls back to the pinned pair if the host cannot be reached, and it is not published", async () => {
  const compiler = await findCompiler(hostTarget(), roads("no network"));
  assertEquals(compiler, {
    deno: "/x/@deno/linux-x64-glibc@2.7.11",
    version: FALLBACK_VERSION,
    runtime: { path: `/x/${FALLBACK.npmPackage}`, sha256: FALLBACK.sha256 },
    origin: `npm:${FALLBACK.npmPackage}`,
  });
  assertEquals(
    await publishProblem(compiler, hostTarget()),
    `the runtime for ${hostTarget()} is that of Deno ${FALLBACK_VERSION}, ` +
      `expected Deno ${DENO_VERSION}`,
  );
});

testRows("hasUnit()", [
  {
    name: "leaves out the socket of host-local with the fallback",
    version: FALLBACK_VERSION,
    unit: "cni-host-local.socket",
    want: false,
  },
  {
    name: "keeps the socket of dhcp",
    version: FALLBACK_VERSION,
    unit: "cni-dhcp.socket",
    want: true,
  },
  {
    name: "keeps the socket of host-local with another runtime",
    version: "2.9.6",
    unit: "cni-host-local.socket",
    want: true,
  },
], ({ version, unit, want }) => assertEquals(hasUnit({ version }, unit), want));

testRows("publishProblem()", [
  { name: "accepts the pinned runtime and CLI", want: undefined },
  {
    name: "refuses an unpinned runtime",
    pin: undefined,
    want: "is not pinned; run `deno task pin:runtime`",
  },
  {
    name: "refuses another runtime",
    pin: { ...PIN, runtime: OTHER },
    want: `has the SHA-256 ${PIN.runtime}, expected ${OTHER}`,
  },
  {
    name: "refuses another version",
    version: "2.9.5",
    want: `is that of Deno 2.9.5, expected Deno ${DENO_VERSION}`,
  },
  {
    name: "refuses another CLI",
    deno: `${REPO_ROOT}/LICENSE`,
    want: `expected ${CLI_SHA256[hostTarget()]}`,
  },
], async (row) => {
  const compiler = {
    deno: row.deno ?? CLI,
    version: row.version ?? DENO_VERSION,
    runtime: { path: "/x", sha256: PIN.runtime },
    origin: "https://example.org",
  };
  const pin = "pin" in row ? row.pin : PIN;
  const problem = await publishProblem(compiler, TARGET, { pin });
  if (row.want === undefined) assertEquals(problem, undefined);
  else assert(problem?.includes(row.want), problem);
});

Deno.test("a release with the fallback runtime fails before it writes anything", async () => {
  const denort = await pinnedExecutable(FALLBACK);
  const { version } = JSON.parse(
    await Deno.readTextFile(`${REPO_ROOT}/deno.json`),
  );
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-P=tools", "tools/release.ts", "--tag", `v${version}`],
    cwd: REPO_ROOT,
    env: { DENORT_BIN: denort, NO_COLOR: "1" },
  }).output();
  const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
  assertMatch(
    text(stderr),
    /^release: Cannot release with a tag: the runtime for .* is that of Deno 2\.7\.11, expected Deno /m,
  );
  assertEquals([code, text(stdout)], [1, ""]);
});

Deno.test("pinEsbuild() replaces another file, with which deno bundle then works offline", async () => {
  using denoDir = new TempDir();
  await pinEsbuild(denoDir.path);
  const [folder] = await Array.fromAsync(Deno.readDir(denoDir.join("dl")));
  const [file] = await Array.fromAsync(
    Deno.readDir(denoDir.join(`dl/${folder?.name}`)),
  );
  const path = denoDir.join(`dl/${folder?.name}/${file?.name}`);
  await Deno.writeTextFile(path, "damaged");
  await pinEsbuild(denoDir.path);
  const pinned = ESBUILD[hostTarget()];
  assertEquals(sha256(await Deno.readFile(path)), pinned.sha256);

  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "bundle",
      "--output",
      denoDir.join("out.js"),
      "tools/build/empty.ts",
    ],
    cwd: REPO_ROOT,
    env: {
      DENO_DIR: denoDir.path,
      // Nothing listens there.
      NPM_CONFIG_REGISTRY: "http://127.0.0.1:9",
    },
  }).output();
  assertEquals(success, true, new TextDecoder().decode(stderr));
});

Deno.test("the pins are those of the version of Deno in use", () => {
  assertEquals(Deno.version.deno, DENO_VERSION);
  const versions = new Set(
    Object.entries(lock.packages).filter(([path]) => path.includes("deno"))
      .map(([, entry]) => "version" in entry ? entry.version : undefined),
  );
  assertEquals(versions, new Set([DENO_VERSION]));
  assertEquals(CLI_SHA256[hostTarget()], sha256(Deno.readFileSync(CLI)));
});

Deno.test(".ci/deno refuses a package with another hash", async () => {
  using directory = new TempDir();
  for (const name of ["deno", "package.json", "package-lock.json"]) {
    await Deno.copyFile(`${REPO_ROOT}/.ci/${name}`, directory.join(name));
  }
  const path = directory.join("package-lock.json");
  const text = await Deno.readTextFile(path);
  const { arch } = Deno.build;
  const name = `@deno/linux-${arch === "x86_64" ? "x64" : "arm64"}-glibc`;
  const { integrity } = lock.packages[
    `node_modules/${name}` as keyof typeof lock.packages
  ] as { readonly integrity: string };
  const other = `sha512-${btoa("0".repeat(64))}`;
  await Deno.writeTextFile(path, text.replace(integrity, other));
  const { code, stdout } = await new Deno.Command(directory.join("deno"), {
    args: ["--version"],
    env: { XDG_CACHE_HOME: directory.join("cache") },
    stderr: "null",
  }).output();
  assertEquals([code === 0, stdout.length], [false, 0]);
});

Deno.test("runtimePin() ignores hashes of another version", () => {
  const pins = { version: "2.0.0", targets: { [TARGET]: PIN } };
  assertEquals(runtimePin("2.0.0", TARGET, pins), PIN);
  assertEquals(runtimePin("2.0.1", TARGET, pins), undefined);
});
