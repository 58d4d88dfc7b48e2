import { existsSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { cacheFolder } from '../../src/stack/cache-folder.ts'
import { processesIn } from '../../src/stack/process-identity.ts'
import { isLeftOut } from './capabilities.ts'
import { blamedOf, type Command, command, firstToken, type Judged, run, verdictsOf } from './first-token.ts'

// A real Ollama, built from its Go module, with a model of random weights: nothing here works against our own mock alone.

const cache = cacheFolder(process.env)
const state = path.join(cache, 'state')
const stacks = (): string[] => (existsSync(state) ? readdirSync(state).filter((name) => /^(?:ollama|open-webui)-/.test(name)) : [])
const leftBehind = (): unknown[] => [...stacks(), ...processesIn(state)]
afterEach(() => { expect(leftBehind()).toEqual([]) })

const answer = z.object({ done_reason: z.string(), total_duration: z.number(), load_duration: z.number(), prompt_eval_duration: z.number(), eval_count: z.number(), eval_duration: z.number() })
type Told = z.infer<typeof answer> & { readonly words: number; readonly time: number }

/** Asks it for so many tokens; `time` is what whoever asked has waited, ms. */
async function ask(url: string, tokens: number, more: object = {}): Promise<Told> {
  const startedAt = performance.now()
  const body = JSON.stringify({ model: 'random-words', stream: false, prompt: `${Math.random()} Hello`, options: { num_predict: tokens }, ...more })
  const json: unknown = await (await fetch(`${url}/api/generate`, { method: 'POST', body })).json()
  const { response } = z.object({ response: z.string() }).parse(json)
  return { ...answer.parse(json), words: response.trim().split(/\s+/).length, time: performance.now() - startedAt }
}

/** A story that is being told: its first words have come. */
async function story(url: string): Promise<{ leave(): void; readonly over: Promise<unknown> }> {
  const leaving = new AbortController()
  const body = JSON.stringify({ model: 'random-words', stream: true, prompt: 'A long story', options: { num_predict: 4_000 } })
  const response = await fetch(`${url}/api/generate`, { method: 'POST', body, signal: leaving.signal })
  const reader = response.body?.getReader()
  await reader?.read()
  const over = (async () => { while ((await reader?.read())?.done === false); })().catch(() => {})
  return { leave: () => leaving.abort(), over }
}

describe.skipIf(isLeftOut('go'))('the model server itself', () => {
  test('answers are exactly as long as asked, queue where there is one slot, end when whoever asked leaves, and wait for a model that was unloaded', async () => {
    const { stack, urls: [before = '', after = ''] } = await up()
    for (const tokens of [1, 7, 120]) expect(await ask(before, tokens)).toMatchObject({ eval_count: tokens, words: tokens, done_reason: 'length' })
    const alone = Math.max((await ask(before, 1)).time, (await ask(before, 1)).time)

    const told = await story(before)
    const waiting = ask(before, 1)
    const isStillWaiting = await Promise.race([waiting.then(() => false), new Promise((resolve) => { setTimeout(() => resolve(true), 10 * alone + 1_000) })])
    expect(isStillWaiting).toBe(true)
    const leftAt = performance.now()
    told.leave()
    await waiting
    // A story of 4,000 tokens would have taken a quarter of a minute.
    expect(performance.now() - leftAt).toBeLessThan(10 * alone + 2_000)
    const { total_duration, load_duration, prompt_eval_duration, eval_duration } = await waiting
    expect((total_duration - load_duration - prompt_eval_duration - eval_duration) / 1e6).toBeGreaterThan(1_000)

    const other = await story(after)
    expect((await ask(after, 1)).time).toBeLessThan(10 * alone + 2_000)
    other.leave()
    await Promise.all([told.over, other.over])

    const warm = (await ask(before, 1)).load_duration
    await ask(before, 1, { keep_alive: 0 })
    await expect.poll(async () => (await (await fetch(`${before}/api/ps`)).json() as { models: unknown[] }).models.length, { timeout: 10_000 }).toBe(0)
    expect((await ask(before, 1)).load_duration - warm).toBeGreaterThan(50e6)
    await interrupt(stack)
  })

  test('kill -9 of whoever started it leaves nothing, and stack down stops one that runs', async () => {
    const { stack: killed } = await up()
    killed.child.kill('SIGKILL')
    await killed.ended
    await expect.poll(leftBehind, { timeout: 15_000 }).toEqual([])
    const { stack: running } = await up()
    expect(await firstToken('stack', 'status', 'ollama')).toMatchObject({ code: 0, stdout: expect.stringMatching(/^ollama: up, by process \d+/) })
    expect(await firstToken('stack', 'down', 'ollama')).toMatchObject({ code: 0, stdout: expect.stringContaining('stopped') })
    expect((await running.ended).code).toBe(0)
  })

  test('hello waits for the story where there is one slot, and the model is named; with four it does not, and what that costs is told', async () => {
    const judged = await run('concurrent', '--quick', '--stack', 'ollama')
    const growth = growthOf(judged)
    expect(growth['before']).toBeGreaterThan(0.8)
    expect(growth['after']).toBeLessThan(0.1)
    expect(verdictsOf(judged, 'concurrent', 'a longer story delays hello no more')).toEqual({ before: 'fail', after: 'pass' })
    const blamed = blamedOf(judged, 'before')
    expect(blamed.model).toBeGreaterThan(0)
    expect(blamed.others).toBe(0)
    expect(blamed.queued).toBeGreaterThan(blamed.model * 0.9)
    expect(judged.document.runs[0]?.comparisons.filter(({ metric }) => metric.startsWith('blocker')).map(({ metric, before, after }) => [metric, before !== null && after !== null])).toEqual([['blockerTpot', true], ['blockerGap', true]])
  })

  test('one slot tells one answer at a time, four tell four', async () => {
    const judged = await run('capacity', '--quick', '--stack', 'ollama')
    expect(judged.document.runs[0]?.claims.filter(({ metric }) => metric === 'effectiveConcurrency').map(({ side, value }) => [side, value])).toEqual([['before', 1], ['after', 4]])
    expect(judged.code).toBe(0)
  })
})

describe.skipIf(isLeftOut('go') || isLeftOut('python'))('behind Open WebUI', () => {
  test('with one slot hello waits behind one worker as well, and it is in the model that it waits', async () => {
    const judged = await run('concurrent', '--quick', '--stack', 'open-webui', '--model-server', 'ollama', '--profiles', 'before')
    expect(verdictsOf(judged, 'concurrent', 'a longer story delays hello no more')).toEqual({ before: 'fail' })
    expect(growthOf(judged)['before']).toBeGreaterThan(0.8)
    expect(judged.code).toBe(1)
    const blamed = blamedOf(judged, 'before')
    expect(blamed.model).toBeGreaterThan(0)
    expect(blamed.others).toBe(0)
    expect(blamed.queued).toBeGreaterThan(blamed.model * 0.9)
    const [quiet] = judged.document.runs[0]?.attribution ?? []
    expect(quiet).toMatchObject({ phase: 'quiet', skipped: null })
  })
})

/** `stack up ollama` that is up, with the addresses of before and after. */
async function up(): Promise<{ readonly stack: Command; readonly urls: readonly string[] }> {
  const stack = command('stack', 'up', 'ollama')
  let stdout = ''
  stack.child.stdout?.on('data', (text: string) => { stdout += text })
  // The first time it is built.
  await expect.poll(() => stack.child.exitCode ?? stack.said(), { timeout: 590_000, interval: 100 }).toMatch(/runs until Ctrl-C/)
  return { stack, urls: [...stdout.matchAll(/^(?:before|after) (http:\S+)$/gm)].map((match) => match[1] ?? '') }
}

async function interrupt({ child, ended }: Command): Promise<void> {
  child.kill('SIGINT')
  expect((await ended).code).toBe(0)
  expect(leftBehind()).toEqual([])
}

const growthOf = ({ document }: Judged): Record<string, number | null> =>
  Object.fromEntries((document.runs[0]?.claims ?? []).filter(({ metric }) => metric === 'delayGrowth').map(({ side, value }) => [side, value]))
