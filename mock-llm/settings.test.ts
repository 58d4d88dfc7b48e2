import { expect, test } from 'vitest'
import { constant } from './delay.ts'
import { behaviour, changed, defaultSettings } from './settings.ts'

test('a change is applied, a number of ms is a constant delay, null lifts a limit', () => {
  const outcome = changed({ ...defaultSettings, slots: 4 }, { slots: null, queue: 0, gap: 5, first: { kind: 'normal', mean: 3, sd: 1 }, firstTokenDelay: 50, tools: true })
  expect(outcome).toEqual({ kind: 'changed', settings: { ...defaultSettings, slots: null, queue: 0, gap: constant(5), first: { kind: 'normal', mean: 3, sd: 1 }, firstTokenDelay: 50, tools: true } })
})

test('every unknown key and wrong value is named, and nothing of the change is applied', () => {
  const outcome = changed(defaultSettings, { slots: 0, queue: -1, gap: 'fast', tokens: 1.5, tools: 'yes', speed: 3, sloths: 1, firstTokenDelay: Infinity, seed: 2, __proto__x: 1 })
  if (outcome.kind !== 'refused') throw new Error('was not refused')
  expect(outcome.problems.map((problem) => problem.split(':')[0])).toEqual(['slots', 'queue', 'gap', 'tokens', 'tools', 'speed', 'sloths', 'firstTokenDelay', '__proto__x'])
})

test.each([
  [{ fault: 'rst@3', shape: 'packed:2,crlf', slowdown: 0.25, searchTakes: 10_000, searchStatus: 503, pages: 0, pageBytes: 3_000_000, pageTakes: 1.5 }],
  [{ fault: null, shape: null, searchStatus: 200 }],
])('%j is a change', (patch) => {
  expect(changed(defaultSettings, patch)).toEqual({ kind: 'changed', settings: { ...defaultSettings, ...patch } })
})

test.each([
  [{ fault: 'rst' }, /^fault: "rst" is not null or a text like silence@first: it needs a place/],
  [{ fault: 5 }, /^fault: 5 is not null or a text/],
  [{ shape: 'round' }, /^shape: "round" is not null or a text like packed:3: it is none of/],
  [{ slowdown: -1 }, /^slowdown: -1 is not a number of at least 0/],
  [{ searchStatus: 302 }, /^searchStatus: 302 is not 200, or a status/],
  [{ pages: 101 }, /^pages: 101 is not a whole number of at least 0 and at most 100/],
  [{ pageBytes: -1 }, /^pageBytes: -1/],
])('%j is refused', (patch, problem) => {
  expect(changed(defaultSettings, patch)).toEqual({ kind: 'refused', problems: [expect.stringMatching(problem)] })
})

test.each([null, [], 'x', 3, undefined])('%j is no change', (patch) => {
  expect(changed(defaultSettings, patch).kind).toBe('refused')
})

test('a marker goes before the model name, the model name before the settings', () => {
  const settings = { ...defaultSettings, first: constant(7), gap: constant(8), tokens: 9, firstTokenDelay: 50 }
  expect(behaviour(settings, 'mock', null)).toMatchObject({ first: constant(7), gap: constant(8), tokens: 9, firstTokenDelay: 50 })
  expect(behaviour(settings, 'llama-slow', null)).toMatchObject({ first: constant(3_000), gap: constant(100), tokens: 9 })
  expect(behaviour(settings, 'mock-slow', { id: 'a', first: 1, tokens: 2 })).toMatchObject({ first: constant(1), gap: constant(100), tokens: 2, firstTokenDelay: 50 })
  expect(behaviour(settings, 'mock-reasoning', null).reasoning).toBe(10)
  expect(behaviour(settings, 'mock-reasoning', { id: 'a', reasoning: 0 }).reasoning).toBe(0)
  expect(behaviour(settings, 'mock-tools', null).tools).toBe(true)
  expect(behaviour(settings, 'mock-tools:latest', null).tools).toBe(true)
  expect(behaviour({ ...settings, fault: 'hang', shape: 'crlf' }, 'mock', null)).toMatchObject({ fault: { kind: 'hang', text: 'hang' }, shape: { crlf: true } })
  expect(behaviour({ ...settings, fault: 'hang' }, 'mock', { id: 'a', fault: { text: 'rst@1', kind: 'rst', place: 1 } })).toMatchObject({ fault: { kind: 'rst' } })
})
