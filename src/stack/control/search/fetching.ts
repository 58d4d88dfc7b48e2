import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads'
import { z } from 'zod'

/** Fetches texts, all at once; undefined for what cannot be had. */
export interface Fetching {
  texts(urls: readonly string[], signal: AbortSignal): Promise<Texts> | Texts
  close(): Promise<unknown> | undefined
}
type Texts = readonly (string | undefined)[]

/** How long a search engine or a page may take. Open WebUI waits without end; a gateway that stands still could not even be stopped then. */
const patience = 30_000

/** Beside everything else. */
export const asyncFetching: Fetching = {
  texts: (urls, signal) => fetchTexts(urls, AbortSignal.any([signal, AbortSignal.timeout(patience)])),
  close: () => undefined,
}

/** `search=blocking`: a thread of its own fetches while the main thread, and with it the event loop, stands still. What a client does meanwhile goes unseen. */
export class BlockingFetching implements Fetching {
  readonly #flag = new Int32Array(new SharedArrayBuffer(4))
  readonly #port: MessagePort
  readonly #worker: Worker

  constructor() {
    const { port1, port2 } = new MessageChannel()
    this.#port = port1
    // As source text: the gateway is one bundled file, and in tests TypeScript, which a thread cannot load.
    this.#worker = new Worker(`(${serveFetches.toString()})(${fetchTexts.toString()})`, { eval: true, workerData: { port: port2, flag: this.#flag, patience }, transferList: [port2] })
    this.#worker.unref()
    this.#port.unref()
  }

  texts(urls: readonly string[]): Texts {
    Atomics.store(this.#flag, 0, 0)
    this.#port.postMessage(urls)
    Atomics.wait(this.#flag, 0, 0, patience * 2)
    const reply = z.object({ message: z.array(z.union([z.string(), z.undefined()])) }).safeParse(receiveMessageOnPort(this.#port))
    return reply.success ? reply.data.message : urls.map(() => undefined)
  }

  close(): Promise<unknown> {
    return this.#worker.terminate()
  }
}

/** Runs in the thread, so it may name nothing of this file. */
function serveFetches(fetching: typeof fetchTexts): void {
  const given: unknown = process.getBuiltinModule('node:worker_threads').workerData
  const { port, flag, patience: milliseconds } = given as { readonly port: MessagePort; readonly flag: Int32Array; readonly patience: number }
  port.on('message', (urls: readonly string[]) => {
    void fetching(urls, AbortSignal.timeout(milliseconds)).then((texts) => {
      port.postMessage(texts)
      Atomics.store(flag, 0, 1)
      Atomics.notify(flag, 0)
    })
  })
}

/** Runs in both threads, so it may name nothing of this file either. No connection is kept, no redirect followed. */
function fetchTexts(urls: readonly string[], signal: AbortSignal): Promise<Texts> {
  const { get } = process.getBuiltinModule('node:http')
  const fetchText = (url: string): Promise<string | undefined> => new Promise((resolve) => {
    const request = get(url, { agent: false, signal }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (piece: string) => { text += piece })
      response.on('end', () => resolve(response.statusCode === 200 ? text : undefined))
      response.on('error', () => resolve(undefined))
    })
    request.on('error', () => resolve(undefined))
  })
  // An address that is none, or no http:// one, is thrown for.
  return Promise.all(urls.map((url) => fetchText(url).catch(() => undefined)))
}
