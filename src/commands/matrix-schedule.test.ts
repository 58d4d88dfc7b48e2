import { expect, test } from 'vitest'
import { languageFile, loadScenario } from '../engine/bundle.ts'
import { furtherScenarios, matrixCases, matrixScenarios } from './detection-matrix.ts'
import { dealt, lanesOf, longRows, patientScenarios, slowestRows } from './matrix-schedule.ts'
import { scenarioFiles } from './scenario-files.ts'

test('what is said of a row or a scenario is said of one that there is', async () => {
  const known: readonly string[] = [...matrixScenarios, ...furtherScenarios]
  expect([...Object.keys(lanesOf), ...patientScenarios].filter((name) => !known.includes(name))).toEqual([])
  for (const name of new Set([...Object.keys(slowestRows), ...Object.keys(longRows)])) {
    const [file = ''] = scenarioFiles([name])
    const { spec } = await loadScenario(file, languageFile(), { control: true, quick: true, set: {} })
    const rows = matrixCases(spec).map((one) => one.name)
    expect([...(slowestRows[name] ?? []), ...Object.keys(longRows[name] ?? {})].filter((row) => !rows.includes(row))).toEqual([])
  }
})

test('the longest row is dealt first, and each to the hand that has least to do', () => {
  expect(dealt('disconnect', ['none', 'keepsUpstream=true', 'drops=tokens', 'delaysErrors=8000', 'mixes=tokens'], 2)).toEqual([['delaysErrors=8000', 'mixes=tokens'], ['keepsUpstream=true', 'none', 'drops=tokens']])
  expect(dealt('long-story', ['one', 'two', 'three', 'four', 'five'], 2)).toEqual([['one', 'three', 'five'], ['two', 'four']])
})

test('every row is dealt once, and no hand is empty', () => {
  expect(dealt('capacity', ['none'], 4)).toEqual([['none']])
  expect(dealt('capacity', ['none', 'slots=1', 'slots=3'], 4).flat().toSorted()).toEqual(['none', 'slots=1', 'slots=3'])
  expect(dealt('capacity', [], 4)).toEqual([])
})
