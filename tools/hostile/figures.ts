/** The behavior of a daemon under attack, in numbers. Pure. @module */

/** The figures of one attack on one daemon. */
export interface AttackFigures {
  readonly attack: string;
  readonly side: string;
  /** Packets or connections of the attacker. */
  readonly sent: number;
  /** Whether the daemon ended; it was started again afterwards. */
  readonly hasEnded: boolean;
  /** The maximum, and the value after the attack; NaN if the daemon ended. */
  readonly peakMb: number;
  readonly afterMb: number;
  /** CPU time of the daemon per second of the attack, in milliseconds. */
  readonly cpuMsPerSecond: number;
  readonly logLines: number;
  /** Wall times of the ADDs of another container on the segment. */
  readonly addMs: readonly number[];
  readonly failedAdds: number;
  /** The ADDs of the container that is attacked. */
  readonly victimAdds: number;
  readonly victimFailedAdds: number;
}
