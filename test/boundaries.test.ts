import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'

/** A file that the linter must refuse, and with which rule; or, where `rule` is null, must accept. */
interface Canary {
  readonly file: string
  readonly source: string
  readonly rule: string | null
}

const value = (from: string): string => `import { thing } from '${from}'\nthing()\n`
const typeOnly = (from: string): string => `import type { Thing } from '${from}'\nexport const said = (thing: Thing): Thing => thing\n`
const imports = 'eslint(no-restricted-imports)'
const globals = 'eslint(no-restricted-globals)'
const properties = 'eslint(no-restricted-properties)'

function refused(folder: string, rule: string, sources: readonly string[]): Canary[] {
  return sources.map((source, index) => ({ file: `${folder}/bad-${rule.replace(/\W+/g, '-')}-${index}.ts`, source, rule }))
}

function accepted(folder: string, sources: readonly string[]): Canary[] {
  return sources.map((source, index) => ({ file: `${folder}/good-${index}.ts`, source, rule: null }))
}

const clockReads = ['export const at = Date.now()\n', 'export const at = performance.now()\n', 'export const name = process.argv[0]\n', 'setTimeout(() => undefined, 1)\n']
const pureLeaks = (folder: string): Canary[] => [
  ...refused(folder, properties, clockReads.slice(0, 1)),
  ...refused(folder, globals, clockReads.slice(1)),
  ...refused(folder, imports, [value('node:fs'), value('undici'), "export const os = await import('node:os')\n"]),
]

/** The import table of docs/architecture.md, each row with what it must keep out and what it must let in. */
const table: readonly Canary[] = [
  ...refused('scenarios', imports, [value('node:fs'), value('undici'), value('../src/duration.ts'), value('./concurrent.ts'), typeOnly('../src/scenario/spec.ts')]),
  ...accepted('scenarios', [value('first-token'), typeOnly('first-token')]),

  ...refused('src/scenario', imports, [value('node:fs'), value('zod'), value('../errors.ts'), typeOnly('../sample/message.ts'), value('first-token')]),
  ...refused('src/scenario', globals, ['export const link = new URL("http://a")\n', 'export const abort = new AbortController()\n', 'export const at = performance.now()\n']),
  ...accepted('src/scenario', [value('../duration.ts'), value('./claim.ts')]),

  ...refused('src/sample', imports, [value('../scenario/scenario.ts'), value('../errors.ts'), typeOnly('../engine/plan.ts'), typeOnly('../stats/ttft.ts')]),
  ...accepted('src/sample', [typeOnly('../scenario/spec.ts'), value('../duration.ts'), value('zod')]),

  ...refused('src/target', imports, [value('../sample/message.ts'), typeOnly('../engine/engine.ts'), typeOnly('../scenario/spec.ts'), value('../stack/stack.ts'), value('playwright-core')]),
  ...accepted('src/target', [typeOnly('../sample/message.ts'), value('../errors.ts'), value('undici'), value('node:net')]),
  ...refused('src/target/browser', imports, [value('../../sample/message.ts'), typeOnly('../../engine/engine.ts'), value('undici')]),
  ...accepted('src/target/browser', [typeOnly('../../sample/message.ts'), value('../../errors.ts'), value('../failure.ts'), value('playwright-core'), value('node:fs')]),
  ...refused('src/fault', imports, [value('../sample/message.ts'), value('../target/target.ts')]),
  ...accepted('src/fault', [typeOnly('../sample/message.ts'), value('../duration.ts')]),

  ...refused('src/engine', imports, [value('../verdict/judge.ts'), typeOnly('../verdict/document.ts'), value('../report/terminal.ts'), value('../stack/stack.ts'), value('../observe/journal.ts'), value('../commands/run.ts')]),
  ...accepted('src/engine', [value('../stats/quantile.ts'), value('../target/openai.ts'), value('./node/window.ts'), value('node:fs/promises')]),
  ...refused('src/engine/node', imports, [value('../../verdict/judge.ts'), typeOnly('../../verdict/document.ts'), value('../../stack/stack.ts')]),
  ...accepted('src/engine/node', [value('../../stats/quantile.ts'), value('../plan.ts'), value('./clock.ts')]),

  ...refused('src/observe', imports, [value('../sample/message.ts'), value('../engine/plan.ts'), typeOnly('../target/target.ts')]),
  ...accepted('src/observe', [typeOnly('../sample/message.ts'), value('../errors.ts')]),
  ...refused('src/stack', imports, [value('../sample/message.ts'), value('../../mock-llm/server.ts'), typeOnly('../engine/engine.ts')]),
  ...accepted('src/stack', [typeOnly('../sample/message.ts'), value('./control/gateway.ts'), value('node:child_process')]),
  ...refused('src/stack/control', imports, [value('../../../mock-llm/server.ts'), typeOnly('../../target/target.ts'), value('../../sample/message.ts')]),
  ...accepted('src/stack/control', [typeOnly('../../sample/message.ts'), value('../../errors.ts'), value('./settings.ts')]),

  ...refused('src/stats', imports, [value('../verdict/judge.ts'), typeOnly('../verdict/document.ts'), value('../engine/plan.ts'), value('../scenario/scenario.ts'), value('./../verdict/judge.ts')]),
  ...pureLeaks('src/stats/'),
  ...accepted('src/stats', [typeOnly('../scenario/spec.ts'), value('../sample/message.ts'), value('../duration.ts'), value('./quantile.ts')]),

  ...refused('src/verdict', imports, [value('../engine/plan.ts'), typeOnly('../report/terminal.ts'), value('../scenario/scenario.ts'), value('../commands/run.ts')]),
  ...pureLeaks('src/verdict/'),
  ...accepted('src/verdict', [value('../stats/growth.ts'), typeOnly('../scenario/spec.ts'), value('../duration.ts'), value('../errors.ts')]),

  ...refused('src/report', imports, [typeOnly('../engine/plan.ts'), typeOnly('../scenario/spec.ts'), typeOnly('node:fs'), "export const os = await import('node:os')\n"]),
  ...pureLeaks('src/report/'),
  ...accepted('src/report', [value('../verdict/judge.ts'), value('../stats/growth.ts'), value('../duration.ts')]),

  ...refused('src/commands', imports, [value('../../mock-llm/server.ts'), value('../cli.ts'), value('../../test/fixtures/run.ts')]),
  ...accepted('src/commands', [value('../engine/conductor.ts'), value('../stack/stack.ts'), value('../verdict/judge.ts')]),

  ...refused('mock-llm', imports, [value('../src/duration.ts'), typeOnly('../src/sample/message.ts'), value('first-token'), value('express')]),
  ...accepted('mock-llm', [value('./schedule.ts'), value('node:http')]),
  ...refused('mock-llm/dialect', imports, [value('../../src/duration.ts'), typeOnly('../../src/sample/message.ts')]),
  ...accepted('mock-llm/dialect', [value('../schedule.ts'), value('./openai.ts')]),

  { file: 'src/duration.ts', source: value('./errors.ts'), rule: imports },
  { file: 'src/errors.ts', source: value('./duration.ts'), rule: imports },
  { file: 'src/cli.ts', source: value('./engine/plan.ts'), rule: imports },

  { file: 'src/engine/any.ts', source: 'export const parse = (text: string): any => JSON.parse(text)\n', rule: 'typescript(no-explicit-any)' },
  { file: 'src/engine/body.ts', source: "export const name: string = JSON.parse('{}').name\n", rule: 'typescript(no-unsafe-member-access)' },
  { file: 'src/engine/floating.ts', source: 'export function start(): void {\n  Promise.resolve(1)\n}\n', rule: 'typescript(no-floating-promises)' },
  { file: 'src/engine/misused.ts', source: 'export const all = (numbers: number[]): void => numbers.forEach(async () => {\n  await Promise.resolve()\n})\n', rule: 'typescript(no-misused-promises)' },
  { file: 'src/engine/inline-type.ts', source: "export type Told = import('../verdict/document.ts').VerdictDocument\n", rule: 'typescript(consistent-type-imports)' },
  { file: 'src/engine/long-file.ts', source: Array.from({ length: 410 }, (_, line) => `export const line${line} = ${line}\n`).join(''), rule: 'eslint(max-lines)' },
  { file: 'src/engine/long-function.ts', source: `export function long(): number {\n  let sum = 0\n${'  sum += 1\n'.repeat(70)}  return sum\n}\n`, rule: 'eslint(max-lines-per-function)' },
  { file: 'src/engine/dice.ts', source: 'export const drawn = Math.random()\n', rule: properties },
  { file: 'src/engine/loud.ts', source: "console.log('hello')\n", rule: 'eslint(no-console)' },
]

const lintOutput = z.object({
  diagnostics: z.array(z.object({ code: z.string(), filename: z.string(), message: z.string() })),
  number_of_files: z.number(),
})
type LintOutput = z.infer<typeof lintOutput>

const root = join(import.meta.dirname, '..')

function lint(folder: string): LintOutput {
  const { stdout, stderr } = spawnSync(join(root, 'node_modules/.bin/oxlint'), ['--format', 'json', '.'], { cwd: folder, encoding: 'utf8', maxBuffer: 64e6 })
  if (!stdout.startsWith('{')) throw new Error(`oxlint said: ${stdout}${stderr}`)
  return lintOutput.parse(JSON.parse(stdout))
}

let folder = ''
let found: LintOutput = { diagnostics: [], number_of_files: 0 }

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'first-token-lint-'))
  copyFileSync(join(root, '.oxlintrc.json'), join(folder, '.oxlintrc.json'))
  copyFileSync(join(root, 'tsconfig.json'), join(folder, 'tsconfig.json'))
  // The type-aware half of the linter is looked for in the node_modules of the folder that is linted.
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  for (const { file, source } of table) {
    mkdirSync(dirname(join(folder, file)), { recursive: true })
    writeFileSync(join(folder, file), source)
  }
  found = lint(folder)
}, 60_000)

afterAll(() => rmSync(folder, { recursive: true, force: true }))

const normalised = (file: string): string => join('.', file)
const codesOf = (file: string): string[] => found.diagnostics.filter(({ filename }) => normalised(filename) === normalised(file)).map(({ code }) => code)

test('every known-bad file is refused with the rule that it breaks', () => {
  const missed = table.filter(({ file, rule }) => rule !== null && !codesOf(file).includes(rule))
  expect(missed.map(({ file, source, rule }) => ({ file, source, rule, found: codesOf(file) }))).toEqual([])
  expect(table.filter(({ rule }) => rule !== null).length).toBeGreaterThan(80)
})

test('what the table allows is accepted', () => {
  const wronged = table.filter(({ file, rule }) => rule === null && codesOf(file).includes(imports))
  expect(wronged.map(({ file, source }) => ({ file, source }))).toEqual([])
})

test('every file of the table was linted', () => {
  expect(found.number_of_files).toBe(new Set(table.map(({ file }) => normalised(file))).size)
})

test('every folder of src has its row, so that a new folder cannot be outside the table', () => {
  const config = readFileSync(join(root, '.oxlintrc.json'), 'utf8')
  const folders = readdirSync(join(root, 'src'), { withFileTypes: true }).filter((entry) => entry.isDirectory()).map((entry) => entry.name)
  expect(folders.filter((name) => !config.includes(`"src/${name}/**"`))).toEqual([])
  expect(folders.length).toBeGreaterThan(5)
})

test('the linter reads the real tree: a lint of nothing is not a clean lint', () => {
  expect(lint(root).number_of_files).toBeGreaterThan(30)
})
