import type { FailureCode, Outcome } from '../sample/message.ts'
import type { AnswerNotes, Stamp } from './answer-notes.ts'
import { documents } from './chat-stream.ts'
import { failed } from './failure.ts'
import { errorText, list, object, text } from './foreign-json.ts'
import type { PageEvent } from './page-socket.ts'

type Data = Record<string, unknown>

/**
 * Reads the events of one message as the page does: words come as `response:completion` deltas, in older releases as chunks of a completion or whole texts,
 * and with the end comes the whole answer once more. What is in there and not among the words that came before is noted when it comes, as far as it
 * continues them. A word that is missing in the middle stays missing, since it was not there to be read along; but not where the page had lost its
 * connection: then the end is how it gets what it missed.
 */
export class PageAnswer {
  /** How the answer ended, as far as the page was told; null while it goes on. */
  outcome: Outcome | null = null
  usageTokens: number | null = null
  /** Whether the page lost its connection meanwhile, and with it what was sent until it had another. */
  hasMissed = false
  readonly #notes: AnswerNotes

  constructor(notes: AnswerNotes) {
    this.#notes = notes
  }

  read(event: PageEvent): void {
    this.#notes.onEvent(event)
    const data = object(event.data) ?? {}
    switch (event.type) {
      case 'response:completion': return this.#delta(event, data)
      case 'chat:completion': return this.#completion(event, data)
      case 'message': case 'chat:message:delta': return this.#content(event, text(data['content']))
      case 'replace': case 'chat:message': return this.#whole(event, text(data['content']))
      case 'source': case 'citation': return this.#notes.onSources(documents([data]))
      case 'chat:message:error': return this.#fail('error-event', errorWords(data['error']))
      case 'chat:tasks:cancel': return this.#fail('truncated', 'somebody stopped the answer')
    }
  }

  /** What the server keeps of a message that it is done with: what a page loads that was not there at the end. */
  readStored(message: Data, stamp: Stamp): void {
    this.#whole(stamp, Array.isArray(message['output']) ? outputText(message['output']) : text(message['content']))
    if (message['error'] !== undefined && message['error'] !== null) this.#fail('error-event', errorWords(message['error']))
    else this.#answered()
  }

  #delta(event: PageEvent, data: Data): void {
    const type = text(data['type'])
    const delta = text(data['delta'])
    if (type === 'response.output_text.delta') this.#content(event, delta)
    else if (type.endsWith('.delta') && delta !== '') this.#notes.onDelta({ content: '', hidden: delta }, event)
  }

  #completion(event: PageEvent, data: Data): void {
    if (data['error'] !== undefined && data['error'] !== null) this.#fail('error-event', errorWords(data['error']))
    this.#notes.onSources(documents(data['sources']))
    const usage = object(data['usage'])
    if (typeof usage?.['completion_tokens'] === 'number') this.usageTokens = usage['completion_tokens']
    if (Array.isArray(data['output'])) this.#whole(event, outputText(data['output']))
    else {
      const choice = object(list(data['choices'])[0])
      this.#content(event, text(object(choice?.['delta'])?.['content']) + text(object(choice?.['message'])?.['content']))
      this.#whole(event, text(data['content']))
    }
    if (data['done'] === true) this.#answered()
  }

  #answered(): void {
    this.#end(this.#notes.tokens === 0 ? failed('empty', 'the answer ended without a token', 0) : { kind: 'answered' })
  }

  #content(event: Stamp, content: string): void {
    if (content !== '') this.#notes.onDelta({ content, hidden: '' }, event)
  }

  /** The answer so far, or all of it. White space at its end is trimmed, or is not. */
  #whole(stamp: Stamp, whole: string): void {
    const told = this.#notes.answer.text
    if (whole === '') return
    if (whole.startsWith(told)) this.#content(stamp, whole.slice(told.length))
    else if (this.hasMissed && told.trimEnd() !== whole) this.#notes.onWholeText(whole, stamp)
  }

  #fail(code: FailureCode, detail: string): void {
    this.#end(failed(code, detail, this.#notes.tokens))
  }

  /** The first end is the answer's. */
  #end(outcome: Outcome): void {
    this.outcome ??= outcome
  }
}

/** Open WebUI has errors without a word. */
export function errorWords(error: unknown): string {
  const content = object(error)?.['content'] ?? error
  const words = content === undefined || content === null ? '' : errorText(content)
  return words === '' ? 'an error without a word' : words
}

/** The texts of an answer's items; reasoning and calls of tools are items too, and none of them a text. */
function outputText(output: readonly unknown[]): string {
  return output.map((item) => {
    const fields = object(item)
    if (fields?.['type'] !== 'message') return ''
    return list(fields['content']).map((part) => (object(part)?.['type'] === 'output_text' ? text(object(part)?.['text']) : '')).join('')
  }).join('')
}
