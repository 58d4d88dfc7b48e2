import { expect, test } from 'vitest'
import { type BundledScenario, languageFile, loadScenario } from '../engine/bundle.ts'
import { describeScenario, listScenarios } from './run-description.ts'
import { runRequest, type RunFlags } from './run-request.ts'
import { scenarioFiles, scenarioNames } from './scenario-files.ts'

async function told(say: (context: Parameters<typeof listScenarios>[0]) => unknown): Promise<string> {
  let text = ''
  await say({ argv: [], environment: {}, out: (more) => { text += more }, err: () => {}, width: 80, colour: false })
  return text
}

async function dryRun(name: string, flags: RunFlags = {}, environment: Readonly<Record<string, string>> = {}): Promise<string> {
  const request = await runRequest(flags, environment)
  const [file = ''] = scenarioFiles([name])
  const scenario: BundledScenario = await loadScenario(file, languageFile(), { control: request.targets.length === 0, quick: request.size === 'quick', set: {} })
  return told((context) => describeScenario([scenario], request, context))
}

test('every scenario is described without a word that belongs to another kind of it', async () => {
  // The control stack has no page.
  for (const name of scenarioNames().filter((each) => each !== 'offline')) {
    const text = await dryRun(name)
    expect(text).toMatch(/^Plan: \d+ rounds, each on 2 sides/m)
    expect(text.includes('stands for a window')).toBe(['simple-chat', 'web-search', 'concurrent', 'multi-worker', 'second-message', 'thread-pool', 'db-pressure'].includes(name))
    expect(text).not.toMatch(/\b1 rounds|undefined|NaN|Infinity/)
  }
})

test('a claim says at least where it means it', async () => {
  expect(await dryRun('capacity')).toMatch(/four people are answered at once:\n +answers told at one instant, most: at least 4\n/)
  expect(await dryRun('crowd')).toMatch(/share of answers that came whole: at least 100 %/)
  expect(await dryRun('simple-chat')).toMatch(/at least 3\n/)
  expect(await dryRun('disconnect')).toMatch(/slowest: at most 4 s, fails above 7 s/)
})

test('the sides of a stack that is started are named', async () => {
  expect(await dryRun('concurrent', { stack: 'open-webui' })).toMatch(/^Plan: 6 rounds, each on 3 sides \(before, after, recommended\) in an order drawn/m)
  expect(await dryRun('concurrent', { stack: 'ollama', profiles: 'after' })).toMatch(/^Plan: 6 rounds, each on the target \(after\):/m)
})

test('one round is a round', async () => {
  expect(await dryRun('crowd', { quick: true })).toMatch(/^Plan: 1 round, on 2 sides/m)
})

test('what goes wrong on purpose is told', async () => {
  expect(await dryRun('disconnect')).toMatch(/silentMidAnswer +"Tell me a story" \(the model: silence after 10 words\), 8 at once/)
})

const target = { target: 'open-webui=http://127.0.0.1:1' }

test('a target gets the gentle plan, with the cost in the words of the announcement', async () => {
  const text = await dryRun('concurrent', { ...target, model: 'llama3' })
  expect(text).toMatch(/^Plan: gently, 12 rounds, at most 1 message a second:$/m)
  expect(text).toContain('about 31 messages, ≤ 5,500 answer tokens, 3 min, ≤ 2 at once against 127.0.0.1:1, model llama3\n')
  expect(text).not.toContain('window')
  expect(await dryRun('concurrent', { ...target, load: 'full' })).toMatch(/about \d+ messages, answers as long as the model likes, .* against 127\.0\.0\.1:1/)
})

/** It is only looked whether it is a program. */
const chromium = { FIRST_TOKEN_CHROMIUM: process.execPath }

test('in a browser there are two pages at a time, and two stand for eight', async () => {
  const page = { target: 'browser=http://127.0.0.1:1', mock: 'http://127.0.0.1:2', load: 'full', model: 'mock' }
  const text = await dryRun('disconnect', page, chromium)
  expect(text).toMatch(/^Plan: in pages of a browser, 3 rounds, at most 2 at once:$/m)
  expect(text).toMatch(/silentMidAnswer +6 messages/)
  expect(await dryRun('disconnect', { ...page, quick: true }, chromium)).toMatch(/^Plan: in pages of a browser, 1 round,/m)
  expect(await dryRun('concurrent', page, chromium)).toMatch(/^Plan: in pages of a browser, 12 rounds, at most 2 at once:$/m)
})

test('a network that goes takes a browser', async () => {
  expect(await dryRun('offline')).toMatch(/It is left out: it takes a page off the network, and only a browser has one/)
  const text = await dryRun('offline', { target: 'browser=http://127.0.0.1:1', load: 'full', model: 'llama3' }, chromium)
  expect(text).toMatch(/^Plan: in pages of a browser, 3 rounds.*[^]*midAnswer +6 messages/m)
  expect(text).not.toContain('the control stack is measured')
})

test('without a Chromium it says what is missing', async () => {
  expect(await dryRun('simple-chat', { target: 'browser=http://127.0.0.1:1', model: 'llama3' })).toMatch(/It is left out: there is no Chromium on this machine/)
})

test('what would be left out says why, and claims nothing', async () => {
  for (const [name, why] of [['capacity', /left out: phase "atOnce" says up to 16 at once: add --load full\.$/m], ['disconnect', /left out: the model has to fail.*--mock\.$/m]] as const) {
    const text = await dryRun(name, target)
    expect(text).toMatch(why)
    expect(text).not.toContain('Claims')
  }
})

test('the list says what all is', async () => {
  const text = await told(listScenarios)
  expect(text.split('\n').filter((line) => line.endsWith('(not in all)')).map((line) => line.split(' ')[0])).toEqual(['db-pressure', 'idle-then-send', 'offline', 'overhead', 'page', 'second-message', 'thread-pool'])
  expect(text).toMatch(/^all +7 of them/m)
})
