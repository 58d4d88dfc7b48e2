import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Asker, Lane } from '../answers.ts'
import { forwardedFields } from '../request-body.ts'
import type { Settings } from '../settings.ts'
import { sendJson, type Sink } from '../sink.ts'
import type { Upstream } from '../upstream.ts'
import { askInBackground } from './background.ts'
import { Chats } from './chats.ts'
import type { PageRequest } from './page-request.ts'
import { pageSink } from './page-sink.ts'
import { PageSockets } from './page-sockets.ts'
import { Turns } from './turns.ts'

/** Whoever is told over a socket is never waited for. */
const patientClient = { writableNeedDrain: false, on: () => {}, off: () => {} }

/** What Open WebUI's page talks to: a message is accepted at once, and its answer is told over the page's socket. */
export class Pages {
  readonly chats = new Chats()
  readonly sockets: PageSockets
  readonly #settings: Settings
  readonly #upstream: Upstream
  readonly #turns: Turns

  constructor(settings: Settings, upstream: Upstream) {
    this.#settings = settings
    this.#upstream = upstream
    this.#turns = new Turns(settings.oneAtATime)
    this.sockets = new PageSockets(settings)
  }

  /** @param ask has it answered. */
  async tell(request: IncomingMessage, response: ServerResponse, asked: PageRequest, lane: Lane, ask: (asker: Asker, lane: Lane) => Promise<void>): Promise<void> {
    const { chat, earlier, answer } = this.chats.begin(asked)
    const person = /^Bearer (\S+)/.exec(request.headers.authorization ?? '')?.[1] ?? ''
    const tell = (type: string, data: unknown): void => this.sockets.tell(person, lane.number, { chat_id: chat, message_id: asked.message, data: { type, data } })
    const left = new AbortController()
    let close = (): void => {}
    const closed = new Promise<void>((resolve) => { close = resolve })
    const sink = pageSink({
      tell,
      repeatsAll: !this.#settings.forgetsMissed,
      onText: (text) => { if (!this.#settings.forgetsMissed) answer.content += text },
      onEnd: (error) => {
        answer.done = true
        if (error !== undefined) answer.error = { content: error }
        close()
      },
    })
    let isStopped = false
    const isOver = this.chats.running(chat, lane.number, () => {
      if (isStopped) return
      isStopped = true
      answer.done = true
      tell('chat:tasks:cancel', { output: [] })
      close()
      this.#leave(left)
    })
    sendJson(response, 200, JSON.stringify({ status: true, task_ids: [randomUUID()], chat_id: chat }))
    tell('chat:active', { active: true, folder_id: null })
    const body = asked.modelBody(earlier.map(({ role, content }) => ({ role, content })))
    const given: Sink = {
      head: (status, fields) => sink.head(status, fields),
      write: (bytes) => { if (!isStopped) sink.write(bytes) },
      end: () => { if (!isStopped) sink.end() },
      fail: (failure) => { if (!isStopped) sink.fail(failure) },
    }
    const title = this.#besides(asked, answer, ['title'])
    const turn = await this.#turns.take(chat, person, left.signal)
    if (turn !== undefined) await ask({ body, fields: forwardedFields(request, body), left: left.signal, closed, sink: given, client: patientClient }, lane)
    turn?.()
    await title
    if (answer.error === undefined && !isStopped) await this.#besides(asked, answer, ['follow_ups', 'tags'])
    isOver()
    tell('chat:active', { active: false, folder_id: null })
  }

  /** Those of these that the page asked for. */
  async #besides({ background, model, text }: PageRequest, answer: { readonly content: string }, tasks: PageRequest['background']): Promise<void> {
    const history = `USER: ${text}${answer.content === '' ? '' : `\nASSISTANT: ${answer.content}`}`
    await Promise.all(tasks.filter((task) => background.includes(task)).map((task) => askInBackground(this.#upstream, task, { model, history })))
  }

  /** Stops every answer of a chat that is being told; of those that another worker tells `lane` knows nothing where sockets are kept in memory. Returns how many there were. */
  stop(chat: string, lane: Lane): number {
    return this.chats.stop(chat, this.#settings.socketsInMemory ? lane.number : undefined)
  }

  /** The model is told that its client left: at once, late, or never. */
  #leave(left: AbortController): void {
    const { keepsUpstream, cancelsLate } = this.#settings
    if (keepsUpstream) return
    if (cancelsLate === 0) left.abort()
    else setTimeout(() => left.abort(), cancelsLate).unref()
  }
}
