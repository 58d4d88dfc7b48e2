import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runningProcesses } from './control/test/running-processes.ts'
import { until } from './control/test/scripted-model.ts'
import { startSupervised } from './supervisor.ts'

const root = path.join(import.meta.dirname, '../..')
let folder: string
beforeAll(async () => { folder = await mkdtemp(path.join(tmpdir(), 'first-token-supervisor-')) })
afterAll(() => rm(folder, { recursive: true, force: true }))

let count = 0
/** A text on the command line of the programs of one test, by which they are found. */
const marked = (): string => `${folder}/mark-${count += 1}-`
/** A program that ignores SIGTERM as soon as it has a child that does as well, and says so. */
const stubborn = (mark: string): readonly string[] => ['-c', `trap '' TERM; sh -c 'trap "" TERM; while :; do sleep 0.1; done' ${mark}child & echo up; while :; do sleep 0.1; done`, `${mark}self`]
const environment = { PATH: process.env['PATH'] }

test('a program leads a group of its own, its lines are told, and it is gone with its children and its folder when it was stopped', async () => {
  const mark = marked()
  const own = await mkdtemp(path.join(folder, 'own-'))
  const lines: string[] = []
  const program = startSupervised({ name: 'one', command: 'sh', args: ['-c', `sleep 60 & echo "$VALUE"; pwd >&2; wait`, mark], environment: { ...environment, VALUE: 'a value' }, cwd: own, folder: own, onLine: (line) => lines.push(line) })
  let deaths = 0
  void program.died.then(() => { deaths += 1 })
  await until('it has spoken', () => lines.length === 2)
  expect([...lines].sort()).toEqual([own, 'a value'].sort())
  expect(process.kill(-program.pid, 0)).toBe(true)
  await program.stop()
  await program.stop()
  expect(runningProcesses(mark)).toEqual([])
  expect(existsSync(own)).toBe(false)
  expect(deaths).toBe(0)
})

test('an end that nobody asked for is told with its code and its last words, and what it had started is gone', async () => {
  const mark = marked()
  const program = startSupervised({ name: 'mortal', command: 'sh', args: ['-c', `sh -c 'while :; do sleep 0.1; done' ${mark}child & echo 'out of luck' >&2; exit 3`], environment })
  expect(await program.died).toEqual({ name: 'mortal', detail: 'exit code 3: out of luck' })
  expect(runningProcesses(mark)).toEqual([])
  expect((await program.ended).exitCode).toBe(3)
  await program.stop()
})

test('a command that is not there is an end like any other', async () => {
  const program = startSupervised({ name: 'absent', command: path.join(folder, 'absent'), args: [], environment })
  const { exitCode, detail } = await program.ended
  expect(exitCode).toBe(127)
  expect(detail).toContain('absent')
})

test('when we are killed with SIGKILL the whole group goes, also what does not heed SIGTERM, and the folder too', async () => {
  const mark = marked()
  const own = await mkdtemp(path.join(folder, 'own-'))
  const bundle = path.join(folder, 'supervisor.mjs')
  const build = spawn(path.join(root, 'node_modules/.bin/esbuild'), ['src/stack/supervisor.ts', '--bundle', '--platform=node', '--format=esm', '--log-level=warning', `--outfile=${bundle}`], { cwd: root, stdio: 'inherit' })
  await once(build, 'exit')
  const script = path.join(folder, 'parent.mjs')
  await writeFile(script, `
    import { startSupervised } from ${JSON.stringify(bundle)}
    startSupervised({ name: 'stubborn', command: 'sh', args: ${JSON.stringify(stubborn(mark))}, environment: process.env, folder: ${JSON.stringify(own)}, onLine: (line) => console.log(line) })
  `)
  const parent = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(parent.stdout, 'data')
  expect(runningProcesses(mark).length).toBeGreaterThanOrEqual(2)
  parent.kill('SIGKILL')
  await until('all of it is gone', () => runningProcesses(mark).length === 0)
  await until('its folder is gone', () => !existsSync(own))
})
