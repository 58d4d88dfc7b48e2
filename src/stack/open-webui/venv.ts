import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { UsageError } from '../../errors.ts'
import { type GroupOptions, lastWords, ProcessGroups } from '../process-groups.ts'
import { withLock } from '../start-lock.ts'
import type { Python } from './python.ts'

export interface VenvOptions {
  /** Where venvs are kept. */
  readonly cache: string
  readonly requirementsFile: string
  readonly python: Python
  /** What python and pip may see of the environment of whoever runs this: proxies and package indexes are theirs to choose. */
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly note: (line: string) => void
  readonly signal: AbortSignal
}

/** In a finished venv, and only there: it is written last, and then the venv gets its name. */
const markName = 'first-token-complete'

/**
 * The Python of a venv that holds exactly these requirements. One that is there is used again; else it is made under another name, and renamed when it is
 * whole, so that one which was cut short is never taken for a good one. Its scripts still point to the first name: run them by this Python.
 * @throws {UsageError} where pip cannot do it, with its last words.
 */
export async function venvPython(options: VenvOptions): Promise<string> {
  const { cache, requirementsFile, python, note, signal } = options
  const wanted = createHash('sha256').update(`${readFileSync(requirementsFile, 'utf8')}\n${python.executable} ${python.version}`).digest('hex')
  const name = `${path.basename(requirementsFile, '.txt')}-${wanted.slice(0, 12)}`
  const folder = path.join(cache, name)
  const ready = pythonOf(folder)
  if (isComplete(folder, wanted)) return ready
  const waiting = ({ pid }: { pid: number }): void => note(`waiting for the venv that process ${pid} is making`)
  await withLock(path.join(cache, `${name}.lock`), { waiting, signal }, async () => {
    if (isComplete(folder, wanted)) return
    for (const left of readdirSync(cache).filter((one) => one.startsWith(`${name}.making-`))) rmSync(path.join(cache, left), { recursive: true, force: true })
    await make(folder, wanted, options)
  })
  return ready
}

const pythonOf = (folder: string): string => path.join(folder, 'bin/python')

/** The mark holds what the venv was made of; a venv whose Python was uninstalled has a link to nowhere. */
function isComplete(folder: string, wanted: string): boolean {
  const mark = path.join(folder, markName)
  return existsSync(pythonOf(folder)) && existsSync(mark) && readFileSync(mark, 'utf8') === wanted
}

async function make(folder: string, wanted: string, { cache, requirementsFile, python, environment, note, signal }: VenvOptions): Promise<void> {
  const making = `${folder}.making-${process.pid}`
  const log = `${folder}.log`
  mkdirSync(making)
  rmSync(log, { force: true })
  note(`making a venv with ${path.basename(requirementsFile, '.txt')} in ${cache} (once, a minute or two)`)
  const groups = new ProcessGroups(making, 300)
  const step = (name: string, command: GroupOptions['command']): Promise<void> => finished(groups, { name, command, environment: forPip(environment), folder: making, log }, signal)
  try {
    await step('python -m venv', [python.executable, '-I', '-m', 'venv', making])
    await step('pip install', [pythonOf(making), '-m', 'pip', 'install', '--quiet', '--no-input', '--disable-pip-version-check', '--no-deps', '-r', requirementsFile])
    writeFileSync(path.join(making, markName), wanted)
    if (isComplete(folder, wanted)) return
    rmSync(folder, { recursive: true, force: true })
    renameSync(making, folder)
  } finally {
    await groups.end()
  }
}

async function finished(groups: ProcessGroups, options: GroupOptions, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  const { ended } = await groups.start(options)
  const aborted = new Promise<'aborted'>((resolve) => { signal.addEventListener('abort', () => resolve('aborted'), { once: true }) })
  const end = await Promise.race([ended, aborted])
  if (end === 'aborted') {
    await groups.end()
    signal.throwIfAborted()
  } else if (!/^exit code 0\b/.test(end.detail)) {
    throw new UsageError({ what: `${options.name} failed (${lastWords(options.log, 600) || end.detail}).`, fix: `Its log is ${options.log}. Where packages come by a proxy or an index of your own, pip takes it from its usual settings (HTTPS_PROXY, PIP_INDEX_URL, pip.conf).` })
  }
}

/** A PYTHONPATH or PYTHONHOME of somebody's would give the venv packages that are not in it. */
const forPip = (environment: VenvOptions['environment']): Record<string, string> =>
  Object.fromEntries(Object.entries(environment).flatMap(([name, value]) => (value === undefined || /^(?:PYTHON|VIRTUAL_ENV$|npm_)/.test(name) ? [] : [[name, value]])))
