/** Writes images in the layout of the Open Container Initiative. @module */

import { ensureDir } from "@std/fs/ensure-dir";
import { sha256 } from "../build/pinned_file.ts";
import { capture } from "../process.ts";
import { packFolder } from "../release/tarball.ts";

/** An image for one architecture. */
export interface PlatformImage {
  /** As Go names it, such as "arm64". */
  readonly architecture: string;
  /** The folder of its files. */
  readonly root: string;
}

/** What a registry and a runtime show about the image. */
export interface ImageFacts {
  /** The reference in the layout's index, such as "v1.2.3". */
  readonly tag: string;
  readonly labels: Readonly<Record<string, string>>;
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

const TYPE = "application/vnd.oci.image";

/** Writes a layout with an index of images, the same bytes for the same files. */
export async function writeLayout(
  folder: string,
  images: readonly PlatformImage[],
  { tag, labels }: ImageFacts,
): Promise<void> {
  await ensureDir(`${folder}/blobs/sha256`);
  const manifests = [];
  for (const image of images) {
    manifests.push({
      ...await writeManifest(folder, image, labels),
      platform: { architecture: image.architecture, os: "linux" },
    });
  }
  const index = await writeJson(folder, `${TYPE}.index.v1+json`, {
    schemaVersion: 2,
    mediaType: `${TYPE}.index.v1+json`,
    manifests,
  });
  await Deno.writeTextFile(
    `${folder}/index.json`,
    JSON.stringify({
      schemaVersion: 2,
      manifests: [{
        ...index,
        annotations: { "org.opencontainers.image.ref.name": tag },
      }],
    }),
  );
  await Deno.writeTextFile(
    `${folder}/oci-layout`,
    JSON.stringify({ imageLayoutVersion: "1.0.0" }),
  );
}

async function writeManifest(
  folder: string,
  { architecture, root }: PlatformImage,
  labels: Readonly<Record<string, string>>,
): Promise<Descriptor> {
  const tar = `${folder}/layer.tar`;
  await packFolder(tar, root);
  const diffId = digestOf(await Deno.readFile(tar));
  await capture(["gzip", "--no-name", tar]);
  const layer = await writeBlob(
    folder,
    `${TYPE}.layer.v1.tar+gzip`,
    await Deno.readFile(`${tar}.gz`),
  );
  await Deno.remove(`${tar}.gz`);
  const config = await writeJson(folder, `${TYPE}.config.v1+json`, {
    architecture,
    os: "linux",
    config: {
      User: "0",
      Env: ["PATH=/bin"],
      WorkingDir: "/",
      Labels: labels,
    },
    rootfs: { type: "layers", diff_ids: [diffId] },
  });
  return await writeJson(folder, `${TYPE}.manifest.v1+json`, {
    schemaVersion: 2,
    mediaType: `${TYPE}.manifest.v1+json`,
    config,
    layers: [layer],
  });
}

async function writeJson(
  folder: string,
  mediaType: string,
  value: unknown,
): Promise<Descriptor> {
  const bytes = new TextEncoder().encode(JSON.stringify(value));
  return await writeBlob(folder, mediaType, bytes);
}

async function writeBlob(
  folder: string,
  mediaType: string,
  bytes: Uint8Array,
): Promise<Descriptor> {
  const digest = digestOf(bytes);
  await Deno.writeFile(`${folder}/blobs/${digest.replace(":", "/")}`, bytes);
  return { mediaType, digest, size: bytes.length };
}

function digestOf(bytes: Uint8Array): string {
  return `sha256:${sha256(bytes)}`;
}
