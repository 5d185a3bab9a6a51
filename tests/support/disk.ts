/**
 * A disk of its own for a test: an ext4 file system on a loop device, whose power can be cut. Needs
 * root.
 *
 * @module
 */

import { remember } from "../../tools/lab/interrupt.ts";
import { run } from "../../tools/lab/network_namespace.ts";
import { TempDir } from "./temp_dir.ts";

/** Room for a journal, which ext4 leaves out on a smaller disk. */
const SIZE_BYTES = 32 * 1024 * 1024;

/** Stops the file system, without what it has not written yet: EXT4_IOC_SHUTDOWN, NOLOGFLUSH. */
const SHUT_DOWN = `
  open(my $directory, "<", $ARGV[0]) or die "open: $!";
  my $flags = pack("L", 2);
  ioctl($directory, 0x8004587d, $flags) or die "ioctl: $!";
`;

/** A mounted disk. Disposing of it unmounts and removes it. */
export class Disk implements Disposable {
  readonly #temp: TempDir;
  readonly #forget = remember(() => this[Symbol.dispose]());
  /** Where it is mounted. */
  readonly path: string;

  private constructor(temp: TempDir) {
    this.#temp = temp;
    this.path = temp.join("mounted");
    Deno.mkdirSync(this.path);
    try {
      run("mount", "-o", "loop", this.#image, this.path);
    } catch (error) {
      this.#forget();
      temp[Symbol.dispose]();
      throw error;
    }
  }

  /** Makes an empty disk. @throws {Error} if this machine cannot mount it. */
  static create(): Disk {
    const temp = new TempDir();
    const image = temp.join("image");
    Deno.writeFileSync(image, new Uint8Array(0));
    Deno.truncateSync(image, SIZE_BYTES);
    run("mkfs.ext4", "-q", "-F", image);
    return new Disk(temp);
  }

  get #image(): string {
    return this.#temp.join("image");
  }

  /**
   * Syncs a file of its own, as another program would. With it the file system writes all changes
   * of directories, but not the content of other files.
   */
  syncOtherFile(): void {
    const path = `${this.path}/other`;
    Deno.writeTextFileSync(path, "other", { append: true });
    run("sync", path);
  }

  /** Cuts the power: what the file system has not written is lost, and every call fails. */
  cutPower(): void {
    run("perl", "-e", SHUT_DOWN, this.path);
  }

  /** Returns the disk as the machine finds it after its next start. */
  afterRestart(): Disk {
    const temp = new TempDir();
    // Not mounted again itself: another mount namespace may still have it mounted.
    run("cp", "--sparse=always", this.#image, temp.join("image"));
    return new Disk(temp);
  }

  [Symbol.dispose](): void {
    this.#forget();
    run("umount", "--lazy", this.path);
    this.#temp[Symbol.dispose]();
  }
}

/** Why no disk can be mounted here; undefined if one can. */
export function reasonAgainstDisks(): string | undefined {
  try {
    using _disk = Disk.create();
    return undefined;
  } catch (error) {
    return `no loop device with ext4: ${
      error instanceof Error ? error.message.trim() : error
    }`;
  }
}
