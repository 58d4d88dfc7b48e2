/** What the log of `ollama serve` tells that nothing else does. */
export interface ServerLog {
  /** Host and port; undefined until it listens. */
  readonly address: string | undefined
  /** How the process that holds the model was started; empty until one was. */
  readonly runner: Readonly<Record<string, number>>
}

const flags = { slots: 'parallel', threads: 'threads', context: 'ctx-size' } as const

export function serverLog(text: string): ServerLog {
  const [, address] = /Listening on (127\.0\.0\.1:\d+)/.exec(text) ?? []
  const started = text.split('\n').findLast((line) => line.includes('starting llama server')) ?? ''
  const runner = Object.entries(flags).flatMap(([name, flag]): [string, number][] => {
    const [, value] = new RegExp(` --${flag} (\\d+)`).exec(started) ?? []
    return value === undefined ? [] : [[name, Number(value)]]
  })
  return { address, runner: Object.fromEntries(runner) }
}
