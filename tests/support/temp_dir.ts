/** Temporary directories that remove themselves. @module */

/** A fresh directory, removed with all it holds when the `using` block that owns it ends. */
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
