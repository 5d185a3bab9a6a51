/** The tag of a release. @module */

import project from "../../deno.json" with { type: "json" };

/** The version that this checkout releases, with "v". */
export const TAG = `v${project.version}`;
