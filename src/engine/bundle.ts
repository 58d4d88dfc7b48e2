import { Console } from 'node:console'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { type Problem, UsageError } from '../errors.ts'
import { scenarioSpec } from '../sample/scenario-spec.ts'
import type { ScenarioSpec } from '../scenario/spec.ts'

/** A scenario's source, bundled for any platform: what the Node engine imports is what k6 gets. */
export interface BundledScenario {
  readonly spec: ScenarioSpec
  /** Hash of the bundle: two runs compare only where it is the same. */
  readonly hash: string
}

/** What a scenario's `param()` chooses its values by: where it will be run, and what --set says. */
export interface Parameters {
  readonly control: boolean
  readonly quick: boolean
  readonly set: Readonly<Record<string, string>>
}

const noParameters: Parameters = { control: false, quick: false, set: {} }

/**
 * Bundles and loads a scenario file. `first-token` is the product's own copy, whatever is installed beside the scenario; any other import is
 * refused, since a scenario must run inside k6 too.
 * @throws {UsageError} with file and line, for a syntax error, an error while it runs, or a scenario that is none.
 */
export async function loadScenario(file: string, language: string, parameters: Parameters = noParameters): Promise<BundledScenario> {
  const { build } = await import('esbuild')
  const result = await build({
    entryPoints: [file], bundle: true, write: false, format: 'esm', platform: 'neutral', mainFields: ['module', 'main'], alias: { 'first-token': language },
    define: { FIRST_TOKEN_PARAMETERS: JSON.stringify(parameters) }, logLevel: 'silent', sourcemap: 'inline', absWorkingDir: path.dirname(path.resolve(file)), target: 'es2022', supported: { 'top-level-await': false },
  }).catch((error: unknown) => { throw new UsageError(buildProblems(error, file)) })
  const code = result.outputFiles[0]?.text ?? ''
  const loaded = await importBundle(code, file)
  return { spec: asScenario(loaded, file), hash: createHash('sha256').update(withoutMap(code)).digest('hex').slice(0, 16) }
}

const withoutMap = (code: string): string => code.slice(0, code.lastIndexOf('//# sourceMappingURL') === -1 ? undefined : code.lastIndexOf('//# sourceMappingURL'))

function buildProblems(error: unknown, file: string): Problem[] {
  const errors = typeof error === 'object' && error !== null && 'errors' in error && Array.isArray(error.errors) ? (error.errors as { text: string; location: { file: string; line: number; column: number } | null }[]) : []
  if (errors.length === 0) return [{ what: `${file}: ${error instanceof Error ? error.message : String(error)}.`, fix: 'Mend the scenario.' }]
  return errors.map(({ text, location }) => ({
    what: `${file}${location === null ? '' : `:${location.line}:${location.column + 1}`}: ${text}.`,
    fix: text.startsWith('Could not resolve') ? "A scenario imports 'first-token' and files beside it, nothing else." : 'Mend the syntax at that place.',
  }))
}

async function importBundle(code: string, file: string): Promise<unknown> {
  const folder = await mkdtemp(path.join(tmpdir(), 'first-token-'))
  const bundle = path.join(folder, 'scenario.mjs')
  process.setSourceMapsEnabled(true)
  // What a scenario says while it loads is not the document that --json promises on stdout.
  const { console: saidTo } = globalThis
  globalThis.console = new Console(process.stderr)
  try {
    await writeFile(bundle, code).catch((error: unknown) => { throw new UsageError({ what: `The temporary folder ${folder} cannot be written to (${error instanceof Error ? error.message : String(error)}).`, fix: 'Make room there, or name another one with TMPDIR.' }) })
    const module: unknown = await import(pathToFileURL(bundle).href)
    return typeof module === 'object' && module !== null && 'default' in module ? module.default : undefined
  } catch (error) {
    if (error instanceof UsageError) throw error
    throw new UsageError(runProblems(error, file))
  } finally {
    globalThis.console = saidTo
    process.setSourceMapsEnabled(false)
    await rm(folder, { recursive: true, force: true })
  }
}

function runProblems(error: unknown, file: string): Problem[] {
  const problems = typeof error === 'object' && error !== null && 'problems' in error && Array.isArray(error.problems) ? (error.problems as unknown[]).map(String) : undefined
  const line = lineOf(error, file)
  const at = line === undefined ? file : `${file}:${line}`
  // What --set says is no fault of the scenario's.
  if (error instanceof TypeError && error.message.startsWith('--set ')) {
    const [what = '', fix = ''] = error.message.split('; ')
    return [{ what: `${what}.`, fix: fix === '' ? 'Leave it out for the usual value.' : `${fix.charAt(0).toUpperCase()}${fix.slice(1)}.` }]
  }
  if (problems !== undefined) return problems.map((problem) => ({ what: `${at}: ${problem}.`, fix: 'Mend it in the scenario.' }))
  return [{ what: `${at}: ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}.`, fix: 'The scenario threw while it was loaded: mend that line.' }]
}

/** The line of the scenario's own file in a stack that source maps have translated. */
function lineOf(error: unknown, file: string): number | undefined {
  if (!(error instanceof Error) || error.stack === undefined) return undefined
  const name = path.basename(file).replaceAll('.', '\\.')
  const match = new RegExp(`${name}:(\\d+)(?::\\d+)?`).exec(error.stack)
  return match === null ? undefined : Number(match[1])
}

function asScenario(value: unknown, file: string): ScenarioSpec {
  const parsed = scenarioSpec.safeParse(value)
  if (parsed.success) return parsed.data
  throw new UsageError({ what: `${file}: has no scenario as its default export.`, fix: "End it with `export default scenario({ … })` from 'first-token'." })
}

/** The product's copy of the scenario language: beside the bundle that runs, or in the sources when tests run them. */
export function languageFile(): string {
  const here = path.dirname(fileURLToPath(import.meta.url))
  const candidates = [path.join(here, 'scenario.js'), path.join(here, '../scenario.js'), path.join(here, '../scenario/index.ts')]
  const found = candidates.find((candidate) => existsSync(candidate))
  if (found === undefined) throw new Error('the scenario language was not built: run `node build.mjs`')
  return found
}
