import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { failed } from '../failure.ts'
import type { Answer, Utterance } from '../target.ts'
import { PageExchange, type ReadyPage } from './page-exchange.ts'
import type { Look } from './page-eyes.ts'
import type { PageReport } from './page-watch.ts'

beforeEach(() => { vi.useFakeTimers() })
afterEach(() => { vi.useRealTimers() })

/** The page's clock is 1 s behind, which is known to ± 2 ms. */
const pageClock = { offset: 1_000, bound: 2 }
const blank: Look = { isLegible: false, length: 0, tokens: 0, sources: 0, isBusy: true, error: null }

interface Scene {
  readonly exchange: PageExchange
  readonly done: string[]
  /** Tells what is painted `after` ms of the page's time; its frame began 8 ms before. */
  paint(at: number, look: Partial<Look>): void
  tell(report: PageReport): void
}

/** A message that is sent from a page which does as the test says. It is pressed at 100 of the page's time, 1100 of ours. */
async function said(utterance: Partial<Utterance> = {}, page: Partial<ReadyPage> = {}): Promise<Scene> {
  let listener: (report: PageReport) => void = () => {}
  const done: string[] = []
  const clock = { now: () => Date.now(), stampError: () => 0.5 }
  vi.setSystemTime(1_090)
  const exchange = new PageExchange({ clock, utterance: { id: 'a', text: 'Hello', mock: undefined, ...utterance }, secrets: ['geheim'] })
  const begun = exchange.begin({
    connection: { id: 3, kind: 'warm', requestsBefore: 2, openedAt: 50 },
    clock: pageClock,
    onReport: (given) => { listener = given },
    press: () => {
      done.push('press')
      listener({ kind: 'pressed', at: 100 })
      return Promise.resolve()
    },
    stop: () => {
      done.push('stop')
      return Promise.resolve(false)
    },
    goOffline: () => {
      done.push('offline')
      return Promise.resolve()
    },
    text: () => Promise.resolve('Hello there'),
    picture: () => Promise.resolve(undefined),
    ...page,
  })
  await begun
  return { exchange, done, tell: (report) => listener(report), paint: (at, look) => listener({ kind: 'painted', frameAt: at - 8, at, look: { ...blank, ...look } }) }
}

async function settled({ exchange }: Scene, milliseconds = 400): Promise<Answer> {
  await vi.advanceTimersByTimeAsync(milliseconds)
  return exchange.done
}

test('the first word is there when it has been painted, not when its frame began', async () => {
  const scene = await said()
  scene.tell({ kind: 'requested', sentAt: 105, headersAt: 150 })
  scene.paint(120, { isBusy: true })
  scene.paint(500, { length: 5, tokens: 1, isLegible: true })
  scene.paint(600, { length: 11, tokens: 2, isLegible: true })
  scene.paint(650, { length: 11, tokens: 2, isLegible: true, isBusy: false })
  const answer = await settled(scene)
  // Put at the latest instant that the two clocks allow; the bound reaches back over the frame and both their errors.
  expect(answer).toMatchObject({ startedAt: 1_100, sentAt: 1_105, headersAt: 1_150, firstTokenAt: 1_502, firstVisibleAt: 1_502, stampError: 12, endedAt: 1_652, endStampError: 12, chunks: 2, gaps: [100], text: 'Hello there', outcome: { kind: 'answered' } })
  expect(answer.connection).toEqual({ id: 3, kind: 'warm', requestsBefore: 2, openedAt: 50 })
})

test('a word that cannot be seen yet is none', async () => {
  const scene = await said()
  scene.paint(500, { length: 5, tokens: 1, isLegible: false })
  scene.paint(800, { length: 5, tokens: 1, isLegible: true })
  scene.paint(810, { length: 5, tokens: 1, isLegible: true, isBusy: false })
  expect(await settled(scene)).toMatchObject({ firstVisibleAt: 1_802 })
})

test('an end that is painted before its error is still an error, at the time at which the error was seen', async () => {
  const scene = await said()
  scene.paint(500, { length: 5, tokens: 1, isLegible: true })
  scene.paint(900, { length: 5, tokens: 1, isLegible: true, isBusy: false })
  scene.paint(950, { length: 5, tokens: 1, isLegible: true, isBusy: false, error: 'no way: geheim' })
  const { outcome, endedAt } = await settled(scene)
  expect(endedAt).toBe(1_952)
  expect(outcome).toMatchObject({ kind: 'failed', code: 'error-event', afterTokens: 1 })
  expect(JSON.stringify(outcome)).not.toContain('geheim')
})

test('an error without words is an error', async () => {
  const scene = await said()
  scene.paint(900, { isBusy: false, error: '' })
  expect((await settled(scene, 1_500)).outcome).toMatchObject({ code: 'error-event', detail: 'an error without words' })
})

test('an error that is shown while the answer goes on was about something else', async () => {
  const scene = await said()
  scene.paint(500, { length: 5, tokens: 1, isLegible: true, error: 'no title' })
  await vi.advanceTimersByTimeAsync(1_000)
  scene.paint(1_500, { length: 11, tokens: 2, isLegible: true })
  await vi.advanceTimersByTimeAsync(3_000)
  scene.paint(4_500, { length: 11, tokens: 2, isLegible: true, isBusy: false })
  expect((await settled(scene)).outcome).toEqual({ kind: 'answered' })
})

test('an error after which nothing comes ends the answer, though the page still seems busy', async () => {
  const scene = await said()
  scene.paint(500, { length: 5, tokens: 1, isLegible: true, error: 'gone' })
  expect(await settled(scene, 1_500)).toMatchObject({ endedAt: 1_502, outcome: { code: 'error-event', detail: 'gone' } })
  expect(scene.done).toEqual(['press', 'stop'])
})

test('an end without a word is empty', async () => {
  const scene = await said()
  scene.paint(120, { isBusy: true })
  scene.paint(500, { isBusy: false })
  expect((await settled(scene)).outcome).toMatchObject({ code: 'empty' })
})

test('a page that takes no notice of the press', async () => {
  const begun = said({}, { press: () => Promise.resolve() })
  await vi.advanceTimersByTimeAsync(10_000)
  expect((await settled(await begun)).outcome).toMatchObject({ code: 'hung', detail: expect.stringContaining('took no notice') })
})

test('whoever leaves has left when Stop was pressed', async () => {
  const scene: Scene = await said({}, { stop: () => {
    scene.tell({ kind: 'stopped', at: 730 })
    return Promise.resolve(true)
  } })
  scene.paint(500, { length: 5, tokens: 10, isLegible: true })
  await scene.exchange.afterTokens(10)
  scene.exchange.abort(failed('cancelled', 'left after 10 tokens', 0))
  expect(await settled(scene)).toMatchObject({ endedAt: 1_732, endStampError: 4, outcome: { code: 'cancelled', afterTokens: 10 } })
})

test('whoever could not press Stop has not left', async () => {
  const scene = await said()
  scene.paint(500, { length: 5, tokens: 10, isLegible: true })
  scene.exchange.abort(failed('cancelled', 'left after 10 tokens', 0))
  expect((await settled(scene)).outcome).toMatchObject({ code: 'hung', detail: 'the page had no Stop to press' })
})

test('a page that stands still is given up', async () => {
  const scene = await said({}, { text: () => new Promise(() => {}) })
  scene.exchange.abort(failed('hung', 'nothing came for 60 s', 0))
  expect(await settled(scene, 20_000)).toMatchObject({ text: '', outcome: { code: 'hung' } })
})

test('offline before it is sent: the time counts from the press', async () => {
  const scene = await said({ offline: { before: 'send' } })
  expect(scene.done).toEqual(['offline', 'press'])
  scene.paint(900, { isBusy: false, error: 'Failed to fetch' })
  expect(await settled(scene, 1_500)).toMatchObject({ offlineAt: 1_098, offlineStampError: 4, endedAt: 1_902, outcome: { code: 'error-event', detail: 'Failed to fetch' } })
})

test('offline in the middle of the answer, and not after its end', async () => {
  const scene = await said({ offline: { afterTokens: 2 } })
  scene.paint(500, { length: 5, tokens: 1, isLegible: true })
  expect(scene.done).toEqual(['press'])
  vi.setSystemTime(1_700)
  scene.paint(600, { length: 11, tokens: 2, isLegible: true })
  await vi.advanceTimersByTimeAsync(0)
  expect(scene.done).toEqual(['press', 'offline'])
  scene.exchange.abort(failed('hung', 'nothing came for 60 s', 0))
  expect(await settled(scene)).toMatchObject({ offlineAt: 1_700, offlineStampError: 0, outcome: { code: 'hung', afterTokens: 2 } })

  const short = await said({ offline: { afterTokens: 2 } })
  short.paint(500, { length: 11, tokens: 1, isLegible: true, isBusy: false })
  expect((await settled(short)).offlineAt).toBeUndefined()
})

test('the network goes between the order and its acknowledgement, and the bound holds both', async () => {
  let acknowledge: () => void = () => {}
  const scene = await said({ offline: { afterTokens: 1 } }, { goOffline: () => new Promise((resolve) => { acknowledge = resolve }) })
  vi.setSystemTime(1_700)
  scene.paint(500, { length: 5, tokens: 1, isLegible: true })
  await vi.advanceTimersByTimeAsync(0)
  vi.setSystemTime(2_950)
  acknowledge()
  await vi.advanceTimersByTimeAsync(0)
  scene.paint(2_200, { length: 5, tokens: 1, isLegible: true, isBusy: false, error: 'no network' })
  expect(await settled(scene)).toMatchObject({ offlineAt: 1_700, offlineStampError: 1_250, endedAt: 3_202 })
})

test('a network over which words still come was not lost', async () => {
  const scene = await said({ offline: { afterTokens: 1 } })
  scene.paint(500, { length: 5, tokens: 1, isLegible: true })
  vi.setSystemTime(1_700)
  await vi.advanceTimersByTimeAsync(0)
  scene.paint(1_600, { length: 11, tokens: 2, isLegible: true })
  scene.paint(2_900, { length: 15, tokens: 3, isLegible: true })
  scene.paint(3_000, { length: 15, tokens: 3, isLegible: true, isBusy: false })
  const answer = await settled(scene)
  expect([answer.outcome.kind, answer.offlineAt]).toEqual(['answered', undefined])
})

test('an answer that ends before its first word can be seen has not ended; one of which no word can ever be seen is none', async () => {
  const scene = await said()
  scene.paint(500, { length: 5, tokens: 1, isLegible: false })
  scene.paint(520, { length: 5, tokens: 1, isLegible: false, isBusy: false })
  await vi.advanceTimersByTimeAsync(1_000)
  scene.paint(1_800, { length: 5, tokens: 1, isLegible: true, isBusy: false })
  expect(await settled(scene)).toMatchObject({ firstVisibleAt: 2_802, endedAt: 2_802, outcome: { kind: 'answered' } })
  const never = await said()
  never.paint(500, { length: 5, tokens: 1, isLegible: false, isBusy: false })
  await vi.advanceTimersByTimeAsync(5_000)
  never.exchange.abort(failed('hung', 'nothing came for 60 s', 0))
  expect((await settled(never)).outcome).toMatchObject({ code: 'hung' })
})

test('a network that could not be taken away was not lost', async () => {
  const gone = { goOffline: () => Promise.reject(new Error('closed')) }
  const middle = await said({ offline: { afterTokens: 1 } }, gone)
  middle.paint(500, { length: 5, tokens: 1, isLegible: true, isBusy: false })
  const before = await said({ offline: { before: 'send' } }, gone)
  for (const scene of [middle, before]) expect((await settled(scene)).offlineAt).toBeUndefined()
  expect((await settled(before)).outcome).toMatchObject({ code: 'hung' })
})

test('a page that did not become ready says why', async () => {
  const exchange = new PageExchange({ clock: { now: () => 1_090, stampError: () => 0.5 }, utterance: { id: 'a', text: 'Hello', mock: undefined }, secrets: [] })
  await exchange.begin({ problem: failed('http-status', '401 the page asks to sign in', 0) })
  expect((await exchange.done).outcome).toMatchObject({ code: 'http-status' })
})
