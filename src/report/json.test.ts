import { expect, test } from 'vitest'
import { hanging, hostile, hostileTexts, passing } from '../../test/fixtures/verdict.ts'
import { renderJson } from './json.ts'

test('what is printed is the document', () => {
  for (const document of [passing, hanging]) expect(JSON.parse(renderJson(document))).toEqual(document)
})

test('keys come in the order of the schema, whoever built the document', () => {
  const { schema, verdict, exitCode, runs, leftOut, statements } = passing
  const turned = runs.map(({ reproduce, claims, ...run }) => ({ reproduce, claims: claims.map(({ formula, bounds: { pass, fail }, ...claim }) => ({ formula, bounds: { fail, pass }, ...claim })), ...run }))
  expect(renderJson({ statements, leftOut, runs: turned, exitCode, verdict, schema })).toBe(renderJson(passing))
  expect(renderJson(passing).startsWith('{\n  "schema": 1,\n  "verdict": "pass",\n  "exitCode": 0,\n  "runs": [\n    {\n      "runId":')).toBe(true)
})

test('two spaces of indent and one line end at the end', () => {
  expect(renderJson(passing)).toMatch(/^\{\n {2}"schema": 1,\n[^]*\n\}\n$/)
})

test('+∞ is null', () => {
  const [run] = hanging.runs
  const infinite = { ...hanging, runs: run === undefined ? [] : [{ ...run, claims: run.claims.map((claim) => ({ ...claim, value: claim.value ?? Infinity, high: claim.high ?? Infinity })) }] }
  expect(renderJson(infinite)).toBe(renderJson(hanging))
  expect(renderJson(hanging)).not.toContain('Infinity')
})

test('a document that is not of its own schema is not written', () => {
  expect(() => renderJson({ ...passing, exitCode: NaN })).toThrow(/exitCode/)
})

test('a terminal that shows it obeys nothing in it, and a parser reads what was there', () => {
  for (const text of hostileTexts) {
    const document = hostile(text, undefined)
    // oxlint-disable-next-line no-control-regex
    expect(renderJson(document).replaceAll('\n', '')).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u200b\u202a-\u202e\u2066-\u2069]/)
    expect(JSON.parse(renderJson(document))).toEqual(document)
  }
})
