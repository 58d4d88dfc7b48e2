import { expect, test } from 'vitest'
import { failing, hanging, inconclusive, invalid, passing, severalScenarios, singleSide, threeSides } from '../../test/fixtures/verdict.ts'
import { verdictDocument } from '../verdict/document.ts'
import { render, reportFormats } from './render.ts'

const extensions = { terminal: 'txt', markdown: 'md', json: 'json' }

test.each(reportFormats)('the same verdict as %s', async (format) => {
  await expect(render(format, passing, { colour: false })).toMatchFileSnapshot(`../../test/golden/verdict.${extensions[format]}`)
})

test.each(Object.entries({ singleSide, failing, inconclusive, invalid, hanging, threeSides, severalScenarios }))('%s in a terminal', async (name, document) => {
  await expect(render('terminal', document, { colour: false })).toMatchFileSnapshot(`../../test/golden/${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}.txt`)
})

test('the fixtures are documents of the published schema', () => {
  for (const document of [passing, singleSide, failing, inconclusive, invalid, hanging, threeSides, severalScenarios]) expect(verdictDocument.safeParse(document).success).toBe(true)
})
