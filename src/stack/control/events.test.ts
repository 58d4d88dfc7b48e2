import fc from 'fast-check'
import { expect, test } from 'vitest'
import { eventKind, EventSplitter } from './events.ts'

const stream = Buffer.from('data: {"choices":[{"delta":{"role":"assistant","content":""}}]}\n\n: comment\r\n\r\ndata: {"choices":[{"delta":{"content":"Grüße\\n"}}]}\n\ndata: [DONE]\n\ndata: without end')

test('however the bytes are split, the events are the same, and together they are the stream', () => {
  fc.assert(fc.property(fc.array(fc.nat(stream.length)), (cuts) => {
    const splitter = new EventSplitter()
    const bounds = [0, ...cuts.sort((a, b) => a - b), stream.length]
    const events = bounds.slice(1).flatMap((to, index) => splitter.push(stream.subarray(bounds[index], to)))
    expect(events.map((event) => event.toString().trim().slice(0, 12))).toEqual(['data: {"choi', ': comment', 'data: {"choi', 'data: [DONE]'])
    expect(Buffer.concat([...events, splitter.rest()]).equals(stream)).toBe(true)
    expect(splitter.rest()).toHaveLength(0)
  }))
})

test.each([
  ['data: {"choices":[{"delta":{"content":"a"}}]}\n\n', 'token'],
  ['event: message\r\ndata:{"choices":[{"delta":{"content":" "}}]}\r\n\r\n', 'token'],
  ['data: {"choices":[{"delta":{"content":""}}]}\n\n', 'other'],
  ['data: {"choices":[{"delta":{"content":null,"reasoning_content":"hm"}}]}\n\n', 'other'],
  ['data: {"choices":[],"usage":{"completion_tokens":1}}\n\n', 'other'],
  ['data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\n', 'other'],
  ['data: {"error":{"message":"out of memory"}}\n\n', 'error'],
  ['data: {"error":null,"choices":[{"delta":{"content":"a"}}]}\n\n', 'token'],
  ['data: [DONE]\n\n', 'other'], [': comment\n\n', 'other'], ['data: {"choices":\n\n', 'other'], ['data: 7\n\n', 'other'],
])('%j is a %s event', (event, kind) => {
  expect(eventKind(Buffer.from(event))).toBe(kind)
})
