import { parseArgs } from 'node:util'
import { type Problem, UsageError } from '../errors.ts'

/** What `npm run bench` is asked to do. */
export interface BenchOptions {
  /** Streams at once, one cell of the table each. */
  readonly streams: readonly number[]
  readonly rounds: number
  readonly seed: number
  /** One small pass with short answers: that everything runs, and no figures to keep. */
  readonly quick: boolean
  readonly json: boolean
  /** A mock that runs already, on this machine; undefined starts one. */
  readonly mock: string | undefined
}

export const benchHelp = `What the measuring costs: the engine's sessions against a bare node:net reader, and what the mock can bear.

  npm run bench -- [flags]

  --streams A,B  streams at once, a cell each (1,50,200,500; --quick: 1,20)
  --rounds N     fresh processes of each kind in each cell (5; --quick: 1)
  --seed N       seed of their order (1)
  --quick        one small pass with short answers, in less than 30 s
  --mock URL     a mock that runs on this machine already, instead of a fresh one
  --json         the result as JSON on stdout (npm run --silent bench -- --json)
  --help         this

Exit codes: 0 measured, 2 usage, 4 nothing was measured, 70 crash.
`

const texts = ['streams', 'rounds', 'seed', 'mock'] as const
const switches = ['quick', 'json', 'help'] as const
export const benchFlags: readonly string[] = [...texts, ...switches]

/** More than these no machine that runs this serves at once. */
const mostStreams = 5_000
const mostRounds = 1_000

/**
 * The command line, read.
 * @throws {UsageError} with every problem there is.
 */
export function benchOptions(args: readonly string[]): BenchOptions | 'help' {
  const problems: Problem[] = []
  const given = readGiven(args, problems)
  if (given.has('help')) return 'help'
  const quick = given.has('quick')
  const whole = (flag: string, text: string, least: number, most: number): number => {
    const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN
    if (!(value >= least && value <= most)) problems.push({ what: `--${flag}: "${text}" is not a whole number from ${least} to ${most}.`, fix: `Write it like --${flag} ${least}.` })
    return value
  }
  const streams = (given.get('streams') ?? (quick ? '1,20' : '1,50,200,500')).split(',').map((text) => whole('streams', text.trim(), 1, mostStreams))
  if (new Set(streams).size < streams.length) problems.push({ what: '--streams names a number twice.', fix: 'Name each once; --rounds says how often it is measured.' })
  const rounds = whole('rounds', given.get('rounds') ?? (quick ? '1' : '5'), 1, mostRounds)
  const seed = whole('seed', given.get('seed') ?? '1', 0, 2 ** 32 - 1)
  const mock = given.get('mock')?.replace(/\/+$/, '')
  if (mock !== undefined && !(URL.canParse(mock) && new URL(mock).protocol === 'http:')) problems.push({ what: `--mock: "${mock}" is not an http address.`, fix: 'Give the address that the mock printed, like http://127.0.0.1:9100.' })
  if (problems.length > 0) throw new UsageError(problems)
  return { streams, rounds, seed, quick, json: given.has('json'), mock }
}

function readGiven(args: readonly string[], problems: Problem[]): Map<string, string> {
  const options: Record<string, { type: 'string' | 'boolean' }> = {}
  for (const name of texts) options[name] = { type: 'string' }
  for (const name of switches) options[name] = { type: 'boolean' }
  const given = new Map<string, string>()
  const fix = 'See npm run bench -- --help.'
  for (const token of parseArgs({ args: [...args], options, strict: false, tokens: true }).tokens) {
    if (token.kind === 'positional') problems.push({ what: `"${token.value}" is not a flag.`, fix })
    if (token.kind !== 'option') continue
    const isText = texts.some((name) => name === token.name)
    if (!isText && !switches.some((name) => name === token.name)) problems.push({ what: `${token.rawName} is not a flag of the benchmark.`, fix })
    else if (isText && (token.value === undefined || token.value.startsWith('--'))) problems.push({ what: `--${token.name} has no value.`, fix })
    else if (!isText && token.value !== undefined) problems.push({ what: `--${token.name} takes no value.`, fix })
    else if (given.has(token.name)) problems.push({ what: `--${token.name} is given twice.`, fix: 'Give it once.' })
    else given.set(token.name, token.value ?? '')
  }
  return given
}
