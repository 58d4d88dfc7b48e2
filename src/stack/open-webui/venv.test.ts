import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { UsageError } from '../../errors.ts'
import { ownIdentity } from '../process-identity.ts'
import { findPython } from './python.ts'
import { venvPython, type VenvOptions } from './venv.ts'

const scratch = mkdtempSync(path.join(tmpdir(), 'first-token-venv-'))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

/** A Python that makes a venv with itself in it, and whose pip installs by writing a line to a file beside the venv. */
function fakePython(folder: string, pip: string): string {
  const file = path.join(folder, 'python3')
  writeFileSync(file, `#!/bin/sh
[ "$1" = -I ] && shift
case "$2" in
  venv) mkdir -p "$3/bin" && cp "$0" "$3/bin/python" ;;
  pip) ${pip} ;;
esac
`)
  chmodSync(file, 0o755)
  return file
}

function setting(name: string, pip: string, version = '3.11.7'): VenvOptions & { readonly notes: string[]; readonly installs: () => number } {
  const folder = path.join(scratch, name)
  mkdirSync(folder, { recursive: true })
  const requirementsFile = path.join(folder, 'thing-1.txt')
  if (!existsSync(requirementsFile)) writeFileSync(requirementsFile, 'thing==1\n')
  const count = path.join(folder, 'installs')
  const notes: string[] = []
  return {
    cache: path.join(folder, 'cache'), requirementsFile, python: { executable: fakePython(folder, `echo x >> '${count}'; ${pip}`), version }, environment: { PATH: process.env['PATH'] ?? '' },
    note: (line) => { notes.push(line) }, signal: new AbortController().signal, notes, installs: () => (existsSync(count) ? readFileSync(count, 'utf8').length / 2 : 0),
  }
}

const venvs = (cache: string): string[] => readdirSync(cache).filter((name) => !name.endsWith('.log'))

test('a venv is made once for the same requirements and the same Python, and anew for others', async () => {
  const first = setting('once', ':')
  const python = await venvPython(first)
  expect(existsSync(python)).toBe(true)
  expect(await venvPython(first)).toBe(python)
  expect(first.installs()).toBe(1)
  expect(venvs(first.cache)).toEqual([path.basename(path.dirname(path.dirname(python)))])
  writeFileSync(first.requirementsFile, 'thing==2\n')
  expect(await venvPython(first)).not.toBe(python)
  expect(await venvPython(setting('once', ':', '3.12.1'))).not.toBe(python)
  expect(first.installs()).toBe(3)
})

test('a pip that fails is told with its last words, and nothing of the venv is left', async () => {
  const failing = setting('failing', 'echo no network >&2; exit 1')
  await expect(venvPython(failing)).rejects.toThrow(UsageError)
  await expect(venvPython(failing)).rejects.toThrow(/pip install failed \([^]*no network[^]*\)\.[^]*PIP_INDEX_URL/)
  expect(venvs(failing.cache)).toEqual([])
})

test('a venv without its mark, with another mark, or whose Python is gone is made anew', async () => {
  const one = setting('half-made', ':')
  const python = await venvPython(one)
  const folder = path.dirname(path.dirname(python))
  const spoil = [
    () => rmSync(path.join(folder, 'first-token-complete')),
    () => writeFileSync(path.join(folder, 'first-token-complete'), 'half'),
    () => { rmSync(python); symlinkSync('/nowhere/python', python) },
  ]
  for (const [index, spoilt] of spoil.entries()) {
    spoilt()
    expect(await venvPython(one)).toBe(python)
    expect(one.installs()).toBe(index + 2)
  }
})

test('two starts at once make it once, and the second says what it waits for', async () => {
  const slow = setting('at-once', 'sleep 0.4')
  const [first, second] = await Promise.all([venvPython(slow), venvPython(slow)])
  expect(first).toBe(second)
  expect(slow.installs()).toBe(1)
  expect(slow.notes.filter((line) => line.includes(`process ${process.pid}`))).toHaveLength(1)
})

test('a lock whose holder has died is taken over, what it left half-made is removed', async () => {
  const one = setting('orphaned', ':')
  const name = path.basename(path.dirname(path.dirname(await venvPython(one))))
  rmSync(path.join(one.cache, name), { recursive: true })
  // The number runs, the process of that time does not: it began at another time.
  writeFileSync(path.join(one.cache, `${name}.lock`), JSON.stringify({ ...ownIdentity(), began: '1' }))
  mkdirSync(path.join(one.cache, `${name}.making-1`))
  await venvPython(one)
  expect(venvs(one.cache)).toEqual([name])
})

test('a start that is given up leaves nothing', async () => {
  const stop = new AbortController()
  const slow = { ...setting('given-up', 'sleep 30'), signal: stop.signal }
  const made = venvPython(slow)
  await expect.poll(() => slow.installs()).toBe(1)
  stop.abort('SIGINT')
  await expect(made).rejects.toBe('SIGINT')
  expect(venvs(slow.cache)).toEqual([])
})

test.each([
  { name: 'none', answer: undefined, problem: /there is no python3 on the PATH/ },
  { name: 'old', answer: { version: '3.9.2', venv: true }, problem: /there is only 3\.9\.2/ },
  { name: 'too new', answer: { version: '3.13.1', venv: true }, problem: /there is only 3\.13\.1/ },
  { name: 'without venv', answer: { version: '3.11.2', venv: false }, problem: /Python 3\.11\.2 .* cannot make a venv/ },
])('a Python that is $name is told of with what mends it', ({ name, answer, problem }) => {
  const folder = path.join(scratch, `python ${name}`)
  mkdirSync(folder)
  if (answer !== undefined) writeFileSync(path.join(folder, 'python3'), `#!/bin/sh\necho '${JSON.stringify({ executable: '/x', ...answer })}'\n`, { mode: 0o755 })
  const found = findPython(folder)
  expect(found).toMatchObject({ what: expect.stringMatching(problem), fix: expect.stringMatching(/^Install it: (?:sudo apt-get|brew) install /) })
})

test('the Python that fits is taken', () => {
  const folder = path.join(scratch, 'python fitting')
  mkdirSync(folder)
  for (const [name, version] of [['python3', '3.13.0'], ['python3.11', '3.11.9']] as const) writeFileSync(path.join(folder, name), `#!/bin/sh\necho '{"executable":"/${name}","version":"${version}","venv":true}'\n`, { mode: 0o755 })
  expect(findPython(folder)).toEqual({ executable: '/python3.11', version: '3.11.9' })
})
