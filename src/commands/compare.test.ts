import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeEach, expect, test } from 'vitest'
import { writeRun } from '../../test/fixtures/run-folders.ts'
import { type Visits, visitsRun } from '../../test/fixtures/visits.ts'
import { UsageError } from '../errors.ts'
import type { Run } from '../sample/run-file.ts'
import { verdictDocument } from '../verdict/document.ts'
import { againstProblems, earlierRuns } from './against.ts'
import { compare, type CompareFlags } from './compare.ts'

const scratch = mkdtempSync(path.join(tmpdir(), 'first-token-compare-'))
let out = ''
let count = 0
beforeEach(() => {
  count += 1
  out = path.join(scratch, `reports-${count}`)
})
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

const labelled = (name: string, parts: Partial<Visits> = {}): Run => visitsRun({ seed: name.length, sides: [name], ...parts, header: { runId: `run-${name}`, ...parts.header } })

function compared(before: string, after: string, flags: CompareFlags = {}): { code: number; text: string } {
  let text = ''
  const code = compare(before, after, { out, ...flags }, { argv: [], environment: {}, out: (part) => { text += part }, err: () => {}, colour: false, width: undefined })
  return { code, text }
}

function problems(work: () => unknown): readonly { what: string; fix: string }[] {
  try {
    work()
  } catch (error) {
    if (error instanceof UsageError) return error.problems
    throw error
  }
  return expect.fail('it was not refused')
}

const before = (): string => writeRun(out, '2026-01-01T00-00-00Z', labelled('before', { serial: ['before'] }))
const after = (parts: Partial<Visits> = {}): string => writeRun(out, '2026-01-02T00-00-00Z', labelled('after', parts))

test('two runs: the table, what is confounded, the next command; the exit code is the later one’s own', () => {
  const [one, other] = [before(), after()]
  const { code, text } = compared(one, other)
  expect(code).toBe(0)
  expect(text).toMatch(/^PASS {2}concurrent: after: /)
  expect(text).toMatch(/Compared with the run "before" of 2026-01-01 00:00 UTC \(run-before\)/)
  expect(text).toMatch(/stalled messages +100 % +0 % +−100 points/)
  expect(text).toMatch(/time and change are confounded/)
  expect(text).toContain("--switch './switch.sh {side}'")
  expect(compared(other, one).code).toBe(1)
  expect(Math.max(...text.split('\n').map(({ length }) => length))).toBeLessThanOrEqual(80)
})

test('latest, a run file and every format', () => {
  const one = before()
  after()
  const file = path.join(one, 'concurrent', 'run.ndjson')
  const json = compared(file, 'latest', { format: 'json' })
  const { runs } = verdictDocument.parse(JSON.parse(json.text))
  expect([runs[0]?.comparedWith?.label, runs[0]?.comparisons[0]?.verdict, json.code]).toEqual(['before', 'improved', 0])
  const { text } = compared(file, 'latest', { format: 'markdown' })
  expect(text).toMatch(/^# concurrent: before, then after\n/)
  expect(text).toContain('| Compared | before | after | Change (interval) | Verdict | Why |')
  expect(problems(() => compared(file, 'latest', { format: 'pdf' }))[0]?.what).toMatch(/no report format "pdf"/)
})

test('what differs is refused, by name and for every scenario, with exit 2', () => {
  const [one, other] = [before(), after({ rules: { size: 'quick' } })]
  const quick = labelled('after', { header: { scenario: { ...labelled('after').header.scenario, name: 'mine' } }, rules: { load: 'gentle' } })
  writeRun(out, '2026-01-02T00-00-00Z', quick)
  writeRun(out, '2026-01-01T00-00-00Z', labelled('before', { header: { scenario: quick.header.scenario } }))
  expect(problems(() => compared(one, other)).map(({ what }) => what).sort()).toEqual([
    'concurrent: the two runs cannot be compared: size: standard, then quick.',
    'mine: the two runs cannot be compared: load: full, then gentle.',
  ])
})

test('of two scenarios one can be compared: the other stands there with what differs', () => {
  const [one, other] = [before(), after()]
  const mine = (size: 'quick' | 'standard'): Run => labelled('mine', { header: { scenario: { ...labelled('after').header.scenario, name: 'mine' } }, rules: { size } })
  writeRun(out, '2026-01-01T00-00-00Z', mine('standard'))
  writeRun(out, '2026-01-02T00-00-00Z', mine('quick'))
  const { text } = compared(one, other)
  expect(text).toMatch(/NOT COMPARED with the run "mine"/)
  expect(text).toMatch(/differs: size: standard, then quick/)
  expect(text).toMatch(/stalled messages +100 %/)
})

test('no scenario in common is exit 2', () => {
  const mine = labelled('after', { header: { scenario: { ...labelled('after').header.scenario, name: 'mine' } } })
  const [one, other] = [before(), writeRun(out, '2026-01-02T00-00-00Z', mine)]
  expect(problems(() => compared(one, other))[0]?.what).toMatch(/no scenario in common: concurrent, then mine/)
})

test('--against: the latest run of that scenario and label, with a whole round', () => {
  before()
  writeRun(out, '2026-01-03T00-00-00Z', labelled('before', { header: { runId: 'newer' } }))
  const cut = labelled('before', { header: { runId: 'cut' } })
  writeRun(out, '2026-01-04T00-00-00Z', { ...cut, messages: [], phases: [], rounds: [], end: null })
  after()
  const damaged = path.join(out, '2026-01-05T00-00-00Z', 'concurrent')
  mkdirSync(damaged, { recursive: true })
  writeFileSync(path.join(damaged, 'run.ndjson'), readFileSync(path.join(out, '2026-01-03T00-00-00Z', 'concurrent', 'run.ndjson'), 'utf8').replace('"type":"message"', '"type":"mess'))
  expect(earlierRuns(out, 'before', ['concurrent']).get('concurrent')?.header.runId).toBe('newer')
})

test('--against a label that is not there: refused for every scenario, with the labels that there are', () => {
  before()
  after()
  expect(problems(() => earlierRuns(out, 'befor', ['concurrent', 'disconnect']))).toEqual([
    { what: expect.stringMatching(/^--against befor: there is no run of concurrent under /), fix: 'There are: before, after.' },
    { what: expect.stringMatching(/^--against befor: there is no run of disconnect /), fix: expect.stringMatching(/add --label befor/) },
  ])
})

test('the shipped stack has a side called before, and is nobody’s label', () => {
  const control = visitsRun({ seed: 1 })
  writeRun(out, '2026-01-01T00-00-00Z', { ...control, header: { ...control.header, sides: control.header.sides.map((side) => ({ ...side, kind: 'control' as const })) } })
  expect(problems(() => earlierRuns(out, 'before', ['concurrent']))[0]?.fix).toMatch(/^Measure the system first/)
})

test.each([
  [{}, []],
  [{ against: 'before', target: 'openai=http://a', label: 'after' }, []],
  [{ against: 'before', label: 'before' }, [/none was named/, /are both before/]],
  [{ against: 'before', target: 'openai=http://a' }, [/without --label/]],
  [{ against: 'before', target: 'openai=http://a', switch: './s {side}' }, [/--switch are both given/]],
])('flags beside --against: %j', (flags, says) => {
  expect(againstProblems(flags).map(({ what }) => what)).toEqual(says.map((text) => expect.stringMatching(text)))
})
