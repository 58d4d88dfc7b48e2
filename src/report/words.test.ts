import { expect, test } from 'vitest'
import { passing } from '../../test/fixtures/verdict.ts'
import type { Attribution, ClaimResult, RunResult } from '../verdict/document.ts'
import { blameInWords, evidenceInShort, measureInWords } from './words.ts'

test.each([
  ['addedToFirstToken', 'p95', 'added to the first token, p95'],
  ['e2e', 'p95', 'time to the whole answer, p95'],
  ['connectionCost', 'p95', 'cost of new connections to the model, p95'],
  ['coalescedShare', 'p95', 'share of an answer in bursts, p95'],
  ['healthTime', 'max', 'time of /health, max'],
  ['requestsPerSocket', 'mean', 'requests per new connection to the model'],
  ['requestsPerSocket', 'at least', 'requests per new connection to the model, at least'],
  ['overhead', 'first token p95', "added to the model's own first token, p95"],
  ['overhead', 'gap p50', "added to the model's own gap, p50"],
])('%s, %s: %s', (metric, statistic, words) => {
  expect(measureInWords(metric, statistic)).toBe(words)
})

const claim = (parts: Partial<ClaimResult>): ClaimResult => ({
  id: 'after/x', claim: 'x', side: 'after', role: 'judged', metric: 'e2e', statistic: 'p95', value: 12, low: 10, high: 15, measurementError: 0, unit: 'ms', bounds: { pass: 50, fail: 50 }, n: 96,
  censored: 0, verdict: 'pass', reason: '', formula: '', ...parts,
})

test.each([
  [claim({}), 'p95 12 ms (10…15 ms) in 96 messages'],
  [claim({ metric: 'healthTime' }), 'p95 12 ms (10…15 ms) in 96 looks'],
  [claim({ metric: 'overhead', statistic: 'first token p50', n: 6 }), 'first token p50 12 ms (10…15 ms) in 6 rounds'],
  [claim({ metric: 'requestsPerSocket', unit: 'ratio', value: 4, low: 4, high: 4 }), '4.00 in 96 requests'],
])('evidence counts what it is about: %o', (one, words) => {
  expect(evidenceInShort(one)).toBe(words)
})

type Side = RunResult['sides'][number]

/** 100 stalled messages of one side, and of how many of them /health and the database were seen held up as well. */
function blamed(settings: Side['settings'], { health, database, layer = 'beforeModel', kind = 'open-webui', queued }: { health?: number; database?: number; layer?: keyof Attribution['stalledBy']; kind?: string; queued?: Attribution['modelQueue'] }): string {
  const [side] = passing.runs[0]?.sides ?? []
  const [row] = passing.runs[0]?.attribution ?? []
  if (side === undefined || row === undefined) throw new Error('the fixture is empty')
  const looks = (what: 'health' | 'database', slow: number | undefined) => (slow === undefined ? [] : [{ what, slow, seen: 100 }])
  const attribution = [{ ...row, stalledBy: { ...row.stalledBy, [layer]: 100 }, slowLooks: [...looks('health', health), ...looks('database', database)], ...(queued === undefined ? {} : { modelQueue: queued }) }]
  const [words = ''] = blameInWords({ attribution, claims: [], sides: [{ ...side, kind, settings }] })
  return words.replace(/^before: 100 stalled, all in [a-z ]+?(?:\. ?|$)/, '')
}

const stood = 'Meanwhile /health was held up as well: the event loop stood still.'
const turned = 'Meanwhile /health answered: it is not the event loop.'
const another = 'Meanwhile /health answered at one of 4 workers, which does not tell of the one that held them up.'
const unknown = 'Meanwhile /health answered, perhaps by another worker than held them up: how many there are is not known.'
const fits = (share: string, blocked = 'one of 4') => `Meanwhile /health was held up as well during ${share} of them, which fits the event loop of ${blocked} workers being blocked.`

test.each<[Side['settings'], number, string]>([
  [{ workersRunning: 1 }, 100, stood], [{ workersRunning: 1 }, 0, turned], [{ UVICORN_WORKERS: '1' }, 0, turned], [{ lanes: 1 }, 0, turned], [{ workers: 1 }, 0, turned],
  [{ workersRunning: 4 }, 100, stood], [{ workersRunning: 4 }, 0, another], [{ workersRunning: 4 }, 12, another], [{ workersRunning: 4 }, 13, fits('13 %')], [{ workersRunning: 4 }, 50, fits('50 %')],
  [{ UVICORN_WORKERS: '4' }, 0, another], [{ lanes: 4 }, 25, fits('25 %')], [{ workers: 4 }, 25, fits('25 %')], [{ workers: 8 }, 40, fits('40 %', 'some of 8')],
  // What was counted stands above what was asked for, where something was counted.
  [{ UVICORN_WORKERS: 4, workersRunning: 1 }, 0, turned], [{ UVICORN_WORKERS: 4, workersRunning: 0 }, 0, another],
  [{}, 0, unknown], [{ UVICORN_WORKERS: 'many' }, 0, unknown], [{}, 100, stood],
])('%o, /health held up during %i of 100', (settings, health, words) => {
  expect(blamed(settings, { health })).toBe(words)
})

test('the database is to blame alone only where the one worker there is answered meanwhile', () => {
  expect(blamed({ lanes: 1 }, { health: 0, database: 100 })).toBe('Meanwhile /health answered, and what needs the database was held up as well: its connections were waited for.')
  const either = 'Meanwhile what needs the database was held up as well: its connections were waited for, or the event loop stood still.'
  expect(blamed({ workers: 4 }, { health: 0, database: 100 })).toBe(`${either} And /health answered at one of 4 workers, which does not tell of the one that held them up.`)
  expect(blamed({ workers: 4 }, { health: 25, database: 100 })).toContain('during 25 % of them')
  expect(blamed({ workers: 1 }, { database: 100 })).toBe(either)
  expect(blamed({ workers: 1 }, { health: 100, database: 100 })).toBe(stood)
})

test('what waited in the model waited for no worker, and where nobody looked nothing is told', () => {
  expect(blamed({ workers: 4 }, { health: 0, layer: 'model' })).toBe('')
  expect(blamed({ workers: 4 }, { health: 0, layer: 'unknown' })).toContain('one of 4 workers')
  expect(blamed({ workers: 1 }, { health: 0, layer: 'model' })).toBe(turned)
  expect(blamed({ workers: 4 }, {})).toBe('')
  expect(blamed({}, { health: 0, layer: 'unknown', kind: 'ollama' })).toBe(turned)
})

test('the queue of the model is told where nearly all that it began stood there', () => {
  const queue = 'The model queues: it began them only when an answer that it had been asked for before had ended.'
  expect(blamed({ workers: 1 }, { health: 0, layer: 'model', queued: { queued: 100, begun: 100 } })).toBe(`${queue} ${turned}`)
  expect(blamed({ workers: 4 }, { health: 0, layer: 'model', queued: { queued: 91, begun: 100 } })).toBe(queue)
  // Those that it never began tell nothing.
  expect(blamed({ workers: 4 }, { health: 0, layer: 'model', queued: { queued: 20, begun: 20 } })).toBe(queue)
  expect(blamed({ workers: 4 }, { health: 0, layer: 'model', queued: { queued: 90, begun: 100 } })).toBe('')
  expect(blamed({ workers: 4 }, { health: 0, layer: 'model', queued: { queued: 0, begun: 0 } })).toBe('')
  expect(blamed({ workers: 1 }, { health: 100, queued: { queued: 0, begun: 0 } })).toBe(stood)
})

test('where others waited elsewhere it is told of those alone, and not at all where they are the few', () => {
  const said = (elsewhere: number): string => {
    const [run] = passing.runs
    const [row] = run?.attribution ?? []
    if (run === undefined || row === undefined) throw new Error('the fixture is empty')
    const attribution = [{ ...row, stalledBy: { ...row.stalledBy, beforeModel: elsewhere, model: 10 }, modelQueue: { queued: 10, begun: 10 } }]
    return blameInWords({ attribution, claims: [], sides: run.sides }).join(' ')
  }
  expect(said(9)).toContain('10 in the model. The model queues: it began those only')
  expect(said(10)).not.toContain('queues')
})

test('that nobody stalled is said where it was asked and could be told', () => {
  const [run] = passing.runs
  const [row] = run?.attribution ?? []
  if (run === undefined || row === undefined) throw new Error('the fixture is empty')
  const attribution = [{ ...row, side: 'after', stalledBy: { ...row.stalledBy, beforeModel: 0, model: 0, afterModel: 0, tester: 0, unknown: 0 } }]
  const said = (n: number): string[] => blameInWords({ attribution, claims: [claim({ metric: 'stalledShare', n })], sides: run.sides })
  expect([said(96), said(0)]).toEqual([['after: no message stalled.'], []])
})
