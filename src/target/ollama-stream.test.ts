import fc from 'fast-check'
import { expect, test } from 'vitest'
import { OllamaStream } from './ollama-stream.ts'

interface Read {
  readonly events: number
  readonly contents: string[]
  readonly hidden: string[]
  readonly outcome: string
  readonly isDone: boolean
  readonly usage: number | null
}

function read(parts: readonly Uint8Array[]): Read {
  let events = 0
  const contents: string[] = []
  const hidden: string[] = []
  const stream = new OllamaStream({ onEvent: () => { events += 1 }, onDelta: (delta) => { contents.push(delta.content); hidden.push(delta.hidden) }, onSources: () => {} })
  for (const part of parts) stream.push(part)
  const outcome = stream.outcome()
  return { events, contents, hidden, outcome: outcome.kind === 'failed' ? `${outcome.code}: ${outcome.detail}` : 'answered', isDone: stream.isDone, usage: stream.usageTokens }
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const line = (fields: Record<string, unknown>): string => `${JSON.stringify({ model: 'm', created_at: '2026-01-01T00:00:00Z', ...fields })}\n`
const said = (content: string): string => line({ message: { role: 'assistant', content }, done: false })
const last = line({ message: { role: 'assistant', content: '' }, done: true, done_reason: 'stop', prompt_eval_count: 4, eval_count: 3 })

test('content is told, thinking and tool calls are tokens that nobody sees, the last line ends it and counts', () => {
  const text = line({ message: { role: 'assistant', content: '', thinking: 'hm' }, done: false })
    + line({ message: { content: '', tool_calls: [{ function: { name: 'f', arguments: { a: 1 } } }] }, done: false }) + said('yes') + last
  expect(read([bytes(text)])).toEqual({ events: 4, contents: ['', '', 'yes'], hidden: ['hm', 'f{"a":1}', ''], outcome: 'answered', isDone: true, usage: 3 })
})

test('a line with an error is a failure though tokens came before it and the end after it', () => {
  expect(read([bytes(`${said('a')}{"error":"llama runner process has terminated"}\n${last}`)]).outcome).toBe('error-event: llama runner process has terminated')
  expect(read([bytes('{"error":{"message":"no"}}\n')]).outcome).toBe('error-event: no')
})

test('an answer that ends without done is truncated, one without tokens empty, one that is not JSON malformed', () => {
  expect(read([bytes(said('a'))]).outcome).toBe('truncated: the answer ended without a line that says done')
  expect(read([bytes(last)]).outcome).toMatch(/^empty/)
  expect(read([bytes(`${said('a')}data: {}\n${last}`)]).outcome).toBe('malformed: a line is not JSON: data: {}')
  expect(read([]).outcome).toMatch(/^empty/)
})

test('a last line without its line feed counts, and is read once', () => {
  expect(read([bytes(said('a') + last.trimEnd())])).toMatchObject({ outcome: 'answered', contents: ['a'], events: 2 })
})

test('any split of the bytes reads the same, CRLF, blank lines and many-byte characters included', () => {
  const whole = [said('Grüße 🌍 '), '\n', said('你好'), line({ message: { content: '', thinking: '…é' } }), said('!'), last].join('')
  const expected = read([bytes(whole)])
  expect(expected).toMatchObject({ contents: ['Grüße 🌍 ', '你好', '', '!'], outcome: 'answered' })
  fc.assert(fc.property(fc.boolean(), fc.boolean(), fc.array(fc.nat({ max: 1_000 }), { maxLength: 12 }), (crlf, isWhole, cuts) => {
    const text = isWhole ? whole : whole.trimEnd()
    const all = bytes(crlf ? text.replaceAll('\n', '\r\n') : text)
    const places = [...new Set(cuts.map((cut) => cut % all.length))].sort((a, b) => a - b)
    expect(read([0, ...places].map((from, index) => all.subarray(from, places[index] ?? all.length)))).toEqual(expected)
  }), { seed: 4, numRuns: 300 })
})

test('whatever somebody says comes out as it was said, in however many reads', () => {
  fc.assert(fc.property(fc.array(fc.string({ unit: 'binary', minLength: 1 }), { minLength: 1, maxLength: 8 }), fc.integer({ min: 1, max: 40 }), (words, size) => {
    const all = bytes(words.map(said).join('') + last)
    const parts = Array.from({ length: Math.ceil(all.length / size) }, (_, index) => all.subarray(index * size, (index + 1) * size))
    expect(read(parts)).toMatchObject({ contents: words, outcome: 'answered' })
  }), { seed: 5, numRuns: 200 })
})
