/** The page sizes of Debian's kernels for arm64. @module */

/** A page size, and the package that depends on the newest kernel with it. */
export interface PageSize {
  readonly bytes: number;
  readonly metapackage: string;
}

/** The page sizes that Debian's kernels have. */
export const PAGE_SIZES: readonly PageSize[] = [
  { bytes: 4096, metapackage: "linux-image-arm64" },
  { bytes: 16384, metapackage: "linux-image-arm64-16k" },
];

/** The first release with a kernel of 16 KiB pages. */
export const KERNEL_SUITE = "trixie";
