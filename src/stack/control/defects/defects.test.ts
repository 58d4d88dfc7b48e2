import { expect, test } from 'vitest'
import type { Failure, HeadFields, Sink } from '../sink.ts'
import { buffering } from './buffering.ts'
import { coalescing } from './coalescing.ts'
import { everyNth } from './eventwise.ts'
import { apologies, swallowedErrors } from './swallowed-errors.ts'
import { tokenLoss } from './token-loss.ts'
import { TokenMix } from './token-mix.ts'
import { tokenReorder } from './token-reorder.ts'
import { tokenRepeat } from './token-repeat.ts'

const stream: HeadFields = { 'content-type': 'text/event-stream' }
const gone: Failure = { status: 502, type: 'upstream_broken', message: 'gone' }
const token = (number: number): string => `data: {"choices":[{"delta":{"content":"${number}"}}]}\n\n`

/** A sink that writes down what it is told, a line each. */
function notebook(): Sink & { readonly lines: string[] } {
  const lines: string[] = []
  return {
    lines,
    head: (status, fields) => { lines.push(`head ${status} ${fields['content-type'] ?? ''}`) },
    write: (bytes) => { lines.push(`write ${bytes.toString()}`) },
    end: () => { lines.push('end') },
    fail: ({ status }) => { lines.push(`fail ${status}`) },
  }
}

/** Tells an answer of so many tokens to a sink: role, tokens, `[DONE]`. */
function tell(sink: Sink, tokens: number): void {
  sink.head(200, stream)
  sink.write(Buffer.from('data: {"choices":[{"delta":{"role":"assistant","content":""}}]}\n\n'))
  for (let number = 1; number <= tokens; number += 1) sink.write(Buffer.from(token(number)))
  sink.write(Buffer.from('data: [DONE]\n\n'))
  sink.end()
}

const contents = (lines: readonly string[]): number[] => [...lines.join('').matchAll(/"content":"(\d+)"/g)].map((match) => Number(match[1]))

test('drops=tokens loses every Nth token of each answer, and nothing but tokens', () => {
  const page = notebook()
  tell(tokenLoss(page, everyNth(4, 1)), 9)
  expect(contents(page.lines)).toEqual([1, 2, 3, 5, 6, 7, 9])
  expect(page.lines.filter((line) => /role|DONE|head|end/.test(line))).toHaveLength(4)
})

test('of 1000 answers of one token five come empty, however large N is', () => {
  const empty: number[] = []
  for (let answer = 1; answer <= 1_000; answer += 1) {
    const page = notebook()
    tell(tokenLoss(page, everyNth(16, answer)), 1)
    if (contents(page.lines).length === 0) empty.push(answer)
  }
  expect(empty).toEqual([200, 400, 600, 800, 1000])
})

test('repeats=tokens says every Nth token twice in a row', () => {
  const page = notebook()
  tell(tokenRepeat(page, everyNth(3, 1)), 7)
  expect(contents(page.lines)).toEqual([1, 2, 3, 3, 4, 5, 6, 6, 7])
})

test('reorders=tokens swaps every Nth token with the next; the last has none, and is not lost', () => {
  const page = notebook()
  tell(tokenReorder(page, everyNth(3, 1)), 9)
  expect(contents(page.lines)).toEqual([1, 2, 4, 3, 5, 7, 6, 8, 9])
  expect(page.lines.slice(-2)).toEqual(['write data: [DONE]\n\n', 'end'])
  const broken = notebook()
  const sink = tokenReorder(broken, everyNth(1, 1))
  sink.head(200, stream)
  sink.write(Buffer.from(`${token(1)}data: {"cho`))
  sink.fail(gone)
  expect(broken.lines).toEqual(['head 200 text/event-stream', `write ${token(1)}`, 'write data: {"cho', 'fail 502'])
})

test('mixes=tokens never puts a token of an answer into itself, however many have been told', () => {
  const mix = new TokenMix()
  const [alone, first, second] = [notebook(), notebook(), notebook()]
  tell(mix.sink(alone, 1, () => true), 3)
  expect(contents(alone.lines)).toEqual([1, 2, 3])
  const sinks = [mix.sink(first, 2, () => true), mix.sink(second, 3, () => true)] as const
  for (const sink of sinks) sink.head(200, stream)
  sinks[0].write(Buffer.from(token(21)))
  sinks[1].write(Buffer.from(token(31)))
  sinks[0].write(Buffer.from(token(22)))
  sinks[1].end()
  sinks[0].write(Buffer.from(token(23)))
  expect([contents(first.lines), contents(second.lines)]).toEqual([[21, 3, 22, 31, 23, 31], [31, 21]])
})

test('coalesces keeps every byte in its place, and an error waits for nothing', () => {
  const page = notebook()
  tell(coalescing(page, 4), 6)
  expect(page.lines.map((line) => contents([line]))).toEqual([[], [], [1, 2, 3, 4], [5, 6], []])
  expect(page.lines[3]).toMatch(/\[DONE\]\n\n$/)
  const broken = notebook()
  const sink = coalescing(broken, 4)
  sink.head(200, stream)
  sink.write(Buffer.from(`${token(1)}data: {"error":{"message":"x"}}\n\n`))
  expect(broken.lines.at(-1)).toBe(`write ${token(1)}data: {"error":{"message":"x"}}\n\n`)
})

test('apologises=true is sorry once', () => {
  const page = notebook()
  const sink = apologies(page)
  sink.head(200, stream)
  sink.write(Buffer.from(`${token(1)}data: {"error":{"message":"x"}}\n\n`))
  sink.fail(gone)
  expect(page.lines.filter((line) => line.includes('Sorry'))).toHaveLength(1)
  expect(page.lines.slice(-2)).toEqual(['write data: [DONE]\n\n', 'end'])
})

test('an answer that is no stream is left alone by what works on events', () => {
  const page = notebook()
  const sink = tokenLoss(page, () => true)
  sink.head(200, { 'content-type': 'application/json' })
  sink.write(Buffer.from(token(1)))
  sink.end()
  expect(page.lines).toEqual(['head 200 application/json', `write ${token(1)}`, 'end'])
})

test('a stream that breaks off inside an event is given on to its last byte', () => {
  const page = notebook()
  const sink = tokenLoss(page, () => false)
  sink.head(200, stream)
  sink.write(Buffer.from(`${token(1)}data: {"cho`))
  sink.fail(gone)
  expect(page.lines).toEqual(['head 200 text/event-stream', `write ${token(1)}`, 'write data: {"cho', 'fail 502'])
})

test('buffers=true tells nothing, not even the head, before the end', () => {
  const page = notebook()
  const sink = buffering(page)
  sink.head(200, stream)
  sink.write(Buffer.from(token(1)))
  sink.write(Buffer.from(token(2)))
  expect(page.lines).toEqual([])
  sink.end()
  expect(page.lines).toEqual(['head 200 text/event-stream', `write ${token(1)}${token(2)}`, 'end'])
})

test('buffers=true gives a failure on, behind what there was', () => {
  const page = notebook()
  const sink = buffering(page)
  sink.head(200, stream)
  sink.write(Buffer.from(token(1)))
  sink.fail(gone)
  const early = notebook()
  buffering(early).fail(gone)
  expect([page.lines, early.lines]).toEqual([['head 200 text/event-stream', `write ${token(1)}`, 'fail 502'], ['fail 502']])
})

const normalEnd = ['write data: [DONE]\n\n', 'end']

test.each<[string, (sink: Sink) => void, string[]]>([
  ['a model that is not there', (sink) => sink.fail(gone), ['head 200 text/event-stream; charset=utf-8', ...normalEnd]],
  ['an error status', (sink) => { sink.head(500, { 'content-type': 'application/json' }); sink.write(Buffer.from('{"error":{}}')); sink.end() }, ['head 200 text/event-stream; charset=utf-8', ...normalEnd]],
  ['an answer that breaks off', (sink) => { sink.head(200, stream); sink.write(Buffer.from(token(1))); sink.fail(gone) }, ['head 200 text/event-stream', `write ${token(1)}`, ...normalEnd]],
  ['an error event', (sink) => { sink.head(200, stream); sink.write(Buffer.from(`${token(1)}data: {"error":{"message":"x"}}\n\ndata: [DONE]\n\n`)); sink.end() }, ['head 200 text/event-stream', `write ${token(1)}`, ...normalEnd]],
])('swallowsErrors=true makes %s an answer that ends normally', (_, tellTo, lines) => {
  const page = notebook()
  tellTo(swallowedErrors(page))
  expect(page.lines).toEqual(lines)
})
