import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http'
import { Deadline } from './deadline.ts'
import type { Settings } from './settings.ts'
import type { Failure, HeadFields, Sink } from './sink.ts'

/** Whoever reads an answer, as far as it may have to be waited for. */
export type Client = Pick<ServerResponse, 'writableNeedDrain'> & { on(event: 'drain' | 'close', listener: () => void): unknown; off(event: 'drain' | 'close', listener: () => void): unknown }

/**
 * Sends the request and gives everything that comes back to the sink, each read at once. Resolves when the sink was told the end or the failure;
 * never rejects.
 * @param client where the sink leads: while it does not keep up, the model is not read.
 */
export function relay(request: ClientRequest, body: Buffer | undefined, sink: Sink, upstreamTimeout: Settings['upstreamTimeout'], client: Client): Promise<void> {
  return new Promise((resolve) => {
    let isOver = false
    const over = (tell: () => void): void => {
      if (isOver) return
      isOver = true
      deadline.stop()
      tell()
      resolve()
    }
    const deadline = new Deadline(upstreamTimeout, () => client.writableNeedDrain, (failure) => {
      over(() => sink.fail(failure))
      request.destroy()
    })
    const brokeOff = (): void => over(() => sink.fail(brokenOff(request)))
    request.on('error', brokeOff)
    request.on('close', brokeOff)
    request.on('response', (answer) => {
      deadline.touch()
      sink.head(answer.statusCode ?? 502, fieldsOf(answer))
      answer.on('data', (bytes: Buffer) => {
        if (isOver) return
        deadline.touch()
        sink.write(bytes)
        if (client.writableNeedDrain) waitForClient(answer, client)
      })
      answer.on('end', () => over(() => sink.end()))
      answer.on('error', brokeOff)
      answer.on('close', brokeOff)
    })
    if (request.destroyed) brokeOff()
    else request.end(body)
  })
}

function waitForClient(answer: IncomingMessage, client: Client): void {
  const goOn = (): void => {
    client.off('drain', goOn)
    client.off('close', goOn)
    answer.resume()
  }
  answer.pause()
  client.on('drain', goOn)
  client.on('close', goOn)
}

/** Of the head only what says how to read the answer: as gateways do, which write their own. */
function fieldsOf({ headers }: IncomingMessage): HeadFields {
  const fields: Record<string, string> = {}
  for (const name of ['content-type', 'content-encoding', 'retry-after']) {
    const value = headers[name]
    if (typeof value === 'string') fields[name] = value
  }
  return fields
}

function brokenOff(request: ClientRequest): Failure {
  return { status: 502, type: 'upstream_broken', message: `The connection to the model broke off${request.errored === null ? '' : ` (${request.errored.message})`}.` }
}
