import { expect, test } from 'vitest'
import { UsageError } from '../../errors.ts'
import { parseDefects, settingsHelp, settingsOf } from './settings.ts'

function problemsOf(act: () => unknown): string[] {
  try {
    act()
  } catch (error) {
    if (error instanceof UsageError) return error.problems.map(({ what, fix }) => `${what} ${fix}`)
    throw error
  }
  return []
}

test('a gateway that is told nothing is sound and unlimited', () => {
  expect(settingsOf(undefined, [])).toEqual({
    slots: 'none', lanes: 1, connections: 'pooled', handshakeCost: 0, upstreamTimeout: 'none', keepAlive: 75_000, drops: 'none', dropEvery: 16, repeats: 'none', repeatEvery: 16,
    buffers: false, delayBefore: 0, delayAfter: 0, swallowsErrors: false, cutsAfter: 'none', keepsUpstream: false, search: 'async', fakesSources: false,
    healthBlocks: false, healthDelay: 0, databasePool: 'none', poolLimit: 'none', reusesDead: false, reorders: 'none', reorderEvery: 16, mixes: 'none', mixEvery: 16,
    tailEvery: 'none', tailDelay: 3_000, tailWhen: 'always', coalesces: 'none', delaysErrors: 0, apologises: false, wrongStatus: false, cutsEvery: 1, cancelsLate: 0,
    stallsEvery: 'none', stallFor: 3_000, socketsInMemory: false, forgetsMissed: false, oneAtATime: 'none', forgetsIdle: 'none', searchThreads: 'none', auth: 'none',
  })
})

test('before has one slot, no time-out and fresh connections of 300 ms; after has four slots, an idle time-out and a pool', () => {
  expect(settingsOf('before', [])).toMatchObject({ slots: 1, upstreamTimeout: 'none', connections: 'fresh', handshakeCost: 300 })
  expect(settingsOf('after', [])).toMatchObject({ slots: 4, upstreamTimeout: 'idle:2000', connections: 'pooled', handshakeCost: 0 })
})

test('what is set goes over the profile, and the later over the earlier', () => {
  expect(settingsOf('after', ['slots=2', 'slots=3', 'buffers=true'])).toMatchObject({ slots: 3, buffers: true, connections: 'pooled' })
})

test.each([
  ['slots=none', 'slots', 'none'], ['lanes=4', 'lanes', 4], ['connections=fresh', 'connections', 'fresh'], ['handshakeCost=300', 'handshakeCost', 300], ['handshakeCost=0.3s', 'handshakeCost', 300],
  ['upstreamTimeout=total:3000', 'upstreamTimeout', 'total:3000'], ['upstreamTimeout=idle:45s', 'upstreamTimeout', 'idle:45000'], ['upstreamTimeout=none', 'upstreamTimeout', 'none'],
  ['drops=tokens', 'drops', 'tokens'], ['cutsAfter=250', 'cutsAfter', 250], ['keepsUpstream=true', 'keepsUpstream', true], ['buffers=false', 'buffers', false], ['delayAfter=1.5', 'delayAfter', 1.5],
  ['search=blocking', 'search', 'blocking'], ['tailEvery=5', 'tailEvery', 5], ['tailWhen=busy', 'tailWhen', 'busy'], ['mixes=tokens', 'mixes', 'tokens'], ['poolLimit=none', 'poolLimit', 'none'],
  ['auth=required', 'auth', 'required'],
] as const)('%s is read', (text, name, value) => {
  expect(settingsOf(undefined, [text])[name]).toBe(value)
})

test.each([
  'slots=0', 'slots=1.5', 'slots=-1', 'slots=', 'slots=01', 'lanes=none', 'connections=Fresh', 'handshakeCost=-3', 'handshakeCost=1e3', 'handshakeCost=soon', 'handshakeCost=9999999999', 'upstreamTimeout=45',
  'upstreamTimeout=total', 'upstreamTimeout=total:', 'upstreamTimeout=idle:0', 'upstreamTimeout=idle:1:2', 'drops=words', 'buffers=yes', 'cutsAfter=never', 'toString=1', 'search=sync',
  'tailEvery=0', 'tailWhen=idle', 'cutsEvery=none', 'auth=yes', 'coalesces=0',
])('%s is refused', (text) => {
  expect(problemsOf(() => settingsOf(undefined, [text]))).toHaveLength(1)
})

test('every problem is told at once, with the nearest name and what a setting takes', () => {
  expect(problemsOf(() => settingsOf('befor', ['slot=1', 'slots=many', 'buffers', 'colour=red', 'lanes=2']))).toEqual([
    'There is no profile "befor". Did you mean before?',
    'The control gateway has no setting "slot". Did you mean slots?',
    'slots cannot be "many". It takes a whole number of at least 1, or none.',
    'buffers has no value. Write buffers=VALUE; it takes true or false.',
    expect.stringMatching(/^The control gateway has no setting "colour"\. There are: slots, lanes, .*auth\.$/) as string,
  ])
})

test('a defect without a side is every side\'s, with one it is that side\'s alone', () => {
  expect(parseDefects(['slots=2', 'after:upstreamTimeout=total:3000', 'after:buffers=true'], ['before', 'after'])).toEqual({
    before: { slots: 2 },
    after: { slots: 2, upstreamTimeout: 'total:3000', buffers: true },
  })
  expect(parseDefects([], ['before', 'after'])).toEqual({ before: {}, after: {} })
  expect(parseDefects(['after:slots=2', 'slots=3'], ['after'])).toEqual({ after: { slots: 3 } })
})

test('every problem of every defect is told at once', () => {
  expect(problemsOf(() => parseDefects(['aftre:slots=2', 'after:slot=2', 'aftr:delayAfer=x', 'after:slots=all', 'drops=tokens'], ['before', 'after']))).toEqual([
    '--defect aftre:slots=2: there is no side "aftre". Did you mean after?',
    '--defect after:slot=2: The control gateway has no setting "slot". Did you mean slots?',
    '--defect aftr:delayAfer=x: there is no side "aftr". Did you mean after?',
    '--defect aftr:delayAfer=x: The control gateway has no setting "delayAfer". Did you mean delayAfter?',
    '--defect after:slots=all: slots cannot be "all". It takes a whole number of at least 1, or none.',
  ])
})

test('the help has a line for each setting', () => {
  expect(settingsHelp().split('\n')).toHaveLength(Object.keys(settingsOf(undefined, [])).length)
  expect(settingsHelp()).toMatch(/^ {2}slots=none +answers told at a time in each lane/m)
})
