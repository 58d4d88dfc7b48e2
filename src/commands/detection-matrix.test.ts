import { expect, test } from 'vitest'
import { languageFile, loadScenario } from '../engine/bundle.ts'
import { parseDefects } from '../stack/control/settings.ts'
import { furtherScenarios, matrixCases, matrixScenarios } from './detection-matrix.ts'
import { scenarioFiles } from './scenario-files.ts'

for (const name of [...matrixScenarios, ...furtherScenarios]) {
  test(`${name}: every claim has a defect that must fail it, every sentence of the matrix is a claim, every defect a setting`, async () => {
    const [file = ''] = scenarioFiles([name])
    const { spec } = await loadScenario(file, languageFile(), { control: true, quick: true, set: {} })
    const cases = matrixCases(spec)
    const claims = Object.keys(spec.claims)
    const proved = new Set(cases.flatMap(({ mustFail }) => mustFail))
    expect(claims.filter((claim) => !proved.has(claim) && claim !== 'hello starts immediately')).toEqual([])
    expect(cases.flatMap(({ mustFail, mayFail }) => [...mustFail, ...mayFail]).filter((claim) => !claims.includes(claim))).toEqual([])
    expect(cases.filter(({ mustFail }) => mustFail.length === 0).map((one) => one.name)).toContain('none')
    const texts = cases.flatMap(({ defect }) => Object.entries(defect).map(([setting, value]) => `${setting}=${String(value)}`))
    expect(() => parseDefects(texts, ['after'])).not.toThrow()
  })
}
