import type { ServerResponse } from 'node:http'

/** Aborted when the client goes before it has its whole answer, `late` milliseconds after that. */
export function clientLeaves(response: ServerResponse, late = 0): AbortSignal {
  const controller = new AbortController()
  response.once('close', () => {
    if (response.writableFinished) return
    if (late === 0) controller.abort()
    else setTimeout(() => controller.abort(), late).unref()
  })
  return controller.signal
}
