import { randomUUID } from 'node:crypto'
import type { PageRequest } from './page-request.ts'

interface KeptMessage {
  readonly id: string
  readonly role: 'user' | 'assistant'
  content: string
  done: boolean
  error?: { readonly content: string }
}

/** An answer that is being told: by which worker, and what stops it. */
interface RunningAnswer {
  readonly lane: number
  readonly stop: () => void
}

/** The chats of pages, kept until they are deleted. Whose they are is not asked. */
export class Chats {
  readonly #chats = new Map<string, KeptMessage[]>()
  readonly #running = new Map<string, Set<RunningAnswer>>()

  /** Puts a question and its answer to be into its chat, which is made where it is not there. */
  begin({ chat, question, message, text }: PageRequest): { readonly chat: string; readonly earlier: readonly KeptMessage[]; readonly answer: KeptMessage } {
    const id = chat ?? randomUUID()
    const messages = this.#chats.get(id) ?? []
    this.#chats.set(id, messages)
    const earlier = [...messages]
    const answer: KeptMessage = { id: message, role: 'assistant', content: '', done: false }
    messages.push({ id: question, role: 'user', content: text, done: true }, answer)
    return { chat: id, earlier, answer }
  }

  /** While an answer is told: what stops it. Returns what to call when it is over. */
  running(chat: string, lane: number, stop: () => void): () => void {
    const answers = this.#running.get(chat) ?? new Set()
    const answer = { lane, stop }
    this.#running.set(chat, answers)
    answers.add(answer)
    return () => { answers.delete(answer) }
  }

  /** Stops the answers of a chat that are being told, all or those of one worker. Returns how many there were. */
  stop(chat: string, lane: number | undefined): number {
    const answers = [...this.#running.get(chat) ?? []].filter((answer) => lane === undefined || answer.lane === lane)
    for (const answer of answers) answer.stop()
    return answers.length
  }

  /** As Open WebUI says it; undefined for one that is not there. */
  text(chat: string): string | undefined {
    const messages = this.#chats.get(chat)
    if (messages === undefined) return undefined
    return JSON.stringify({ id: chat, chat: { history: { currentId: messages.at(-1)?.id ?? null, messages: Object.fromEntries(messages.map((message) => [message.id, message])) } } })
  }

  /** Whether it was there. */
  delete(chat: string): boolean {
    this.#running.delete(chat)
    return this.#chats.delete(chat)
  }
}
