import { expect, test } from 'vitest'
import { hasWords } from './page-wire.ts'

const event = (type: string, data: unknown): string => `42["events",${JSON.stringify({ chat_id: 'c', message_id: 'm', data: { type, data } })}]`
const delta = (text: string): string => event('response:completion', { type: 'response.output_text.delta', item_id: 'msg_1', output_index: 0, content_index: 0, delta: text })

test.each([
  ['a delta', delta('t0 ')],
  ['a chunk of a completion, in releases before', event('chat:completion', { choices: [{ index: 0, delta: { role: 'assistant', content: 'Hi' } }] })],
  ['a text so far', event('chat:completion', { content: 'Hi there' })],
  ['a piece of text', event('message', { content: 'Hi' })],
  ['the whole answer at its end', event('chat:completion', { done: true, output: [{ type: 'message', content: [{ type: 'output_text', text: 'Hi' }] }] })],
  ['a stream of events', 'data: {"choices": [{"delta": {"content": "Hi"}}]}\n\n'],
  ['a line break before a word', delta('\n\nHi')],
  ['a word that is a quotation mark', delta('"Hi"')],
])('%s has a word', (_, sent) => {
  expect(hasWords(sent)).toBe(true)
})

test.each([
  ['an empty delta', delta('')],
  ['white space', delta(' \n\t')],
  ['a role', event('chat:completion', { choices: [{ delta: { role: 'assistant', content: '' } }] })],
  ['an end without a word', event('chat:completion', { done: true, output: [{ type: 'message', content: [{ type: 'output_text', text: '' }] }] })],
  ['an error', event('chat:message:error', { error: { content: 'mock 500' }, done: true })],
  ['a title', event('chat:title', 'A chat')],
  ['what it is busy with', event('status', { description: 'Searching', done: false })],
  ['the question', JSON.stringify({ role: 'user', content: 'Hello' })],
  ['that it was accepted', '{"status":true,"task_ids":["a"],"chat_id":"c"}'],
  ['a ping', '2'],
])('%s has none', (_, sent) => {
  expect(hasWords(sent)).toBe(false)
})
