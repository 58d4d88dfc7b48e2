import type { Defect, ScenarioSpec } from '../scenario/spec.ts'

/** What the harness must and may find on one side of the control stack that is altered on purpose. */
export interface MatrixCase {
  /** `none` on the sound side; else the settings, as `--defect` takes them, or the shape of the model's stream. */
  readonly name: string
  readonly defect: Defect
  /** How the mock is to write what it writes; harmless. */
  readonly shape?: Shape
  readonly mustFail: readonly string[]
  readonly mayFail: readonly string[]
}

/** Further keys of the mock's marker. */
export type Shape = Readonly<Record<string, string | number>>

/** A defect that no claim names as its proof: a subtler one, or one that another claim must find as well. */
interface FurtherCase {
  readonly defect: Defect
  readonly mustFail: readonly string[]
  readonly mayFail?: readonly string[]
}

/** Scenarios in the order in which their matrix is run. `overhead` compares times of milliseconds with each other; it has a matrix, but no part in `doctor --self`. */
export const matrixScenarios = ['concurrent', 'simple-chat', 'web-search', 'disconnect', 'long-story', 'capacity', 'crowd', 'multi-worker'] as const

/** Those whose matrix is run where they are named. */
export const furtherScenarios = ['page', 'second-message', 'idle-then-send', 'thread-pool', 'db-pressure'] as const

const waits = 'hello does not wait for the story'
const grows = 'a longer story delays hello no more'
const starts = 'hello starts immediately'
const firstWord = 'the first word comes within a second'
const added = 'the stack adds little to the first token'
const bursts = 'words come one by one, not in bursts'
const lost = 'no word is lost'
const inTime = 'an error is seen in time'
const asError = 'an error is told as an error'
const knows = 'the model knows when a person leaves'
const afterwards = 'afterwards no word is lost'
const whole = 'everybody gets the whole answer'
const four = 'four people are answered at once'
const sources = 'its sources really came'
const searchWaits = 'hello does not wait for a search'
const delivered = 'the words come to the page'
const busyWorker = 'a busy worker holds up half of the people at most'
const [awayForAMoment, awayAtTheEnd] = ['who was away for a moment has the whole answer', 'who was away at its end has the whole answer']
const [stops, stopsElsewhere] = ['Stop reaches the model', 'Stop in another tab reaches the model']
const [sameChat, otherTab, otherUser] = ['a second message in the same chat does not wait', 'another tab does not wait', 'another person does not wait']
const inTurn = 'searches do not wait for each other'

/** Beside the defects that `provedBy` names. A second must-fail of one of those is here too. */
const further: Readonly<Record<string, readonly FurtherCase[]>> = {
  concurrent: [
    // One of four workers is blocked: three quarters of the hellos are as fast as ever.
    { defect: { lanes: 4, slots: 1 }, mustFail: [waits, grows], mayFail: [starts] },
    { defect: { slots: 'none', databasePool: 1 }, mustFail: [waits, grows], mayFail: [starts] },
    { defect: { slots: 'none', poolLimit: 1 }, mustFail: [waits, grows], mayFail: [starts] },
    // A tail that only those see who come while somebody is being answered.
    { defect: { slots: 'none', tailEvery: 10, tailDelay: 700, tailWhen: 'busy' }, mustFail: [waits], mayFail: [starts, grows] },
    { defect: { repeats: 'tokens' }, mustFail: [lost] },
    { defect: { slots: 'none', delayAfter: 150 }, mustFail: [] },
  ],
  'simple-chat': [
    // A new connection for every message fails for what it is as well as for what it costs.
    { defect: { connections: 'fresh', handshakeCost: 300 }, mustFail: ['connections to the model are used again'] },
    { defect: { coalesces: 4 }, mustFail: [bursts], mayFail: [added] },
    { defect: { tailEvery: 10, tailDelay: 3_100, tailWhen: 'always' }, mustFail: [firstWord, added] },
    { defect: { slots: 'none', delayAfter: 150 }, mustFail: [] },
  ],
  'web-search': [
    // Where nothing was searched nobody could wait for it: the claim stays open.
    { defect: { search: 'none' }, mustFail: [sources], mayFail: [searchWaits] },
    { defect: { search: 'none', fakesSources: true }, mustFail: [sources], mayFail: [searchWaits] },
    { defect: { search: 'late' }, mustFail: [sources], mayFail: [searchWaits] },
    { defect: { slots: 1, healthBlocks: true }, mustFail: [searchWaits, 'health answers while a search is on'], mayFail: ['a search is complete in time'] },
    { defect: { search: 'blocking' }, mustFail: [searchWaits, 'health answers while a search is on'], mayFail: ['a search is complete in time'] },
  ],
  disconnect: [
    { defect: { upstreamTimeout: 'idle:8000' }, mustFail: [inTime] },
    { defect: { delaysErrors: 8_000 }, mustFail: [inTime] },
    { defect: { apologises: true }, mustFail: [asError] },
    { defect: { wrongStatus: true }, mustFail: [asError] },
    { defect: { cancelsLate: 3_000 }, mustFail: [knows] },
    { defect: { reusesDead: true }, mustFail: [afterwards] },
    { defect: { upstreamTimeout: 'total:2000' }, mustFail: [] },
    { defect: { delayAfter: 150 }, mustFail: [] },
  ],
  'long-story': [
    { defect: { cutsAfter: 2_500, cutsEvery: 2 }, mustFail: ['a long answer arrives whole', lost] },
    { defect: { delayAfter: 150 }, mustFail: [] },
  ],
  capacity: [
    { defect: { slots: 3 }, mustFail: [four] },
    { defect: { slots: 'none', databasePool: 2 }, mustFail: [four] },
    { defect: { slots: 'none', poolLimit: 3 }, mustFail: [four] },
    { defect: { delayAfter: 150 }, mustFail: [] },
  ],
  'multi-worker': [
    // The worker that has the page's socket is the only one: everybody is told.
    { defect: { lanes: 1, socketsInMemory: true }, mustFail: [] },
    { defect: { lanes: 4 }, mustFail: [] },
    // One of four is busy: about a quarter wait, and that is no more than a half.
    { defect: { lanes: 4, slots: 1 }, mustFail: [], mayFail: [busyWorker] },
    // One of two: half of the words do not come.
    { defect: { lanes: 2, socketsInMemory: true }, mustFail: [delivered, lost], mayFail: [busyWorker] },
  ],
  page: [{ defect: { lanes: 4 }, mustFail: [] }, { defect: { cancelsLate: 3_000 }, mustFail: [stops, stopsElsewhere] }, { defect: { delayAfter: 150 }, mustFail: [] }],
  'second-message': [{ defect: { delayAfter: 150 }, mustFail: [] }],
  'idle-then-send': [{ defect: { delayAfter: 150 }, mustFail: [] }],
  'thread-pool': [{ defect: { searchThreads: 3 }, mustFail: [], mayFail: [inTurn] }],
  'db-pressure': [{ defect: { slots: 'none', delayAfter: 150 }, mustFail: [] }],
  crowd: [
    // One answer in many.
    { defect: { cutsAfter: 60, cutsEvery: 25 }, mustFail: [whole] },
    { defect: { drops: 'tokens' }, mustFail: [whole] },
    { defect: { slots: 1 }, mustFail: [] },
  ],
}

/** Claims that a proving defect may fail besides those that it proves, and why. */
const mayFail: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  concurrent: {
    // On a slow machine a hello that waits for a story of 1.4 s is late for an absolute bound as well.
    'slots=1': [starts],
    // An answer that lost its only token never had a first one.
    'drops=tokens': [starts, waits, grows],
  },
  'simple-chat': {
    'slots=none,delayAfter=3500': [added],
    'connections=fresh,handshakeCost=300': [],
    'buffers=true': [added],
    'drops=tokens': [firstWord, added, bursts],
  },
  'web-search': {
    'slots=1': ['a search is complete in time'],
    'drops=tokens': [searchWaits, 'a search is complete in time'],
    'slots=none,stallsEvery=1,stallFor=10500': [searchWaits],
  },
  disconnect: {
    'mixes=tokens': [afterwards],
    'upstreamTimeout=none': [],
    'drops=tokens': [],
  },
  'long-story': { 'upstreamTimeout=total:2000': [lost], 'drops=tokens': ['a long answer arrives whole'] },
  capacity: { 'drops=tokens': [] },
  'multi-worker': {
    // Of most hellos no word comes, so that nothing says how long they take; and what does not come is lost.
    'lanes=4,socketsInMemory=true': [lost, busyWorker],
    'drops=tokens': [delivered, busyWorker],
  },
  page: {
    'lanes=4,socketsInMemory=true': [stops, awayForAMoment, awayAtTheEnd],
    'slots=none,keepsUpstream=true': [stopsElsewhere],
  },
  'second-message': {
    'oneAtATime=person': [sameChat],
    'slots=1': [sameChat, otherTab],
    'drops=tokens': [sameChat, otherTab, otherUser],
  },
  'idle-then-send': { 'forgetsIdle=1500': ['its first word comes within a second'] },
  'thread-pool': {
    'slots=1': [inTurn, 'their sources really came'],
    'search=none': ['hello does not wait for them'],
    'search=blocking': [inTurn, 'hello does not wait for them'],
  },
  'db-pressure': { 'drops=tokens': ['hello does not wait for the database'] },
  crowd: {
    'mixes=tokens': [whole],
    'reorders=tokens': [whole],
    'repeats=tokens': [whole],
  },
}

/** Shapes of a stream that are no defects: whoever speaks so is sound. */
const shapes: readonly Shape[] = [
  { shape: 'crlf' }, { shape: 'comments' }, { shape: 'packed:4' }, { shape: 'several:2' }, { shape: 'usage-last' }, { shape: 'no-done' }, { reasoning: 3 }, { fault: 'split@1' },
]
/** The scenario whose messages are told in each of them. */
const shapedScenario = 'simple-chat'

const caseName = (settings: Defect | Shape): string => Object.entries(settings).map(([key, value]) => `${key}=${String(value)}`).join(',')

/** The rows of one scenario: the sound side, the defects that prove its claims, the further ones, the harmless shapes. */
export function matrixCases(scenario: ScenarioSpec): MatrixCase[] {
  const cases = new Map<string, MatrixCase>([['none', { name: 'none', defect: {}, mustFail: [], mayFail: [] }]])
  for (const [claim, defect] of Object.entries(scenario.provedBy)) add(cases, defect, [claim], mayFail[scenario.name]?.[caseName(defect)] ?? [])
  for (const { defect, mustFail, mayFail: may = [] } of further[scenario.name] ?? []) add(cases, defect, mustFail, may)
  if (scenario.name === shapedScenario) for (const shape of shapes) cases.set(caseName(shape), { name: caseName(shape), defect: {}, shape, mustFail: [], mayFail: [] })
  return [...cases.values()]
}

function add(cases: Map<string, MatrixCase>, defect: Defect, mustFail: readonly string[], may: readonly string[]): void {
  const name = caseName(defect)
  const known = cases.get(name)
  const must = [...new Set([...(known?.mustFail ?? []), ...mustFail])]
  cases.set(name, { name, defect, mustFail: must, mayFail: [...new Set([...(known?.mayFail ?? []), ...may])].filter((claim) => !must.includes(claim)) })
}
