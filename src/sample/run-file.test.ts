import fc from 'fast-check'
import { expect, test } from 'vitest'
import { blocker, message, probes, run as runOf } from '../../test/fixtures/run.ts'
import { failureCodes, type MessageRecord } from './message.ts'
import { assembleRun, formatRecord, parseRun, type Run, RunFileError, type RunFileRecord } from './run-file.ts'

const sample = runOf({ messages: [...probes({ perKind: 1, phase: 'behindStory' }), blocker(), message({ ttft: null })], header: { reproduce: 'npm run scenario concurrent # größer als 5 Tokens …' } })

/** The records of a run in the order in which an engine writes them, with one of each type. */
function recordsOf(run: Run): RunFileRecord[] {
  const counts = { p50: 1, p99: 2 }
  return [
    run.header,
    { type: 'calibration', answers: 300, violations: 0, oneClock: true, error: { ...counts, max: 3 }, errorBound: { ...counts, max: 3 }, wayIn: counts, mockLateness: counts },
    {
      type: 'plan', side: 'after', aloneTime: 3, togetherTime: 9, together: 32, serviceTime: 0.2, rate: 80, probesPerKind: 24, windowTime: 600, blockers: { story: 1_200 }, rounds: 6,
      warmUp: { requests: 20, time: 3_000, settled: true },
    },
    ...run.messages,
    ...run.phases,
    { type: 'block', at: 12.5, lasted: 24 },
    ...run.rounds,
    { type: 'known-answers', attempts: 1, right: true, wrong: [], falseAlarm: false, runFile: 'control/run.ndjson' },
    { type: 'histogram', side: 'after', phase: 'quiet', label: 'hello', data: 'AAAA' },
    { type: 'end', at: 9_000, interrupted: null, offered: 4, delivered: 4 },
  ]
}

const records = recordsOf(sample)
const text = records.map(formatRecord).join('')

/** What is wrong with a text, or undefined where it is a run. Any other exception is a defect, and comes through. */
function refusal(given: string): RunFileError | undefined {
  try {
    parseRun(given)
    return undefined
  } catch (error) {
    if (error instanceof RunFileError) return error
    throw error
  }
}

test('what is written is read back, each record in its list', () => {
  const read = parseRun(text)
  expect(read).toEqual(assembleRun(records))
  expect(read.header).toEqual(sample.header)
  expect(read.messages).toEqual(sample.messages)
  expect([read.plans, read.calibrations, read.blocks, read.histograms].map((list) => list.length)).toEqual([1, 1, 1, 1])
  expect(read.knownAnswers?.right).toBe(true)
  expect(read.end?.delivered).toBe(4)
})

test('every message survives the file to the last digit', () => {
  const time = fc.double({ min: -1e6, max: 1e9, noNaN: true }).map((value) => (Object.is(value, -0) ? 0 : value))
  const outcome = fc.oneof(
    fc.constant({ kind: 'answered' as const }),
    fc.record({ kind: fc.constant('failed' as const), code: fc.constantFrom(...failureCodes), detail: fc.string({ unit: 'binary' }), afterTokens: fc.nat() }),
  )
  const messages: fc.Arbitrary<MessageRecord> = fc.record({ dueAt: time, endedAt: time, firstTokenAt: fc.option(time), errorBound: time, label: fc.string(), outcome }).map((parts) => message(parts))
  fc.assert(fc.property(fc.array(messages, { maxLength: 5 }), (list) => {
    expect(parseRun([sample.header, ...list].map(formatRecord).join('')).messages).toEqual(list)
  }))
})

const bytes = Buffer.from(text)
const headerLength = Buffer.from(formatRecord(sample.header)).length
const cutAt = (length: number): string => bytes.subarray(0, length).toString()

test('a file cut at any byte behind its header is read as far as it is whole, and says that it was interrupted', () => {
  for (let length = headerLength; length < bytes.length; length += 1) {
    const cut = cutAt(length)
    const read = parseRun(cut)
    expect(read.end, `cut at ${length}`).toBeNull()
    expect(read.messages.length, `cut at ${length}`).toBe(cut.split('\n').slice(0, -1).filter((line) => line.startsWith('{"type":"message"')).length)
  }
})

test('a file cut within its header is refused', () => {
  for (let length = 0; length < headerLength; length += 1) expect(refusal(cutAt(length)), `cut at ${length}`).toBeInstanceOf(RunFileError)
})

test('a record of a type that a newer writer may know is skipped wherever it stands', () => {
  const lines = text.trimEnd().split('\n')
  for (let at = 1; at <= lines.length; at += 1) {
    const newer = [...lines.slice(0, at), '{"type":"weather","of":"health"}', ...lines.slice(at)]
    expect(parseRun(`${newer.join('\n')}\n`)).toEqual(parseRun(text))
  }
})

test('a further member of a known record is no error', () => {
  const line = JSON.stringify({ ...message(), colour: 'blue' })
  expect(parseRun(`${formatRecord(sample.header)}${line}\n`).messages).toHaveLength(1)
})

test('a number that JSON cannot hold is refused when it is written: null in its place would make the file unreadable', () => {
  for (const value of [Number.NaN, Infinity, -Infinity]) {
    expect(() => formatRecord(message({ dueAt: value, ttft: null })), String(value)).toThrow(/^message record: dueAt is not a finite number$/)
    expect(() => formatRecord(message({ gaps: { count: 0, max: value, pauses: 0 } }))).toThrow(/gaps\.max/)
  }
})

test('empty lines are nothing', () => {
  expect(parseRun(text.replaceAll('\n', '\n\n'))).toEqual(parseRun(text))
})

test.each<[string, string, number]>([
  ['nothing', '', 1],
  ['a text', 'hello\n', 1],
  ['HTML', '<!doctype html>\n<title>404</title>\n', 1],
  ['foreign JSON', '{"metrics":{"http_req_duration":1}}\n', 1],
  ['foreign NDJSON with types', '{"type":"Point","metric":"http_reqs"}\n{"type":"Metric"}\n', 1],
  ['a verdict document', '{"schema":1,"verdict":"pass","exitCode":0,"runs":[],"statements":[]}\n', 1],
  ['a list', '[1,2]\n', 1],
  ['null', 'null\n', 1],
  ['a number', '5\n', 1],
  ['a file without its header', formatRecord(message()), 1],
  ['a message that is none', `${formatRecord(sample.header)}{"type":"message","id":5}\n`, 2],
  ['a damaged line in the middle', `${formatRecord(sample.header)}{"type":"mess\n${formatRecord(message())}`, 2],
  ['two runs in one file', text + text, records.length + 1],
])('%s is refused, with its line', (_, given, line) => {
  expect(refusal(given)?.line).toBe(line)
})

test('a file from which whole messages were taken out is refused: they may be those that waited', () => {
  const lines = text.trimEnd().split('\n')
  const without = lines.filter((_, index) => index !== lines.findIndex((one) => one.includes('"part":"probe"')))
  expect(without).toHaveLength(lines.length - 1)
  expect(refusal(`${without.join('\n')}\n`)?.message).toMatch(/^it has \d+ of the \d+ messages that were said to after in round 1, phase \w+$/)
})

test('the refusal names the record and the member that is wrong', () => {
  expect(refusal(`${formatRecord(sample.header)}${JSON.stringify({ ...message(), dueAt: 'soon' })}\n`)?.message).toMatch(/^line 2: the message record has a wrong dueAt: /)
})

test('a file of a later schema is refused with both schemas, not with a list of its members', () => {
  expect(refusal(`${JSON.stringify({ ...sample.header, schema: 2, rules: 'new' })}\n`)?.message).toMatch(/schema 2.*reads schema 1/)
})

test('no text whatever makes the reader fail in another way', () => {
  const line = fc.oneof(fc.string(), fc.json(), fc.constantFrom(...text.split('\n')), fc.constantFrom('{"type":"end"}', '{"type":"__proto__"}', '{"type":["run"]}', '\u0000', '{"__proto__":{"type":"run"}}'))
  fc.assert(fc.property(fc.array(line), (lines) => {
    expect(() => refusal(lines.join('\n'))).not.toThrow()
  }), { numRuns: 300 })
})

test('one damaged byte makes a file that is read or refused, never an exception of another kind', () => {
  fc.assert(fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 0, max: 255 }), (at, byte) => {
    const damaged = Buffer.from(bytes)
    damaged[at] = byte
    expect(() => refusal(damaged.toString())).not.toThrow()
  }), { numRuns: 500 })
})
