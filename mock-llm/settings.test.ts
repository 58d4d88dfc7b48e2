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
})
