import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { parseRun, type Run } from '../../src/sample/run-file.ts'
import { verdictDocument } from '../../src/verdict/document.ts'
import { isLeftOut } from './capabilities.ts'
import { firstToken, type Judged, verdictsOf } from './first-token.ts'

// What the page of the real Open WebUI gets over its socket, and from which worker.

/** A run on a real side, judged, with its run file. */
async function measured(scenario: string, profile: string, ...flags: readonly string[]): Promise<Judged & { readonly run: Run }> {
  const out = mkdtempSync(path.join(tmpdir(), 'first-token-socket-'))
  onTestFinished(() => { rmSync(out, { recursive: true, force: true }) })
  const { code, stdout, stderr } = await firstToken('run', scenario, '--quick', '--stack', 'open-webui', '--profiles', profile, ...flags, '--json', '--out', out)
  const parsed = verdictDocument.safeParse(stdout === '' ? undefined : JSON.parse(stdout))
  if (!parsed.success) throw new Error(`${scenario} ended with ${code}: ${stderr}`)
  const [folder = ''] = readdirSync(out)
  return { code, stderr, document: parsed.data, run: parseRun(readFileSync(path.join(out, folder, scenario, 'run.ndjson'), 'utf8')) }
}

describe.skipIf(isLeftOut('python') || isLeftOut('redis'))('the page’s socket', () => {
  test('four workers without Redis: many chats get no words though they are finished', async () => {
    const judged = await measured('multi-worker', 'after', '--set', 'pageBytes=50000')
    expect(verdictsOf(judged, 'multi-worker', 'the words come to the page')).toEqual({ after: 'fail' })
    expect(verdictsOf(judged, 'multi-worker', 'no word is lost')).toEqual({ after: 'fail' })
    const chats = judged.run.messages.filter(({ label }) => label === 'chat')
    const lost = chats.filter(({ outcome }) => outcome.kind === 'failed' && outcome.code === 'not-delivered')
    // Three in four where connections are dealt to the workers by chance; fewer where the one that is at leisure takes them all.
    expect(lost.length / chats.length).toBeGreaterThan(0.1)
    for (const { upstream } of lost) expect(upstream?.tokensWritten).toBe(10)
  })

  test('with Redis all get theirs; Stop, Stop in another tab, a lost connection; titles, tags and follow-ups are told apart at the mock', async () => {
    const judged = await measured('page', 'recommended')
    const page = judged.document.runs[0]?.claims ?? []
    expect(page).toHaveLength(5)
    for (const { claim, verdict, reason } of page) expect({ claim, verdict, reason }).toMatchObject({ verdict: 'pass' })
    const asked = judged.run.messages.filter(({ label }) => label === 'chat')
    expect(asked.length).toBeGreaterThan(0)
    const kinds = asked.map(({ upstream }) => upstream?.others.map(({ kind }) => kind) ?? [])
    expect([...new Set(kinds.flat())].sort()).toEqual(['follow_ups', 'tags', 'title'])
    expect(kinds.filter((each) => each.includes('title')).length).toBe(asked.length)
  })
})
