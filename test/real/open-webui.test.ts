import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import path from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { cacheFolder } from '../../src/stack/cache-folder.ts'
import { startLog } from '../../src/stack/open-webui/worker-log.ts'
import { processesIn } from '../../src/stack/process-identity.ts'
import { knownStacks, type StackState } from '../../src/stack/stack-folder.ts'
import { isLeftOut } from './capabilities.ts'
import { blamedOf, type Command, command, firstToken, invalidities, run, verdictsOf } from './first-token.ts'

// The real Open WebUI 0.12.4, its real Redis, and our mock behind it.

const cache = cacheFolder(process.env)
const state = path.join(cache, 'state')
const leftBehind = (): unknown[] => [...(existsSync(state) ? readdirSync(state) : []), ...processesIn(cache)]

afterEach(() => { expect(leftBehind()).toEqual([]) })

describe.skipIf(isLeftOut('python') || isLeftOut('redis'))('with one worker and with four', () => {
  test('all workers are up in time at the second start, and nothing is left of it by Ctrl-C', async () => {
    const first = await up('--profiles', 'before')
    await interrupt(first)
    for (const [profile, within, workers] of [['before', 30_000, 1], ['recommended', 90_000, 4]] as const) {
      const startedAt = performance.now()
      const stack = await up('--profiles', profile)
      expect(performance.now() - startedAt).toBeLessThan(within)
      expect(stack.stdout).toMatch(new RegExp(`workersStarted=${workers}\\n[^]*workersRunning=${workers}\\n`))
      expect(await firstToken('stack', 'status')).toMatchObject({ code: 0, stdout: expect.stringMatching(/^open-webui: up, by process \d+/) })
      expect((await firstToken('stack', 'logs', 'open-webui', profile)).stdout.match(/Started server process/g)).toHaveLength(workers)
      await interrupt(stack)
    }
  })

  test('kill -9 of whoever started it leaves nothing, and stack down stops one that runs', async () => {
    const killed = await up('--profiles', 'recommended')
    killed.child.kill('SIGKILL')
    await killed.ended
    await expect.poll(leftBehind, { timeout: 15_000 }).toEqual([])
    const running = await up('--profiles', 'before')
    expect(await firstToken('stack', 'down', 'open-webui')).toMatchObject({ code: 0, stdout: expect.stringContaining('stopped') })
    expect((await running.ended).code).toBe(0)
    expect(await firstToken('stack', 'status')).toMatchObject({ code: 0, stdout: 'Nothing is up.\n' })
  })

  test('a port that is taken is told at once', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    expect(await firstToken('stack', 'up', 'open-webui', '--profiles', 'before', '--port', String(port))).toMatchObject({ code: 2, stderr: expect.stringContaining(`Port ${port} is taken.`) })
    server.close()
  })

  test('hello does not wait for a story on one worker; where the model has one slot it does, and the model is named', async () => {
    const sound = await run('concurrent', '--quick', '--stack', 'open-webui', '--profiles', 'before')
    expect(invalidities(sound)).toEqual([])
    expect(verdictsOf(sound, 'concurrent', 'a longer story delays hello no more')).toEqual({ before: 'pass' })
    const queued = await run('concurrent', '--quick', '--stack', 'open-webui', '--profiles', 'before', '--defect', 'mock:slots=1')
    expect(queued.code).toBe(1)
    expect(verdictsOf(queued, 'concurrent', 'hello does not wait for the story')).toEqual({ before: 'fail' })
    const blamed = blamedOf(queued, 'before')
    expect(blamed.model).toBeGreaterThan(0)
    expect(blamed.others).toBeLessThan(blamed.model / 10)
    expect(blamed.queued).toBeGreaterThan(blamed.model * 0.9)
  })

  test('a worker that dies during a run makes it invalid', async () => {
    const running = command('run', 'concurrent', '--quick', '--stack', 'open-webui', '--profiles', 'after', '--json', '--yes')
    await expect.poll(() => known()?.sides.length, { timeout: 180_000 }).toBe(1)
    await expect.poll(running.said, { timeout: 120_000, interval: 500 }).toMatch(/warming up after/)
    const [, worker = 0] = startLog(readFileSync(known()?.sides[0]?.log ?? '', 'utf8')).workers
    process.kill(worker, 'SIGKILL')
    expect(await running.ended).toMatchObject({ code: 4, stdout: expect.stringContaining(`its worker ${worker} is gone`) })
  })
})

const known = (): StackState | undefined => knownStacks(cache, 'open-webui')[0]?.state

/** `stack up open-webui` that is up; with what it printed. */
async function up(...flags: readonly string[]): Promise<Command & { readonly stdout: string }> {
  const started = command('stack', 'up', 'open-webui', ...flags)
  let stdout = ''
  started.child.stdout?.on('data', (text: string) => { stdout += text })
  await expect.poll(() => started.child.exitCode ?? started.said(), { timeout: 300_000, interval: 100 }).toMatch(/runs until Ctrl-C/)
  return { ...started, stdout }
}

async function interrupt({ child, ended }: Command): Promise<void> {
  child.kill('SIGINT')
  expect((await ended).code).toBe(0)
  expect(leftBehind()).toEqual([])
}
