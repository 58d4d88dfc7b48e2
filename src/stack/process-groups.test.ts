import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runningProcesses } from './control/test/running-processes.ts'
import { until } from './control/test/scripted-model.ts'
import { ProcessGroups } from './process-groups.ts'

const scratch = mkdtempSync(path.join(tmpdir(), 'first-token-groups-'))
const bundle = path.join(scratch, 'process-groups.mjs')
beforeAll(() => {
  const root = path.join(import.meta.dirname, '../..')
  execFileSync(path.join(root, 'node_modules/.bin/esbuild'), ['src/stack/process-groups.ts', '--bundle', '--platform=node', '--format=esm', '--log-level=warning', `--outfile=${bundle}`], { cwd: root })
})
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

/** A program with a process of its own below it, both deaf to SIGTERM; each has the mark on its command line. */
const stubborn = (mark: string): [string, ...string[]] => ['/bin/sh', '-c', `trap '' TERM; sh -c 'trap "" TERM; while :; do sleep 0.05; done' ${mark} & echo up; while :; do sleep 0.05; done`, mark]
const obedient = (mark: string): [string, ...string[]] => ['tail', '-f', '/dev/null', mark]

function newFolder(name: string): string {
  const folder = path.join(scratch, name)
  mkdirSync(path.join(folder, 'data'), { recursive: true })
  writeFileSync(path.join(folder, 'data/file'), 'data')
  return folder
}

const environment = { PATH: process.env['PATH'] ?? '' }
const clock = (): number => performance.now()

test('groups are ended together with what they started, the deaf ones later, and their folder is removed', async () => {
  const folder = newFolder('together')
  const groups = new ProcessGroups(folder, 300)
  let deaths = 0
  await groups.start({ name: 'deaf', command: stubborn('mark-together-1'), environment, folder, log: path.join(folder, 'deaf.log') })
  await groups.start({ name: 'good', command: obedient('mark-together-2'), environment, folder, log: path.join(folder, 'good.log') })
  void groups.died.then(() => { deaths += 1 })
  await until('they run', () => runningProcesses('mark-together').length >= 3)
  const askedAt = clock()
  await groups.end()
  await groups.end()
  expect(clock() - askedAt).toBeGreaterThan(290)
  expect(runningProcesses('mark-together')).toEqual([])
  expect(existsSync(folder)).toBe(false)
  expect(deaths).toBe(0)
})

test('where the shell that ends them was killed they are ended all the same, and their folder is removed', async () => {
  const folder = newFolder('alone')
  const groups = new ProcessGroups(folder, 300)
  await groups.start({ name: 'deaf', command: stubborn('mark-alone-1'), environment, folder, log: path.join(folder, 'deaf.log') })
  await groups.start({ name: 'good', command: obedient('mark-alone-2'), environment, folder, log: path.join(folder, 'good.log') })
  await until('they run', () => runningProcesses('mark-alone').length >= 3)
  for (const { pid } of runningProcesses('first-token-reaper').filter(({ args }) => args.includes(folder))) process.kill(pid, 'SIGKILL')
  await groups.end()
  await groups.end()
  expect(runningProcesses('mark-alone')).toEqual([])
  expect(existsSync(folder)).toBe(false)
})

test('what heeds SIGTERM is gone at once', async () => {
  const folder = newFolder('at-once')
  const groups = new ProcessGroups(folder)
  await groups.start({ name: 'good', command: obedient('mark-at-once'), environment, folder, log: path.join(folder, 'log') })
  await until('it runs', () => runningProcesses('mark-at-once').length >= 1)
  const askedAt = clock()
  await groups.end()
  expect(clock() - askedAt).toBeLessThan(1_500)
  expect(runningProcesses('mark-at-once')).toEqual([])
})

test('a program that ends unasked is told with its last words; its environment is what was given and nothing else', async () => {
  const folder = newFolder('mortal')
  const groups = new ProcessGroups(folder)
  const log = path.join(folder, 'log')
  const { ended } = await groups.start({ name: 'mortal', command: ['/bin/sh', '-c', 'env | cut -d= -f1 | grep -vE "^(PWD|SHLVL|_|OLDPWD)$" | sort | tr "\\n" " "; exit 3'], environment: { ...environment, ONE: '1' }, folder, log })
  expect(await groups.died).toEqual({ name: 'mortal', detail: 'exit code 3: ONE PATH' })
  expect((await ended).name).toBe('mortal')
  await groups.end()
})

test('a program that is not there is a death that says so', async () => {
  const folder = newFolder('missing')
  const groups = new ProcessGroups(folder)
  await groups.start({ name: 'missing', command: ['no-such-program'], environment, folder, log: path.join(folder, 'log') })
  expect((await groups.died).detail).toMatch(/^exit code 127: .*no-such-program/)
  await groups.end()
})

test.each(['SIGKILL', 'SIGTERM'] as const)('when the process that started them dies by %s nothing is left, deaf ones included, no folder either', async (signal) => {
  const folder = newFolder(`orphans-${signal}`)
  const mark = `mark-orphans-${signal}`
  const script = path.join(scratch, `parent-${signal}.mjs`)
  writeFileSync(script, `
    import { ProcessGroups } from ${JSON.stringify(bundle)}
    const groups = new ProcessGroups(${JSON.stringify(folder)}, 300)
    await groups.start({ name: 'deaf', command: ${JSON.stringify(stubborn(mark))}, environment: ${JSON.stringify(environment)}, folder: ${JSON.stringify(folder)}, log: ${JSON.stringify(path.join(folder, 'log'))} })
    console.log('started')
    setInterval(() => {}, 1000)
  `)
  const parent = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(parent.stdout, 'data')
  await until('they run', () => runningProcesses(mark).length >= 2)
  parent.kill(signal)
  await expect.poll(() => runningProcesses(mark), { timeout: 5_000 }).toEqual([])
  await expect.poll(() => existsSync(folder), { timeout: 5_000 }).toBe(false)
})
