import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Answer, Beside, Exchange, Session, Target, Utterance } from '../../target/target.ts'
import { type PhaseRequest, walkPhase, type WalkedPhase } from './phase.ts'

beforeEach(() => { vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }) })
afterEach(() => { vi.useRealTimers() })

const clock = { now: () => performance.now(), stampError: () => 0 }

/** What happened on one session, ms. */
interface Seen {
  readonly warmedAt: number[]
  openAt: number
  saidAt: number
}

interface Behaviour {
  /** Of the opening request. */
  readonly warming?: number | ((at: number) => number)
  /** Of an answer; Infinity: never. */
  readonly answering?: (utterance: Utterance) => number
  readonly firstToken?: (utterance: Utterance) => number
  /** Between two reads of an answer that is under way; Infinity: nothing comes before its end. */
  readonly reading?: number
}

function target({ warming = 1, answering = () => 2, firstToken = answering, reading = Infinity }: Behaviour, seen: Seen[]): Target {
  const open = (): Session => {
    const own: Seen = { warmedAt: [], openAt: Infinity, saidAt: Infinity }
    seen.push(own)
    return {
      warm: async () => {
        own.warmedAt.push(clock.now())
        await after(typeof warming === 'number' ? warming : warming(clock.now()))
        own.openAt = Math.min(own.openAt, clock.now())
      },
      say: (utterance) => {
        own.saidAt = clock.now()
        return exchange(answering(utterance), firstToken(utterance), reading)
      },
      close: () => Promise.resolve(),
    }
  }
  return { kind: 'openai', url: 'http://127.0.0.1:1', open }
}

const after = (milliseconds: number): Promise<void> => new Promise((resolve) => { if (Number.isFinite(milliseconds)) setTimeout(resolve, milliseconds) })

function exchange(answering: number, firstToken: number, reading: number): Exchange {
  const saidAt = clock.now()
  let end: (answer: Answer) => void = () => {}
  const done = new Promise<Answer>((resolve) => { end = resolve })
  const answer = (outcome: Answer['outcome']): Answer => ({
    connection: { id: 1, kind: 'fresh', requestsBefore: 0, openedAt: 0 }, startedAt: 0, sentAt: 0, headersAt: 0, firstEventAt: 0, firstTokenAt: 0, firstVisibleAt: 0, endedAt: clock.now(),
    stampError: 0, endStampError: 0, chunks: 0, coalesced: 0, gaps: [], sources: 0, text: '', usageTokens: null, outcome,
  })
  void after(answering).then(() => end(answer({ kind: 'answered' })))
  const lastReadAt = (): number => (Number.isFinite(reading) ? saidAt + Math.floor((clock.now() - saidAt) / reading) * reading : saidAt)
  return { done, firstToken: after(firstToken), afterTokens: () => after(firstToken), lastReadAt, abort: (outcome) => end(answer(outcome)) }
}

const utterance = (text: string): Utterance => ({ id: text, text, mock: undefined })

async function walked(behaviour: Behaviour, request: Partial<PhaseRequest> = {}): Promise<{ seen: Seen[]; phase: WalkedPhase }> {
  const seen: Seen[] = []
  const walking = walkPhase({
    target: target(behaviour, seen), probe: () => utterance('hello'), blockers: [], probesPerKind: 9, rate: 3, windowAfter: 200, blockerCap: 60_000, drainTime: 10_000, clock,
    signal: new AbortController().signal, ...request,
  })
  let phase: WalkedPhase | undefined
  void walking.then((result) => { phase = result })
  for (let turn = 0; turn < 20_000 && phase === undefined; turn += 1) await vi.advanceTimersByTimeAsync(100)
  if (phase === undefined) throw new Error('the phase did not end in 2,000 s')
  return { seen, phase }
}

test.each([0.5, 1, 3, 5, 80])('at %s probes a second every warm connection was open when it was used, and for at most 4 s', async (rate) => {
  const { seen } = await walked({}, { rate })
  const warm = seen.filter(({ warmedAt, saidAt }) => warmedAt.length > 0 && saidAt < Infinity)
  expect(warm).toHaveLength(9)
  expect(seen.filter(({ warmedAt, saidAt }) => warmedAt.length === 0 && saidAt < Infinity)).toHaveLength(9)
  for (const { warmedAt, openAt, saidAt } of warm) {
    expect(openAt).toBeLessThanOrEqual(saidAt)
    expect(saidAt - Math.max(...warmedAt)).toBeLessThanOrEqual(4_000)
  }
})

test('behind a blocker whose first token takes 8 s the first connections are opened again', async () => {
  const story = (): Utterance => utterance('story')
  const { seen } = await walked({ answering: ({ text }) => (text === 'story' ? 20_000 : 2), firstToken: () => 8_000 }, { blockers: [story], windowAfter: 9_000 })
  for (const { warmedAt, saidAt } of seen.filter((one) => one.warmedAt.length > 0)) expect(saidAt - Math.max(...warmedAt)).toBeLessThanOrEqual(4_000)
})

test('a system that opens slowly by its nature is not waited for: the probe takes a fresh connection', async () => {
  const { seen, phase } = await walked({ warming: 60_000 })
  expect(phase.probes).toHaveLength(18)
  expect(seen.filter(({ warmedAt, saidAt }) => warmedAt.length > 0 && saidAt < Infinity)).toEqual([])
})

test('a connection that is stuck behind the blocker is used: it is what is to be seen, however late the blocker’s first token is', async () => {
  // The opening requests answer at once before the story is said, and not at all while it is told.
  const warming = (at: number): number => (at - startedAt < 500 ? 1 : Infinity)
  for (const first of [600, 1_200, 8_000]) {
    startedAt = clock.now()
    const { seen } = await walked({ warming, answering: ({ text }) => (text === 'story' ? 30_000 : 2), firstToken: () => first }, { blockers: [() => utterance('story')], windowAfter: 9_000, rate: 3 })
    expect(seen.filter(({ warmedAt, saidAt }) => warmedAt.length > 0 && saidAt < Infinity)).toHaveLength(9)
  }
})

let startedAt = 0

test('the window begins at the first token of the blocker, or when it is late', async () => {
  const at = async (first: number): Promise<number> => {
    const { phase } = await walked({ answering: ({ text }) => (text === 'story' ? 5_000 : 2), firstToken: () => first }, { blockers: [() => utterance('story')] })
    return phase.windowAt - phase.from
  }
  expect(await at(50)).toBeLessThan(100)
  expect(await at(3_000)).toBeGreaterThanOrEqual(200)
  expect(await at(3_000)).toBeLessThan(300)
})

test('a system that answers everything drains; one probe or one blocker without an end, and it does not', async () => {
  const story = (): Utterance => utterance('story')
  const hangs = (text: string) => (said: Utterance): number => (said.text === text ? Infinity : 100)
  expect((await walked({}, { blockers: [story] })).phase.drained).toBe(true)
  for (const text of ['hello', 'story']) {
    const { phase } = await walked({ answering: hangs(text), firstToken: () => 5 }, { blockers: [story] })
    expect(phase.drained).toBe(false)
    const hung = [...phase.probes, ...phase.blockers].filter(({ answer }) => answer?.outcome.kind === 'failed' && answer.outcome.code === 'hung')
    expect(hung).toHaveLength(text === 'hello' ? 18 : 1)
  }
})

test('an answer that goes on is waited for beyond every patience; one that goes on for a quarter of an hour is not going to end', async () => {
  const story = (): Utterance => utterance('story')
  const long = (milliseconds: number) => walked({ answering: ({ text }) => (text === 'story' ? milliseconds : 2), firstToken: () => 5, reading: 1_000 }, { blockers: [story], blockerCap: 10_000 })
  const { phase } = await long(80_000)
  expect(phase.drained).toBe(true)
  expect(phase.blockers[0]?.answer?.outcome).toEqual({ kind: 'answered' })
  const endless = await long(Infinity)
  expect(endless.phase.drained).toBe(false)
  expect(endless.phase.blockers[0]?.answer?.outcome).toMatchObject({ code: 'over-deadline' })
})

test('a message in the same chat, or of the same person, is said over sessions beside the one that hears the blocker', async () => {
  const opened: (Beside | undefined)[] = []
  const seen: Seen[] = []
  const sessions: Session[] = []
  const plain = target({ answering: ({ text }) => (text === 'story' ? 5_000 : 2), firstToken: () => 5 }, seen)
  const beside: Target = {
    ...plain,
    open: (place) => {
      opened.push(place)
      const session = plain.open()
      sessions.push(session)
      return session
    },
  }
  await walked({}, { target: beside, blockers: [() => utterance('story')], as: 'same chat', probesPerKind: 2 })
  expect(opened).toEqual([undefined, ...Array.from({ length: 4 }, () => ({ session: sessions[0], as: 'same chat' }))])
  expect(seen[0]?.saidAt).toBeLessThan(Infinity)
})
