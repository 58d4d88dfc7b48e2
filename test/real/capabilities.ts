import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { findPython } from '../../src/stack/open-webui/python.ts'
import { findRedis } from '../../src/stack/open-webui/redis.ts'
import { chromiumPath } from '../../src/target/browser/chromium.ts'

/** What the module that reads the compose file asks for; Ollama is content with less. */
const leastGo = /^go (\d+\.\d+)/m.exec(readFileSync(path.join(import.meta.dirname, '../fixtures/compose-check/go.mod'), 'utf8'))?.[1] ?? ''

/** What the real systems take of a machine. */
const capabilities = {
  python: { what: 'Python 3.11 or 3.12 with venv, for Open WebUI', install: 'apt-get install python3 python3-venv', find: () => told(findPython(searchPath)) },
  redis: { what: 'redis-server, for Open WebUI with several workers', install: 'apt-get install redis-server', find: () => told(findRedis(searchPath)) },
  chromium: { what: 'Chromium, for the page itself', install: 'apt-get install chromium', find: () => chromiumPath(process.env) },
  go: { what: `Go ${leastGo} or later with a C++ compiler, for Ollama and for the reading of the compose file`, install: 'apt-get install golang g++', find: () => (version(['g++'], '--version') === undefined ? undefined : goVersion()) },
} as const
export type Capability = keyof typeof capabilities

const searchPath = process.env['PATH'] ?? ''
/** Those that whoever runs this does without, knowingly: `FIRST_TOKEN_REAL_WITHOUT=chromium,go`. Their tests are skipped, and named. */
const left = 'FIRST_TOKEN_REAL_WITHOUT'
const leftOut = (process.env[left] ?? '').split(',').map((name) => name.trim()).filter((name) => name !== '')

/** Whether tests that take it are to be skipped: it was left out by name. What is missing and was not left out fails all. */
export const isLeftOut = (capability: Capability): boolean => leftOut.includes(capability)

const told = (found: object): string | undefined => ('version' in found && typeof found.version === 'string' ? found.version : undefined)

function version(programs: readonly string[], flag: string): string | undefined {
  for (const program of programs) {
    if (!searchPath.split(':').some((folder) => existsSync(path.join(folder, program)))) continue
    const { status, stdout } = spawnSync(program, [flag], { encoding: 'utf8', timeout: 30_000 })
    if (status === 0) return stdout.trim().split('\n')[0]
  }
  return undefined
}

/** Undefined where it is older than it has to be; it says so then. */
function goVersion(): string | undefined {
  const said = version(['go'], 'version')
  const [, major, minor] = /go(\d+)\.(\d+)/.exec(said ?? '') ?? []
  const [leastMajor, leastMinor] = leastGo.split('.').map(Number)
  if (said === undefined || Number(major) > (leastMajor ?? 0) || (Number(major) === leastMajor && Number(minor) >= (leastMinor ?? 0))) return said
  process.stdout.write(`  go        ${said} is older than ${leastGo}\n`)
  return undefined
}

/** Runs before the first test. @throws where something is missing that was not left out: a suite that could not run is not green. */
export default function checkCapabilities(): void {
  const unknown = leftOut.filter((name) => !Object.hasOwn(capabilities, name))
  if (unknown.length > 0) throw new Error(`${left}: there is no ${unknown.join(', ')}; it takes ${Object.keys(capabilities).join(', ')}`)
  const missing: string[] = []
  for (const [name, { what, install, find }] of Object.entries(capabilities)) {
    const found = leftOut.includes(name) ? undefined : find()
    process.stdout.write(`  ${name.padEnd(9)} ${leftOut.includes(name) ? `left out: whatever needs ${what.replace(/,.*/, '')} is not tested` : found ?? 'MISSING'}\n`)
    if (found === undefined && !leftOut.includes(name)) missing.push(`${what} (${install}; or do without: ${left}=${name})`)
  }
  if (missing.length > 0) throw new Error(`This machine lacks: ${missing.join('; ')}`)
}
