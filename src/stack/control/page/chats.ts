import { randomUUID } from 'node:crypto'
import type { PageRequest } from './page-request.ts'

interface KeptMessage {
  readonly id: string
  readonly role: 'user' | 'assistant'
  content: string
  done: boolean
  error?: { readonly content: string }
}

/** The chats of pages, kept until they are deleted. Whose they are is not asked. */
export class Chats {
  readonly #chats = new Map<string, KeptMessage[]>()
  readonly #running = new Map<string, Set<() => void>>()

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
  running(chat: string, stop: () => void): () => void {
    const stops = this.#running.get(chat) ?? new Set()
    this.#running.set(chat, stops)
    stops.add(stop)
    return () => { stops.delete(stop) }
  }

  /** Stops every answer of a chat that is being told. Returns how many there were. */
  stop(chat: string): number {
    const stops = [...this.#running.get(chat) ?? []]
    for (const stop of stops) stop()
    return stops.length
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
