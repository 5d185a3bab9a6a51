/** Compiled like a plugin, prints the permissions that it has. @module */

const DESCRIPTORS: readonly Deno.PermissionDescriptor[] = [
  { name: "read" },
  { name: "write" },
  { name: "env" },
  { name: "env", variable: "CNI_ARGS" },
  { name: "env", variable: "COLUMNS" },
  { name: "env", variable: "HOME" },
  { name: "sys", kind: "osUptime" },
  { name: "sys", kind: "uid" },
  { name: "sys", kind: "hostname" },
  { name: "net" },
  { name: "net", host: "127.0.0.1:9100" },
  { name: "net", host: "[::1]:9100" },
  { name: "net", host: "192.0.2.1:9100" },
  { name: "net", host: "0.0.0.0:9100" },
  { name: "run" },
  { name: "ffi" },
  { name: "import" },
];

const granted = DESCRIPTORS
  .filter((descriptor) =>
    Deno.permissions.querySync(descriptor).state === "granted"
  )
  .map((descriptor) => Object.values(descriptor).join(" ").trim());
Deno.stdout.writeSync(new TextEncoder().encode(JSON.stringify(granted)));
