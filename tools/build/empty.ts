/**
 * Writes one line and exits; compiled like the plugins, it shows the lower bound of their start
 * time.
 *
 * @module
 */

Deno.stdout.writeSync(new TextEncoder().encode("ok\n"));
Deno.exit(0);
