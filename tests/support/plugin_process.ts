/** Runs a CNI plugin as a runtime does, with environment and stdin. @module */

/** One call of a plugin. */
export interface PluginCall {
  /** Path of the executable. */
  readonly binary: string;
  /** Arguments; a runtime passes none. */
  readonly args?: readonly string[];
  /** The whole environment of the process. */
  readonly env: Readonly<Record<string, string>>;
  /** The content of stdin; empty if absent. */
  readonly stdin?: string;
  /** Working directory. */
  readonly cwd?: string;
  /** Kills the process when aborted. */
  readonly signal?: AbortSignal;
}

/** The outcome of a call. */
export interface PluginOutcome {
  readonly stdout: string;
  readonly stderr: string;
  /** Exit status; 128 + n if signal n ended it. */
  readonly code: number;
}

/** Runs the plugin to its end. It may leave stdin unread. */
export async function runPlugin(call: PluginCall): Promise<PluginOutcome> {
  const child = new Deno.Command(call.binary, {
    args: [...call.args ?? []],
    clearEnv: true,
    env: { ...call.env },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    ...(call.cwd === undefined ? {} : { cwd: call.cwd }),
    ...(call.signal === undefined ? {} : { signal: call.signal }),
  }).spawn();
  const writer = child.stdin.getWriter();
  // VERSION does not read stdin, so the pipe may already be closed.
  const fed = writer.write(new TextEncoder().encode(call.stdin ?? "")).then(
    () => writer.close(),
  )
    .catch(() => {});
  const output = await child.output();
  await fed;
  return {
    stdout: new TextDecoder().decode(output.stdout),
    stderr: new TextDecoder().decode(output.stderr),
    code: output.code,
  };
}

/** Builds the environment of a CNI command; `extra` adds or replaces variables. */
export function cniEnv(
  command: string,
  { containerId = "c1", ifName = "eth0", netns = "/dev/null", extra = {} }: {
    readonly containerId?: string;
    readonly ifName?: string;
    readonly netns?: string;
    readonly extra?: Readonly<Record<string, string>>;
  } = {},
): Record<string, string> {
  return {
    CNI_COMMAND: command,
    CNI_CONTAINERID: containerId,
    CNI_NETNS: netns,
    CNI_IFNAME: ifName,
    CNI_PATH: "/opt/cni/bin",
    ...extra,
  };
}
