import { expect, test } from 'vitest'
import { AnswerNotes } from './answer-notes.ts'
import { PageAnswer } from './page-answer.ts'
import type { Answer } from './target.ts'

type Said = readonly [type: string, data: unknown]

/** The events of one message, 10 ms apart from 10 on. */
function told(events: readonly Said[], { missedAfter }: { readonly missedAfter?: number } = {}): Pick<Answer, 'text' | 'firstTokenAt' | 'firstVisibleAt' | 'chunks' | 'sources'> & { outcome: PageAnswer['outcome']; usage: number | null } {
  const notes = new AnswerNotes({ now: () => 0, stampError: () => 0 }, { id: 'a-1', text: '', mock: undefined }, [])
  const page = new PageAnswer(notes)
  for (const [index, [type, data]] of events.entries()) {
    if (index === missedAfter) page.hasMissed = true
    page.read({ at: 10 * (index + 1), stampError: 0, chatId: 'c', messageId: 'm', type, data })
  }
  const { text, firstTokenAt, firstVisibleAt, chunks, sources } = notes.answer
  return { text, firstTokenAt, firstVisibleAt, chunks, sources, outcome: page.outcome, usage: page.usageTokens }
}

const delta = (text: string): Said => ['response:completion', { type: 'response.output_text.delta', item_id: 'msg_1', output_index: 0, content_index: 0, delta: text }]
const active: Said = ['chat:active', { active: true, folder_id: null }]
const done = (text: string): Said => ['chat:completion', { done: true, output: [{ type: 'message', status: 'completed', role: 'assistant', content: [{ type: 'output_text', text }] }], title: 'Chat' }]

test('the first word counts, not that the server says it is at work; the end repeats the whole answer and adds nothing', () => {
  expect(told([active, delta('one '), delta('two '), ['chat:completion', { choices: [{ finish_reason: 'stop', delta: {} }] }], done('one two')]))
    .toEqual({ text: 'one two ', firstTokenAt: 20, firstVisibleAt: 20, chunks: 2, sources: 0, outcome: { kind: 'answered' }, usage: null })
})

test('reasoning is a token, and none that can be read', () => {
  expect(told([['response:completion', { type: 'response.reasoning_text.delta', delta: 'hm' }], delta('one')])).toMatchObject({ firstTokenAt: 10, firstVisibleAt: 20, text: 'one', outcome: null })
})

test.each<[string, readonly Said[]]>([
  ['chunks of a completion, as older releases sent them', [['chat:completion', { choices: [{ delta: { content: 'one ' } }] }], ['chat:completion', { choices: [{ delta: { content: 'two' } }] }]]],
  ['the text so far, again and again', [['chat:completion', { content: 'one ' }], ['chat:completion', { content: 'one two' }]]],
  ['pieces', [['message', { content: 'one ' }], ['chat:message:delta', { content: 'two' }]]],
  ['whole texts', [['replace', { content: 'one ' }], ['chat:message', { content: 'one two' }]]],
])('%s are words as well', (_, events) => {
  expect(told(events)).toMatchObject({ text: 'one two', chunks: 2, firstTokenAt: 10 })
})

test.each<[string, Said, string]>([
  ['an error', ['chat:message:error', { error: { content: 'mock 500' }, done: true }], 'mock 500'],
  ['an error without a word', ['chat:message:error', { error: { content: '' }, done: true }], 'an error without a word'],
  ['an error that says nothing at all', ['chat:message:error', {}], 'an error without a word'],
  ['an error within a completion', ['chat:completion', { error: { message: 'broken' } }], 'broken'],
])('%s is an error, whatever came before', (_, event, detail) => {
  expect(told([delta('one '), event, done('one')]).outcome).toEqual({ kind: 'failed', code: 'error-event', detail, afterTokens: 1 })
})

test('stopped by somebody else is the end in the middle; an end without a word is empty', () => {
  expect(told([delta('one '), ['chat:tasks:cancel', {}]]).outcome).toMatchObject({ code: 'truncated', afterTokens: 1 })
  expect(told([active, done('')]).outcome).toMatchObject({ code: 'empty' })
})

test('sources and usage are told beside the words', () => {
  const sources: Said = ['chat:completion', { sources: [{ source: { name: 'weather' }, document: ['a', 'b'], metadata: [{ source: 'http://x/0' }, { source: 'http://x/1' }] }] }]
  expect(told([sources, delta('one'), ['chat:completion', { usage: { completion_tokens: 7 } }]])).toMatchObject({ sources: 2, firstTokenAt: 20, usage: 7 })
})

test('a word that did not come stays missing, however whole the end is: nobody could read along', () => {
  expect(told([delta('one '), delta('three '), done('one two three')]).text).toBe('one three ')
})

test('a page that lost its connection gets with the end what it missed', () => {
  expect(told([delta('one '), delta('three '), done('one two three')], { missedAfter: 1 })).toMatchObject({ text: 'one two three', outcome: { kind: 'answered' } })
  expect(told([delta('one '), done('one two three')]).text).toBe('one two three')
})
