/** A program that uses a UDP port through an ordinary socket. @module */

import type { TestNetns } from "./network_namespaces.ts";
import { soon } from "./waiting.ts";

/**
 * A UDP server, on port 67 by default. Prints "ready", then `address:port payload` of one datagram.
 */
export class UdpServer implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #lines: ReadableStreamDefaultReader<string>;
  #text = "";

  constructor(
    { name }: TestNetns,
    { bindTo = "0.0.0.0", port = 67 } = {},
  ) {
    const perl = `use Socket; $| = 1;
      socket(S, PF_INET, SOCK_DGRAM, 0) or die $!;
      bind(S, sockaddr_in(${port}, inet_aton("${bindTo}"))) or die $!;
      print "ready\\n";
      my $from = recv(S, my $data, 2000, 0) or die $!;
      my ($port, $address) = sockaddr_in($from);
      print inet_ntoa($address), ":$port $data\\n";`;
    this.#child = new Deno.Command("ip", {
      args: ["netns", "exec", name, "perl", "-e", perl],
      stdout: "piped",
    }).spawn();
    this.#lines = this.#child.stdout.pipeThrough(new TextDecoderStream())
      .getReader();
  }

  /** Returns the next line that it prints. */
  async line(): Promise<string> {
    while (!this.#text.includes("\n")) {
      const { value } = await soon(this.#lines.read(), "line of the server");
      if (value === undefined) throw new Error("The server ended");
      this.#text += value;
    }
    const end = this.#text.indexOf("\n");
    const line = this.#text.slice(0, end);
    this.#text = this.#text.slice(end + 1);
    return line;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill();
    } catch {
      // It has already ended.
    }
    await this.#lines.cancel();
    await this.#child.status;
  }
}
