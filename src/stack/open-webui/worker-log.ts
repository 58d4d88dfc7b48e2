/** What Open WebUI's own log tells about its start. */
export interface StartLog {
  /** Pids of the workers that uvicorn has started, in order; one that was started again is another one. */
  readonly workers: readonly number[]
  /** How many of them have come to the end of their start. */
  readonly ready: number
  /** Most connections to models at once, all and per host: a number or `unlimited`. Undefined until a worker has asked a model. */
  readonly pool: { readonly limit: string; readonly perHost: string } | undefined
  /** The port was taken by somebody else meanwhile. */
  readonly portTaken: boolean
}

/**
 * Reads the log of `open-webui serve`. The address answers as soon as one worker is up, and nothing but the log tells of the others: each says
 * "Started server process [PID]" at its beginning (older versions of uvicorn: "Started worker process") and "Scheduler worker started" at its end.
 */
export function startLog(text: string): StartLog {
  const [, limit, perHost] = /Created shared aiohttp session pool \(limit=(\w+), per_host=(\w+)/.exec(text) ?? []
  return {
    workers: [...text.matchAll(/Started (?:server|worker) process \[(\d+)\]/g)].map(([, pid]) => Number(pid)),
    ready: [...text.matchAll(/Scheduler worker started/g)].length,
    pool: limit === undefined || perHost === undefined ? undefined : { limit, perHost },
    portTaken: /address already in use/i.test(text),
  }
}
