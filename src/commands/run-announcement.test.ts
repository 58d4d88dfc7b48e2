import { expect, test } from 'vitest'
import { concurrent } from '../../test/fixtures/run.ts'
import { announceRun } from './run-announcement.ts'
import { runRequest } from './run-request.ts'

/** What is announced for so many scenarios. */
async function announced(scenarios: number): Promise<string> {
  let said = ''
  const request = await runRequest({ target: 'openai=http://127.0.0.1:8080/v1', mock: 'http://127.0.0.1:9100', load: 'full', quick: true, yes: true }, {})
  const context = { argv: [], environment: {}, out: () => {}, err: (text: string) => { said += text }, colour: false, width: undefined }
  await announceRun(Array.from({ length: scenarios }, () => concurrent), request, new Map([['target', 'mock']]), new Map(), context)
  return said
}

test('the time that is announced has the control stack in it, which is measured before each scenario', async () => {
  const seconds = Number(/, (\d+) s,/.exec(await announced(1))?.[1])
  expect(seconds).toBeGreaterThan(45 + 20)
  expect(await announced(4)).toContain(`, ${Math.round((4 * seconds) / 60)} min,`)
})
