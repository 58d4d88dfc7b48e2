import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { parseRun, type Run } from '../../src/sample/run-file.ts'
import { verdictDocument } from '../../src/verdict/document.ts'
import { isLeftOut } from './capabilities.ts'
import { firstToken, type Judged, verdictsOf } from './first-token.ts'

// What the page of the real Open WebUI gets over its socket, and from which worker.

/** A run on real sides, judged, with the run file of its scenario. */
async function measured(scenario: string, profiles: string): Promise<Judged & { readonly run: Run }> {
  const out = mkdtempSync(path.join(tmpdir(), 'first-token-socket-'))
  onTestFinished(() => { rmSync(out, { recursive: true, force: true }) })
  const { code, stdout, stderr } = await firstToken('run', scenario, '--quick', '--stack', 'open-webui', '--profiles', profiles, '--json', '--out', out)
  const parsed = verdictDocument.safeParse(stdout === '' ? undefined : JSON.parse(stdout))
  if (!parsed.success) throw new Error(`${scenario} ended with ${code}: ${stderr}`)
  const [folder = ''] = readdirSync(out)
  return { code, stderr, document: parsed.data, run: parseRun(readFileSync(path.join(out, folder, scenario, 'run.ndjson'), 'utf8')) }
}

describe.skipIf(isLeftOut('python') || isLeftOut('redis'))('the page’s socket', () => {
  test('four workers without Redis: many chats get no words though they are finished; with Redis all get theirs', async () => {
    const judged = await measured('multi-worker', 'after,recommended')
    expect(verdictsOf(judged, 'multi-worker', 'the words come to the page')).toEqual({ after: 'fail', recommended: 'pass' })
    expect(verdictsOf(judged, 'multi-worker', 'no word is lost')).toEqual({ after: 'fail', recommended: 'pass' })
    const chats = judged.run.messages.filter(({ side, label }) => side === 'after' && label === 'chat')
    const lost = chats.filter(({ outcome }) => outcome.kind === 'failed' && outcome.code === 'not-delivered')
    // Three in four where connections are dealt to the workers by chance; fewer where the one that is at leisure takes them all.
    expect(lost.length / chats.length).toBeGreaterThan(0.1)
    for (const { upstream } of lost) expect(upstream?.tokensWritten).toBe(10)
  })

  test('Stop, Stop in another tab, a lost connection; titles, tags and follow-ups are told apart at the mock', async () => {
    const judged = await measured('page', 'before,recommended')
    for (const { claim, side, verdict, reason } of judged.document.runs[0]?.claims ?? []) expect({ claim, side, verdict, reason }).toMatchObject({ verdict: 'pass' })
    const chats = judged.run.messages.filter(({ label }) => label === 'chat')
    expect(chats.length).toBeGreaterThan(0)
    const kinds = chats.map(({ upstream }) => upstream?.others.map(({ kind }) => kind) ?? [])
    expect([...new Set(kinds.flat())].sort()).toEqual(['follow_ups', 'tags', 'title'])
    expect(kinds.filter((asked) => asked.includes('title')).length).toBe(chats.length)
  })
})
