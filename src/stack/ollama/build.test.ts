import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { UsageError } from '../../errors.ts'
import { runningProcesses } from '../control/test/running-processes.ts'
import { until } from '../control/test/scripted-model.ts'
import { ollamaProgram, ollamaVersion } from './build.ts'

let folder: string
beforeEach(async () => { folder = await mkdtemp(path.join(tmpdir(), 'first-token-build-')) })
afterEach(() => rm(folder, { recursive: true, force: true }))

const never = new AbortController().signal
const cache = (): string[] => readdirSync(path.join(folder, 'cache')).filter((name) => name.startsWith('ollama'))

async function command(name: string, script: string): Promise<void> {
  await mkdir(path.join(folder, 'bin'), { recursive: true })
  await writeFile(path.join(folder, 'bin', name), `#!/bin/sh\n${script}\n`)
  await chmod(path.join(folder, 'bin', name), 0o755)
}

/** A `go` that says it is of that version, and whose `install` does what is said; each is written down. */
async function fakeGo({ version = 'go1.26.1', install = built(ollamaVersion) }: { version?: string; install?: string }): Promise<void> {
  await command('go', `if [ "$1" = env ]; then echo ${version}; echo fake-cxx; exit; fi\necho "$@" "CGO_ENABLED=$CGO_ENABLED" >> ${folder}/installs\n${install}`)
}

const built = (version: string): string => `mkdir -p "$GOBIN"; printf '#!/bin/sh\\necho client version is ${version}\\n' > "$GOBIN/ollama"; chmod +x "$GOBIN/ollama"`
const compiler = (): Promise<void> => command('fake-cxx', 'echo a compiler')
const build = (signal = never, notes: string[] = []): Promise<string> =>
  ollamaProgram({ environment: { PATH: `${folder}/bin:/usr/bin:/bin`, FIRST_TOKEN_CACHE: `${folder}/cache` }, note: (line) => notes.push(line), signal })

test('it is built once, with the flags that make it tell its version, and nothing but it is left in the cache', async () => {
  await fakeGo({})
  await compiler()
  const notes: string[] = []
  const program = await build(never, notes)
  expect(program).toBe(path.join(folder, 'cache', `ollama-${ollamaVersion}`, 'ollama'))
  expect(await build(never, notes)).toBe(program)
  expect(readFileSync(`${folder}/installs`, 'utf8')).toBe(`install -trimpath -ldflags -s -w -X=github.com/ollama/ollama/version.Version=${ollamaVersion} github.com/ollama/ollama@v${ollamaVersion} CGO_ENABLED=1\n`)
  expect(notes[0]).toContain('30 MB of Go modules')
  expect(cache()).toEqual([`ollama-${ollamaVersion}`])
  expect(readdirSync(path.dirname(program))).toEqual(['ollama'])
})

test('two that start at once build it once', async () => {
  await fakeGo({ install: `sleep 0.2; ${built(ollamaVersion)}` })
  await compiler()
  const notes: string[] = []
  const [one, other] = await Promise.all([build(never, notes), build(never, notes)])
  expect(one).toBe(other)
  expect(readFileSync(`${folder}/installs`, 'utf8').trim().split('\n')).toHaveLength(1)
  expect(notes.filter((note) => note.startsWith('waiting for the Ollama that process'))).toHaveLength(1)
})

test('a build that failed is told with its last words, leaves nothing, and is tried again', async () => {
  await fakeGo({ install: `${built(ollamaVersion)}; echo 'no such host' >&2; exit 1` })
  await compiler()
  await expect(build()).rejects.toThrow(/could not be built: no such host.*GOPROXY/s)
  expect(cache()).toEqual([])
  await fakeGo({})
  expect(existsSync(await build())).toBe(true)
})

test('one that says it is of another version is not taken, and what a killed build left is removed', async () => {
  await mkdir(path.join(folder, 'cache', `ollama-${ollamaVersion}.part-of-a-killed-one`), { recursive: true })
  await fakeGo({ install: built('0.0.0') })
  await compiler()
  await expect(build()).rejects.toThrow('client version is 0.0.0')
  expect(cache()).toEqual([])
})

test('a build that is given up is gone, and nothing of it is left', async () => {
  await fakeGo({ install: `${built(ollamaVersion)}; while :; do sleep 0.1; done` })
  await compiler()
  const giving = new AbortController()
  const building = build(giving.signal)
  const mark = `${folder}/bin/go`
  await until('it is being built', () => existsSync(`${folder}/installs`))
  expect(runningProcesses(mark)).not.toEqual([])
  giving.abort(new Error('enough'))
  await expect(building).rejects.toThrow('enough')
  expect(runningProcesses(mark)).toEqual([])
  expect(cache()).toEqual([])
})

test('whatever is missing is told at once, with what to install', async () => {
  await command('go', 'echo go1.19.8; echo absent-cxx')
  const error: unknown = await build().catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(UsageError)
  expect(error instanceof UsageError && error.problems.map(({ what, fix }) => `${what} ${fix}`)).toEqual([
    expect.stringMatching(/go1\.19\.8 is too old.*apt-get install golang-go/), expect.stringMatching(/no C\+\+ compiler \(absent-cxx\).*apt-get install g\+\+/),
  ])
  await rm(path.join(folder, 'bin/go'))
  await expect(ollamaProgram({ environment: { PATH: `${folder}/bin`, FIRST_TOKEN_CACHE: `${folder}/cache` }, note: () => {}, signal: never })).rejects.toThrow('there is no `go`')
  expect(existsSync(path.join(folder, 'cache'))).toBe(false)
})
