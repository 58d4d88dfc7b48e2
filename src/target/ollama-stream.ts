import { AnswerStream } from './answer-stream.ts'
import { errorText, list, object, parsedObject, text } from './foreign-json.ts'

/** A streamed chat in Ollama's own dialect: a JSON object a line (github.com/ollama/ollama/blob/main/docs/api.md), the last one with `done`. */
export class OllamaStream extends AnswerStream {
  protected readonly lastWord = 'a line that says done'
  #line = ''

  protected read(lines: string): void {
    const last = lines.lastIndexOf('\n')
    // A line in many pieces is put together once, when its end has come.
    if (last === -1) {
      this.#line += lines
      return
    }
    const whole = this.#line + lines.slice(0, last)
    this.#line = lines.slice(last + 1)
    for (const line of whole.split('\n')) this.#onLine(line)
  }

  protected readRest(line: string): void {
    const whole = this.#line + line
    this.#line = ''
    this.#onLine(whole)
  }

  #onLine(line: string): void {
    if (line.trim() === '') return
    this.event()
    const chunk = parsedObject(line)
    if (chunk === undefined) {
      this.fail('malformed', `a line is not JSON: ${line}`)
      return
    }
    const { error } = chunk
    if (error !== undefined && error !== null) this.fail('error-event', errorText(error))
    if (typeof chunk['eval_count'] === 'number') this.usageTokens = chunk['eval_count']
    const message = object(chunk['message'])
    if (message !== undefined) this.token({ content: text(message['content']), hidden: text(message['thinking']) + toolCalls(message['tool_calls']) })
    if (chunk['done_reason'] === 'error') this.fail('error-event', 'the done_reason is error')
    if (chunk['done'] === true) this.done()
  }
}

/** Arguments are an object here, and not its text. */
function toolCalls(calls: unknown): string {
  return list(calls).map((call) => {
    const called = object(object(call)?.['function'])
    const given = called?.['arguments']
    return text(called?.['name']) + (given === undefined ? '' : JSON.stringify(given))
  }).join('')
}
