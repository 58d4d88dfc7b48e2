import { expect, test } from 'vitest'
import { blocker, concurrent, message, probes, run, type RunParts, type WindowParts } from '../../test/fixtures/run.ts'
import type { MessageRecord } from '../sample/message.ts'
import { exposedProbes, stalledShare, type StalledShareClaim, stallLimit } from './stall.ts'
import type { View } from './ttft.ts'

const claim: StalledShareClaim = { measure: 'stalledShare', message: 'hello', during: ['behindStory'], quiet: 'quiet', unit: 'share', bounds: { pass: 0.02, fail: 0.02 } }

interface RoundParts {
  readonly quiet?: WindowParts
  readonly loaded?: WindowParts
  readonly story?: Parameters<typeof blocker>[0]
}

/** A quiet window of 8 at 10 ms, then 8 behind a story from 905 to 2905. With the floor of 500 ms a probe due until 2395 is exposed. */
const round = (number: number, { quiet, loaded, story }: RoundParts = {}): MessageRecord[] => [
  ...probes({ round: number, from: 100, ...quiet }), blocker({ round: number, ...story }), ...probes({ round: number, phase: 'behindStory', ...loaded }),
]
const rounds = (count: number, parts: RoundParts = {}): MessageRecord[] => Array.from({ length: count }, (_, index) => round(index + 1, parts)).flat()
const shareOf = (messages: readonly MessageRecord[], parts: RunParts = {}, view: View = 'measured') => stalledShare(run({ messages, ...parts }), 'after', claim, view)
const none = { short: 0, failed: 0, 'no search': 0, 'no quiet time': 0 }
const fixed = { rules: { stallFloor: 500, stallLimitFixed: true } }

test('hellos that take as long as alone do not stall', () => {
  expect(shareOf(rounds(6))).toMatchObject({
    events: 0, n: 48, share: 0, episodes: 6, stallingEpisodes: 0, dropped: none, roundsWithStalls: 0, limit: 500, quiet: { events: 0, n: 48, share: 0 }, problem: null,
  })
})

test('hellos that wait for the end of the story stall', () => {
  expect(shareOf(rounds(6, { loaded: { ttft: (index) => 1_900 - 10 * index } }))).toMatchObject({ events: 48, n: 48, share: 1, stallingEpisodes: 6, roundsWithStalls: 6 })
})

test('one blocked worker of four shows as a quarter', () => {
  expect(shareOf(rounds(6, { loaded: { ttft: (index) => (index % 4 === 0 ? 1_500 : 10) } }))).toMatchObject({ events: 12, n: 48, share: 0.25, stallingEpisodes: 6 })
})

test('events and messages are counted by round', () => {
  const messages = [...rounds(6).filter((record) => record.round !== 2), ...round(2, { loaded: { ttft: (index) => (index < 3 ? 1_500 : 10) } })]
  const seen = shareOf(messages)
  expect(seen.rounds.toSorted((a, b) => b.events - a.events)[0]).toEqual({ events: 3, n: 8 })
  expect(seen).toMatchObject({ events: 3, roundsWithStalls: 1, stallingEpisodes: 1, episodes: 6 })
})

test('a hello exactly a limit later than the quiet median has not stalled, a thousandth later it has', () => {
  expect(shareOf(rounds(6, { loaded: { ttft: 510 } })).events).toBe(0)
  expect(shareOf(rounds(6, { loaded: { ttft: 510.001 } })).events).toBe(48)
})

test('a hello without a first token stalled', () => {
  expect(shareOf(rounds(6, { loaded: { ttft: (index) => (index === 0 ? null : 10) } }))).toMatchObject({ events: 6, n: 48 })
})

test('each connection kind is compared with its own quiet median', () => {
  const slowFresh = (late: number): RoundParts => ({ quiet: { ttft: (_, kind) => (kind === 'fresh' ? 300 : 10) }, loaded: { ttft: (_, kind) => (kind === 'fresh' ? 300 + late : 10) } })
  expect(shareOf(rounds(6, slowFresh(450)), fixed).events).toBe(0)
  expect(shareOf(rounds(6, slowFresh(501)), fixed).events).toBe(24)
})

test('each round is compared with its own quiet window', () => {
  const slowing = Array.from({ length: 6 }, (_, index) => round(index + 1, { quiet: { ttft: 10 + 200 * index }, loaded: { ttft: 10 + 200 * index } })).flat()
  expect(shareOf(slowing, fixed).events).toBe(0)
})

test('a probe counts as exposed up to the instant from which a stalled one could not be told', () => {
  // The story ends at 2905: due + 10 ≤ 2905 − 500, so 2395 is the last.
  expect(shareOf(rounds(6, { loaded: { from: 2_395, perKind: 1, every: 0.5 } })).n).toBe(6)
  expect(shareOf(rounds(6, { loaded: { from: 2_395.5, perKind: 1, every: 0.5 } })).n).toBe(0)
})

test('a probe due before its window began is not exposed', () => {
  const early = rounds(6).map((record) => record)
  const said = run({ messages: early })
  const later = { ...said, phases: said.phases.map((phase) => (phase.phase === 'behindStory' ? { ...phase, windowAt: 1_015 } : phase)) }
  expect(stalledShare(later, 'after', claim, 'measured').n).toBe(36)
})

test('with several copies nobody is exposed after the first of them ended', () => {
  const long = (number: number): MessageRecord => blocker({ round: number, lasts: 9_000 })
  const loaded = { from: 1_000, perKind: 10, every: 100 }
  const copies = [1, 2, 3, 4, 5, 6].flatMap((number) => [...round(number, { loaded }), long(number)])
  // Until 2395: due at 1000, 1100, … 2300.
  expect(shareOf(copies).n).toBe(6 * 14)
})

test('a story that lasted less than twice the limit is dropped and counted, one of twice the limit is not', () => {
  expect(shareOf(rounds(6, { story: { lasts: 999 } }))).toMatchObject({ n: 0, episodes: 0, dropped: { ...none, short: 6 } })
  expect(shareOf(rounds(6, { story: { lasts: 1_000 } }))).toMatchObject({ episodes: 6, dropped: none })
})

test('fewer than six stories left are no evidence, and the sentence says why', () => {
  const short = { story: { lasts: 700 } }
  const seen = shareOf([...rounds(5), ...round(6, short)])
  expect(seen).toMatchObject({ episodes: 5, dropped: { ...none, short: 1 } })
  expect(seen.problem).toBe('blocker too short for so slow a model: 1 of 6 lasted less than twice the stall limit of 500 ms')
  expect(shareOf([...rounds(6), ...round(7, short)])).toMatchObject({ episodes: 6, dropped: { ...none, short: 1 }, problem: null })
})

test('too few rounds alone are no problem of the measure', () => {
  expect(shareOf(rounds(3))).toMatchObject({ episodes: 3, dropped: none, problem: null })
})

test('a story that failed, or was never said, exposes nobody', () => {
  const failed = shareOf(rounds(6, { story: { outcome: { kind: 'failed', code: 'hung', detail: '', afterTokens: 3 } }, loaded: { ttft: null } }))
  expect(failed).toMatchObject({ n: 0, episodes: 0, dropped: { ...none, failed: 6 }, problem: expect.stringMatching(/^6 of 6 blockers failed or were never said/) })
  const unsaid = shareOf(rounds(6).filter((record) => record.part === 'probe'))
  expect(unsaid).toMatchObject({ n: 0, dropped: { ...none, failed: 6 } })
})

test('a quarter of the stories may fail; where more do, the others are a choice of the system', () => {
  const outcome = { kind: 'failed', code: 'error-event', detail: '', afterTokens: 3 } as const
  const failing = (count: number): MessageRecord[] => Array.from({ length: 12 }, (_, index) => round(index + 1, index < count ? { story: { outcome } } : {})).flat()
  expect(shareOf(failing(3))).toMatchObject({ episodes: 9, dropped: { ...none, failed: 3 }, problem: null })
  expect(shareOf(failing(4))).toMatchObject({ episodes: 8, problem: expect.stringMatching(/^4 of 12 blockers failed/) })
})

test('a connection kind that is silent in quiet cannot be passed by the other kind', () => {
  const dead = { ttft: (_: number, kind: 'warm' | 'fresh'): number | null => (kind === 'fresh' ? null : 10) }
  expect(shareOf(rounds(6, { quiet: dead, loaded: dead }), fixed).problem).toBe('most hellos on fresh connections got no first word even in quiet: nothing says how long they take alone')
})

test('an attempt that was thrown away is not counted', () => {
  const thrown = round(1, { loaded: { ttft: 1_500 } }).map((record) => ({ ...record, attempt: 2 }))
  expect(shareOf([...rounds(6), ...thrown], { thrownAway: ['after/1/2'] })).toMatchObject({ events: 0, n: 48 })
})

// The limit

const quietTimes = (times: readonly number[]): MessageRecord[] => times.map((time) => message({ ttft: time }))
const limitOf = (messages: readonly MessageRecord[], parts: RunParts = {}, view: View = 'measured') => stallLimit(run({ messages, ...parts }), 'after', claim, view)
/** p50 100, p95 `p95`. */
const spread = (p95: number): MessageRecord[] => quietTimes([...Array.from({ length: 18 }, () => 100), p95, 9_999])

test('the limit is three times p95 − p50 of the quiet probes, but at least the floor', () => {
  expect(limitOf(spread(100))).toBe(500)
  expect(limitOf(spread(266))).toBe(500)
  expect(limitOf(spread(300))).toBe(600)
  expect(limitOf(spread(300), { rules: { stallFloor: 150 } })).toBe(600)
  expect(limitOf(spread(140), { rules: { stallFloor: 150 } })).toBe(150)
})

test('a handshake that only fresh connections pay is no spread, and hides nobody who waits on a warm one', () => {
  const handshake = { ttft: (index: number, kind: 'warm' | 'fresh') => (kind === 'fresh' ? 310 : 10) + index % 2 }
  const late = { ttft: (_: number, kind: 'warm' | 'fresh') => (kind === 'fresh' ? 310 : 860) }
  expect(shareOf(rounds(6, { quiet: handshake, loaded: late }))).toMatchObject({ limit: 500, events: 24, n: 48 })
})

test('a limit that was fixed is that limit', () => {
  expect(limitOf(spread(3_000), { rules: { stallFloor: 200, stallLimitFixed: true } })).toBe(200)
})

test('only quiet probes of the message and the side make the limit', () => {
  const others = [message({ side: 'before', ttft: 5_000 }), message({ label: 'story', ttft: 5_000 }), message({ phase: 'behindStory', ttft: 5_000 })]
  expect(limitOf([...spread(300), ...others, ...others])).toBe(600)
})

test('up to 5 % of quiet hellos without a first word leave a limit, more leave none', () => {
  const unanswered = (count: number): MessageRecord[] => [...quietTimes(Array.from({ length: 100 - count }, () => 100)), ...Array.from({ length: count }, () => message({ ttft: null }))]
  expect(limitOf(unanswered(5))).toBe(500)
  expect(limitOf(unanswered(6))).toBe(Infinity)
  expect(limitOf([])).toBe(Infinity)
})

test('without a limit nobody is exposed, so that nothing passes, and the sentence says why', () => {
  const silent = shareOf(rounds(6, { quiet: { ttft: (index) => (index === 0 ? null : 10) } }))
  expect(silent).toMatchObject({ n: 0, events: 0, episodes: 0, limit: Infinity, quiet: { events: 6, n: 48, share: 0.125 } })
  expect(silent.problem).toBe('6 of 48 quiet hellos got no first word: with more than 5 % of them no stall limit can be set')
  expect(silent.share).toBeNaN()
})

test('without quiet hellos there is nothing to compare with', () => {
  const seen = shareOf(rounds(6).filter((record) => record.phase !== 'quiet'), fixed)
  expect(seen).toMatchObject({ n: 0, quiet: { n: 0 } })
  expect(seen.problem).toBe('no hello was said in the quiet phase "quiet", so nothing says how long it takes alone')
})

test('a connection kind that gets no answer alone judges nobody behind a story, and counts in the quiet share', () => {
  const seen = shareOf(rounds(6, { quiet: { ttft: (_, kind) => (kind === 'fresh' ? null : 10) }, loaded: { ttft: (_, kind) => (kind === 'fresh' ? null : 10) } }), fixed)
  expect(seen).toMatchObject({ events: 0, n: 24, quiet: { events: 24, n: 48 } })
})

test('the share of the quiet windows by the same limit stands beside it', () => {
  const seen = shareOf(rounds(6, { quiet: { perKind: 40, ttft: (index) => (index < 2 ? 700 : 10) } }))
  expect(seen).toMatchObject({ limit: 500, quiet: { events: 12, n: 480, share: 0.025 } })
  expect(seen.quiet.rounds).toEqual(Array.from({ length: 6 }, () => ({ events: 2, n: 80 })))
})

test('a quiet hello exactly a limit later than the median has not stalled either', () => {
  const quietEvents = (late: number): number => shareOf(rounds(6, { quiet: { perKind: 40, ttft: (index) => (index < 2 ? late : 10) } })).quiet.events
  expect([quietEvents(510), quietEvents(510.001)]).toEqual([0, 12])
})

// The views

test('against a pass the quiet median is at its earliest, against a fail the judged time is', () => {
  // As measured 10 + 505 − 10 = 505 > 500 either way.
  const edge = (late: number): MessageRecord[] => rounds(6, { quiet: { errorBound: 6 }, loaded: { ttft: 10 + late, errorBound: 6 } })
  expect((['measured', 'against-pass', 'against-fail'] as const).map((view) => shareOf(edge(505), {}, view).events)).toEqual([48, 48, 0])
  expect((['measured', 'against-pass', 'against-fail'] as const).map((view) => shareOf(edge(495), {}, view).events)).toEqual([0, 48, 0])
})

test('against a pass the limit is that of the earliest quiet times, and so is the quiet share', () => {
  const wide = quietTimes([...Array.from({ length: 18 }, () => 100), 400, 9_999]).map((record) => ({ ...record, errorBound: record.firstTokenAt === 400 ? 100 : 0 }))
  expect((['measured', 'against-pass', 'against-fail'] as const).map((view) => limitOf(wide, {}, view))).toEqual([900, 600, 900])
  const late = rounds(6, { quiet: { perKind: 40, errorBound: 3, ttft: (index) => (index < 2 ? 512 : 10) } }).map((record) => (record.phase === 'quiet' && record.firstTokenAt === record.dueAt + 10 ? { ...record, errorBound: 0 } : record))
  expect((['measured', 'against-pass', 'against-fail'] as const).map((view) => shareOf(late, {}, view).quiet.events)).toEqual([12, 0, 12])
})

test('the exposed probes can be had one by one', () => {
  const said = run({ messages: rounds(2, { loaded: { ttft: (index) => (index === 3 ? 1_500 : 10) } }) })
  const exposed = exposedProbes(said, 'after', claim, 'measured')
  expect(exposed).toHaveLength(16)
  expect(exposed.filter(({ stalled }) => stalled).map(({ probe }) => probe.dueAt)).toEqual([1_030, 1_030])
})

const searching: RunParts = { header: { scenario: { ...concurrent, messages: { ...concurrent.messages, story: { text: 'Search', search: true, mock: { tokens: 20, firstTokenAfter: 2, gap: 20 } } } } } }
/** From 910, a quiet time after it was sent, to its first word at 2900; then it tells for two seconds, which blocks nobody. */
const search = (parts: RoundParts['story'] = {}): RoundParts['story'] => ({ sentAt: 900, ttft: 2_000, lasts: 2_000, sources: 3, ...parts })

test('behind a search those are exposed who could have waited for its first word by more than the limit', () => {
  // Due + 10 ≤ 2900 − 500: of eight hellos 200 ms apart those due until 2390.
  const behind = (ttft: number): ReturnType<typeof shareOf> => shareOf(rounds(6, { story: search(), loaded: { every: 200, ttft } }), searching)
  expect(behind(10)).toMatchObject({ events: 0, n: 42, episodes: 6, problem: null })
  expect(behind(511)).toMatchObject({ events: 42, n: 42 })
  // The same answer, if it were a story, would block to its end.
  expect(shareOf(rounds(6, { story: search(), loaded: { every: 200 } })).n).toBe(48)
})

test('a search that brought no sources blocks nobody, and the claim says so', () => {
  expect(shareOf(rounds(6, { story: search({ sources: 0 }) }), searching)).toMatchObject({ n: 0, dropped: { ...none, 'no search': 6 }, problem: '6 of 6 searches brought no sources: nothing shows that they took place: during the others nobody stalled may say little' })
  const one = [...rounds(11, { story: search() }), ...round(12, { story: search({ sources: 0 }) })]
  expect(shareOf(one, searching)).toMatchObject({ episodes: 11, dropped: { ...none, 'no search': 1 }, problem: null })
})
