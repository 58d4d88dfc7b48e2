import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { browserTarget } from '../../src/target/browser/browser-target.ts'
import { input, places, search } from '../../src/target/browser/open-webui-page.ts'
import { inspectPage } from '../../src/target/browser/page-inspection.ts'
import { failed } from '../../src/target/failure.ts'
import type { Answer, Exchange, Target, Utterance } from '../../src/target/target.ts'
import { type ChatPageOptions, serveChatPage, type ServedChatPage } from '../fixtures/chat-page.ts'
import { isLeftOut } from './capabilities.ts'
import { command, firstToken, run, verdictsOf } from './first-token.ts'

// The real Chromium: in front of a small page whose defects are known, and of the real Open WebUI.

const scratch = mkdtempSync(path.join(tmpdir(), 'first-token-browser-test-'))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))
const open: { close(): Promise<void> }[] = []

afterEach(async () => {
  for (const one of open.splice(0)) await one.close()
})

const clock = { now: () => performance.now(), stampError: () => 1 }

async function pageOf(options: ChatPageOptions): Promise<{ readonly page: ServedChatPage; readonly target: Target }> {
  const page = await serveChatPage(options)
  const target = browserTarget({ kind: 'browser', url: page.url, model: 'mock', headers: {}, clock, pictures: { folder: scratch, name: 'page' } })
  open.push({ close: async () => target.close?.() }, page)
  return { page, target }
}

/** Says it; `until` decides when it is given up. */
async function said(target: Target, utterance: Partial<Utterance> = {}, until?: (exchange: Exchange) => void): Promise<Answer> {
  const session = target.open()
  const whole: Utterance = { id: 'a', text: 'Hello', mock: undefined, ...utterance }
  await session.prepare?.(whole)
  const exchange = session.say(whole)
  until?.(exchange)
  const answer = await exchange.done
  await session.close()
  return answer
}

const afterSilence = (milliseconds: number) => (exchange: Exchange): void => { setTimeout(() => exchange.abort(failed('hung', 'nothing came', 0)), milliseconds) }

describe.skipIf(isLeftOut('chromium'))('a page in Chromium', { timeout: 120_000 }, () => {
  test('the first word is seen after it was written, and before much longer; one that is faded in when it is half there', async () => {
    const plain = await pageOf({})
    const answer = await said(plain.target)
    const delay = (answer.firstVisibleAt ?? 0) - (plain.page.firstWordsAt[0] ?? Infinity)
    expect(answer).toMatchObject({ outcome: { kind: 'answered' }, text: 'word0 word1 word2 word3 word4', screenshot: 'screenshots/page-a.png' })
    expect(delay).toBeGreaterThan(0)
    expect(delay).toBeLessThan(300)
    expect(existsSync(path.join(scratch, answer.screenshot ?? ''))).toBe(true)

    const faded = await pageOf({ fades: 1_600, words: 1 })
    const late = await said(faded.target)
    expect((late.firstVisibleAt ?? 0) - (faded.page.firstWordsAt[0] ?? Infinity)).toBeGreaterThan(750)
  })

  test('Stop is pressed, and the server sees that its client is gone', async () => {
    const { page, target } = await pageOf({ words: 1_000 })
    const answer = await said(target, {}, (exchange) => void exchange.afterTokens(5).then(() => exchange.abort(failed('cancelled', 'left after 5 tokens', 0))))
    expect(answer.outcome).toMatchObject({ code: 'cancelled' })
    await expect.poll(() => page.goneAt.length).toBe(1)
    const toldAfter = (page.goneAt[0] ?? Infinity) - answer.endedAt
    expect(toldAfter).toBeGreaterThan(-answer.endStampError)
    expect(toldAfter).toBeLessThan(500)
  })

  test('a page that tells that its network is gone, and one that waits for ever; the next message finds the network back', async () => {
    const telling = await pageOf({ words: 100 })
    for (const offline of [{ before: 'send' }, { afterTokens: 5 }] as const) {
      const answer = await said(telling.target, { offline })
      expect(answer.outcome).toMatchObject({ code: 'error-event', detail: expect.stringMatching(/fetch|network/) })
      expect(answer.endedAt - (answer.offlineAt ?? 0)).toBeLessThan(2_000)
    }
    const silent = await pageOf({ words: 20, tellsErrors: false })
    for (const offline of [{ before: 'send' }, { afterTokens: 5 }] as const) {
      const answer = await said(silent.target, { offline }, afterSilence(4_000))
      expect(answer).toMatchObject({ outcome: { code: 'hung' }, offlineAt: expect.any(Number) })
    }
    expect((await said(silent.target)).outcome).toEqual({ kind: 'answered' })
  })

  test('the scenario tells such pages apart, with a picture of each', { timeout: 300_000 }, async () => {
    for (const [options, midAnswer, beforeSend] of [[{}, 'pass', 'pass'], [{ tellsErrors: false }, 'fail', 'fail']] as const) {
      const page = await serveChatPage({ ...options, words: 200 })
      open.push(page)
      const judged = await run('offline', '--target', `browser=${page.url}`, '--load', 'full', '--quick', '--yes', '--set', 'errorWithin=3s')
      expect(verdictsOf(judged, 'offline', 'an error is seen when the network goes in the middle of an answer')).toEqual({ target: midAnswer })
      expect(verdictsOf(judged, 'offline', 'an error is seen when the network goes before a message is sent')).toEqual({ target: beforeSend })
      expect(judged.document.runs[0]?.screenshots?.map(({ label }) => label)).toContain('offlineMidAnswer')
    }
  })

  const inspected = async (options: ChatPageOptions, wantsSearch = false) => {
    const page = await serveChatPage(options)
    open.push(page)
    return inspectPage({ kind: 'browser', url: page.url, model: 'mock', headers: {}, clock }, wantsSearch)
  }

  test('a page is seen to be one of ours, also where its answer goes on and where it is short', async () => {
    for (const options of [{}, { words: 1_000 }, { words: 1, gap: 1 }]) expect(await inspected(options, true)).toEqual({ missing: [], wasAnswered: true, noSearch: undefined })
  })

  test('a page that lacks a place is told which', async () => {
    const selectors = async (lacks: NonNullable<ChatPageOptions['lacks']>): Promise<string[]> => (await inspected({ lacks })).missing.map(({ selector }) => selector)
    expect(await selectors('words')).toEqual([places.words])
    expect(await selectors('stop')).toEqual([places.stop])
    expect(await selectors('answer')).toEqual([places.answer, places.words])
    expect(await Promise.all([selectors('input'), selectors('send')])).toEqual([[input], [places.send]])
  })

  test('a page without a search is one of ours', async () => {
    expect(await inspected({ lacks: 'menu' }, true)).toEqual({ missing: [], wasAnswered: true, noSearch: { name: 'menu for it', selector: search.menu } })
    expect(await inspected({ lacks: 'menu' })).toMatchObject({ wasAnswered: true, noSearch: undefined })
    const { target } = await pageOf({ lacks: 'menu' })
    expect((await said(target, { search: true })).outcome).toMatchObject({ code: 'cancelled', detail: expect.stringContaining(search.menu) })
  })

  test('a server that answers nothing leaves nothing to be missing, even in a page that has no place for it', async () => {
    const fails = ['says nothing', 'says no word', 'says an error', 'loads nothing'] as const
    const seen = await Promise.all(fails.map((each) => inspected({ fails: each, lacks: 'words' })))
    expect(seen).toEqual(fails.map(() => ({ missing: [], wasAnswered: false, noSearch: undefined })))
  })

  test('a page of another release is no broken system: exit 2 before anything is measured; a scenario whose search it does not have is left out', async () => {
    const other = await serveChatPage({ lacks: 'words' })
    const searchless = await serveChatPage({ lacks: 'menu' })
    open.push(other, searchless)
    const ended = await firstToken('run', 'simple-chat', '--target', `browser=${other.url}`, '--yes', '--out', path.join(scratch, 'other'))
    expect(ended).toMatchObject({ code: 2, stderr: expect.stringContaining(`the words of the answer (${places.words})`) })
    expect(ended.stderr).toContain('open-webui-socket=URL')
    expect(await firstToken('run', 'web-search', '--target', `browser=${searchless.url}`, '--yes', '--out', path.join(scratch, 'searchless'))).toMatchObject({ code: 2, stderr: expect.stringMatching(/web-search cannot be run here: .*#integration-menu-button/) })
  })

  test.each([['SIGINT', 130], ['SIGKILL', null]] as const)('%s leaves no browser and no folder behind', async (signal, code) => {
    const page = await serveChatPage({ words: 200 })
    open.push(page)
    const running = command('run', 'offline', '--target', `browser=${page.url}`, '--load', 'full', '--quick', '--yes', '--out', path.join(scratch, signal))
    await expect.poll(() => page.firstWordsAt.length, { timeout: 60_000 }).toBeGreaterThan(1)
    const [folder = ''] = foldersOf(running.child.pid ?? 0)
    expect(folder).toMatch(/first-token-browser-/)
    running.child.kill(signal)
    expect((await running.ended).code).toBe(code)
    await expect.poll(() => [existsSync(folder), ...argumentsOf().filter((words) => words.includes(folder))], { timeout: 15_000 }).toEqual([false])
  })

  test('without a Chromium it says so before anything is started', async () => {
    const own = process.env['FIRST_TOKEN_CHROMIUM']
    process.env['FIRST_TOKEN_CHROMIUM'] = '/nowhere/chromium'
    try {
      expect(await firstToken('run', 'simple-chat', '--stack', 'open-webui', '--via', 'browser')).toMatchObject({ code: 2, stderr: expect.stringContaining('FIRST_TOKEN_CHROMIUM is /nowhere/chromium, which is no program') })
    } finally {
      if (own === undefined) delete process.env['FIRST_TOKEN_CHROMIUM']
      else process.env['FIRST_TOKEN_CHROMIUM'] = own
    }
  })
})

/** What all processes were started with, one a line. */
const argumentsOf = (): string[] => spawnSync('ps', ['-A', '-o', 'args='], { encoding: 'utf8' }).stdout.split('\n')

/** Folders of browsers that this process started. */
function foldersOf(pid: number): string[] {
  const lines = spawnSync('ps', ['-A', '-o', 'ppid=', '-o', 'args='], { encoding: 'utf8' }).stdout.split('\n')
  return lines.filter((line) => line.trim().startsWith(`${pid} `)).flatMap((line) => /--user-data-dir=(\S+)\/playwright/.exec(line)?.[1] ?? [])
}

describe.skipIf(isLeftOut('chromium') || isLeftOut('python'))('the real page of Open WebUI', { timeout: 600_000 }, () => {
  test('the first word is painted, and a lost network is told', async () => {
    const judged = await run('simple-chat', 'offline', '--via', 'browser', '--stack', 'open-webui', '--profiles', 'before', '--quick')
    expect(verdictsOf(judged, 'simple-chat', 'the first word comes within a second')).toEqual({ before: 'pass' })
    expect(verdictsOf(judged, 'simple-chat', 'no word is lost')).toEqual({ before: 'pass' })
    expect(verdictsOf(judged, 'offline', 'an error is seen when the network goes before a message is sent')).toEqual({ before: 'pass' })
    expect(verdictsOf(judged, 'offline', 'an error is seen when the network goes in the middle of an answer')).toEqual({ before: 'pass' })
  })
})
