/** The Docker CLI, as far as an observer speaks to it. */
export interface DockerCli {
  /** One call, to its end. `status` is null where a signal ended it. Never rejects for what Docker refuses. */
  call(args: readonly string[]): Promise<{ readonly status: number | null; readonly stdout: string; readonly stderr: string }>
  /** Hands over every line that a call says, on either channel, until it ends or is stopped. */
  follow(args: readonly string[], onLine: (line: string) => void): Following
}

/** A call of the Docker CLI that goes on. */
export interface Following {
  /** Resolves when it has ended and its last line was handed over. Never rejects. */
  readonly ended: Promise<void>
  stop(): void
}
