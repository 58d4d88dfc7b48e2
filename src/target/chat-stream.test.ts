import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ChatStream } from './chat-stream.ts'

interface Read {
  readonly events: number
  readonly sources: number
  readonly contents: string[]
  readonly hidden: string[]
  readonly outcome: string
  readonly usage: number | null
}

function read(parts: readonly Uint8Array[]): Read {
  let events = 0
  let sources = 0
  const contents: string[] = []
  const hidden: string[] = []
  const stream = new ChatStream({ onEvent: () => { events += 1 }, onDelta: (delta) => { contents.push(delta.content); hidden.push(delta.hidden) }, onSources: (count) => { sources += count } })
  for (const part of parts) stream.push(part)
  const outcome = stream.outcome()
  return { events, sources, contents, hidden, outcome: outcome.kind === 'failed' ? outcome.code : 'answered', usage: stream.usageTokens }
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const event = (body: unknown): string => `data: ${JSON.stringify(body)}\n\n`
const delta = (fields: Record<string, unknown>, finish: string | null = null): string => event({ choices: [{ index: 0, delta: fields, finish_reason: finish }] })
const done = 'data: [DONE]\n\n'

test('a role-only chunk is an event but not a token', () => {
  const answer = read([bytes(delta({ role: 'assistant', content: '' }) + done)])
  expect(answer.events).toBe(2)
  expect(answer.contents).toEqual([])
  expect(answer.outcome).toBe('empty')
})

test('comments, event lines, empty deltas and a usage-only chunk are no tokens', () => {
  const text = `: keep-alive\n\nevent: ping\ndata: {}\n\n${delta({ content: null })}${delta({ content: 'Hi' })}${delta({}, 'stop')}${event({ choices: [], usage: { completion_tokens: 7 } })}${done}`
  const answer = read([bytes(text)])
  expect(answer.contents).toEqual(['Hi'])
  expect(answer.usage).toBe(7)
  expect(answer.outcome).toBe('answered')
})

test('reasoning and tool arguments are tokens that nobody sees', () => {
  const text = delta({ reasoning_content: 'hm' }) + delta({ tool_calls: [{ index: 0, function: { name: 'f', arguments: '{"a"' } }] }) + delta({ content: 'yes' }) + delta({}, 'stop')
  expect(read([bytes(text)])).toMatchObject({ contents: ['', '', 'yes'], hidden: ['hm', 'f{"a"', ''], outcome: 'answered' })
})

test('an error event is a failure even when [DONE] follows it', () => {
  const text = delta({ content: 'a' }) + event({ error: { message: 'Chat completion stream failed' } }) + done
  expect(read([bytes(text)]).outcome).toBe('error-event')
})

test.each([
  ['an object that calls itself an error', event({ object: 'error', message: 'out of memory', code: 500 })],
  ['an event named error', `event: error\ndata: ${JSON.stringify({ message: 'overloaded' })}\n\n`],
  ['a finish_reason that says error', delta({}, 'error')],
  ['an error that is a text', event({ error: 'no' })],
])('%s is a failure, though tokens came before it and [DONE] after it', (_, text) => {
  expect(read([bytes(delta({ content: 'a' }) + text + done)]).outcome).toBe('error-event')
})

test('an error of null is none, and white space behind [DONE] is nothing', () => {
  expect(read([bytes(event({ choices: [{ delta: { content: 'a' } }], error: null }) + 'data: [DONE] \n\n')]).outcome).toBe('answered')
})

test('an answer that ends without [DONE] and without a finish_reason is truncated', () => {
  expect(read([bytes(delta({ content: 'a' }))]).outcome).toBe('truncated')
})

test('a finish_reason without [DONE] is a whole answer, and so is [DONE] without a finish_reason', () => {
  expect(read([bytes(delta({ content: 'a' }) + delta({}, 'stop'))]).outcome).toBe('answered')
  expect(read([bytes(delta({ content: 'a' }) + done)]).outcome).toBe('answered')
})

test('an event that is not JSON makes the answer malformed', () => {
  expect(read([bytes(`${delta({ content: 'a' })}data: {"choices": [\n\n${done}`)]).outcome).toBe('malformed')
})

test('the last event counts even when its blank line never came', () => {
  expect(read([bytes(delta({ content: 'a' }) + 'data: [DONE]')]).outcome).toBe('answered')
})

test('any split of the bytes reads the same, CRLF and many-byte characters included', () => {
  const lines = [': hello\n\n', delta({ role: 'assistant' }), delta({ content: 'Grüße 🌍 ' }), delta({ content: '你好' }), delta({ content: '!' }, 'stop'), event({ choices: [], usage: { completion_tokens: 3 } }), done]
  const whole = lines.join('')
  fc.assert(fc.property(fc.boolean(), fc.array(fc.nat({ max: 1_000 }), { maxLength: 12 }), (crlf, cuts) => {
    const all = bytes(crlf ? whole.replaceAll('\n', '\r\n') : whole)
    const places = [...new Set(cuts.map((cut) => cut % all.length))].sort((a, b) => a - b)
    const parts = [0, ...places].map((from, index) => all.subarray(from, places[index] ?? all.length))
    expect(read(parts)).toEqual(read([bytes(whole)]))
  }), { seed: 4, numRuns: 300 })
})

test('an answer without end is given up instead of filling the memory', () => {
  const stream = new ChatStream({ onEvent: () => {}, onDelta: () => {}, onSources: () => {} })
  const megabyte = bytes(`data: ${'x'.repeat(1024 * 1024)}`)
  for (let count = 0; count < 70 && !stream.isHopeless; count += 1) stream.push(megabyte)
  expect(stream.isHopeless).toBe(true)
  expect(stream.outcome()).toMatchObject({ code: 'malformed' })
})
