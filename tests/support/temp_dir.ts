/** Temporary directories that are removed automatically. @module */

/** A new directory, removed with its content at the end of the `using` block that owns it. */
export class TempDir implements Disposable {
  readonly path: string = Deno.makeTempDirSync({ prefix: "cni-ipam-test-" });

  /** The path of `name` inside the directory. */
  join(name: string): string {
    return `${this.path}/${name}`;
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}
