import { parseArgs } from 'node:util'
import { delayFromText } from './delay.ts'
import { createMock } from './server.ts'
import { changed, defaultModels, defaultSettings, type Settings } from './settings.ts'

const help = `mock-llm: a streaming model whose every token has its time

  first-token mock [flags]

  --host HOST        address to listen on (127.0.0.1)
  --port PORT        0 takes a free one (0)
  --models A,B       models offered (${defaultModels.join(',')})
                     names ending in -slow, -reasoning and -tools behave so
  --slots N          answers told at once (no limit)
  --queue N          requests that may wait for a slot; one more gets 503 (no limit)
  --head DELAY       request's first byte to response head (0)
  --first DELAY      request's first byte to first token (100)
  --gap DELAY        between two tokens (20)
  --slowdown X       every gap longer by this share for each other answer told then (0)
  --tokens N         tokens of an answer (50)
  --seed N           seed of the delays that are drawn (1)
  --behind URL       a real Ollama: what is asked below /api is passed on to it,
                     and its answers are in the journal
  --exit-with-parent exit when stdin ends
  --help             this

DELAY is in ms: 20, or normal:MEAN,SD, or lognormal:MEDIAN,SIGMA.
Faults, shapes, search and the rest are set by PATCH /mock/settings, or by the marker
of a message: mock-llm/README.md has both.
Prints {"ready":true,"url":"…","pid":N} when it listens; everything else goes to stderr.
`

interface Command {
  readonly host: string
  readonly port: number
  readonly models: readonly string[]
  readonly settings: Settings
  readonly behind: string | undefined
  readonly exitWithParent: boolean
}

const texts = ['host', 'port', 'models', 'slots', 'queue', 'head', 'first', 'gap', 'slowdown', 'tokens', 'seed', 'behind'] as const
const switches = ['exit-with-parent', 'help'] as const

/** Reads the command line: what to do, `help`, or every problem there is. */
function readCommand(args: string[]): Command | 'help' | readonly string[] {
  const options: Record<string, { type: 'string' | 'boolean' }> = {}
  for (const name of texts) options[name] = { type: 'string' }
  for (const name of switches) options[name] = { type: 'boolean' }
  const { tokens } = parseArgs({ args, options, strict: false, tokens: true })
  const problems: string[] = []
  const given = new Map<string, string>()
  for (const token of tokens) {
    if (token.kind === 'positional') problems.push(`"${token.value}" is not a flag; all flags begin with --`)
    if (token.kind !== 'option') continue
    const isText = texts.some((name) => name === token.name)
    if (!isText && !switches.some((name) => name === token.name)) problems.push(`${token.rawName} is not a flag of the mock; --help lists them`)
    else if (isText && token.value === undefined) problems.push(`--${token.name} needs a value`)
    else if (!isText && token.value !== undefined) problems.push(`--${token.name} takes no value`)
    else given.set(token.name, token.value ?? '')
  }
  if (given.has('help')) return 'help'
  const port = given.get('port') ?? '0'
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) problems.push(`--port: "${port}" is not a port`)
  const models = given.get('models')?.split(',').map((name) => name.trim()) ?? defaultModels
  if (models.includes('')) problems.push('--models: a name is empty')
  const host = given.get('host') ?? '127.0.0.1'
  if (host === '') problems.push('--host: the address is empty')
  const behind = given.get('behind')
  if (behind !== undefined && !/^http:\/\/[^/]+$/.test(behind)) problems.push(`--behind: "${behind}" is not the address of a server, like http://127.0.0.1:11434`)
  const settings = readSettings(given, problems)
  return problems.length > 0 ? problems : { host, port: Number(port), models, settings, behind, exitWithParent: given.has('exit-with-parent') }
}

/** The flags that are settings, judged by the rules of the settings API. */
function readSettings(given: ReadonlyMap<string, string>, problems: string[]): Settings {
  const patch: Record<string, unknown> = {}
  for (const name of ['slots', 'queue', 'slowdown', 'tokens', 'seed'] as const) {
    const text = given.get(name)
    if (text !== undefined) patch[name] = /^\d+(\.\d+)?$/.test(text) ? Number(text) : text
  }
  for (const name of ['head', 'first', 'gap'] as const) {
    const text = given.get(name)
    const delay = text === undefined ? undefined : delayFromText(text)
    if (text !== undefined && delay === undefined) problems.push(`--${name}: "${text}" is not a delay: ms like 20, or normal:MEAN,SD, or lognormal:MEDIAN,SIGMA`)
    else if (delay !== undefined) patch[name] = delay
  }
  const outcome = changed(defaultSettings, patch)
  if (outcome.kind === 'changed') return outcome.settings
  problems.push(...outcome.problems.map((problem) => `--${problem}`))
  return defaultSettings
}

function start({ host, port, models, settings, behind, exitWithParent }: Command): void {
  const leave = (): never => process.exit(0)
  process.on('SIGTERM', leave)
  process.on('SIGINT', leave)
  if (exitWithParent) process.stdin.on('end', leave).on('error', leave).resume()
  // Whoever started us and closed the pipe does not want to know.
  process.stdout.on('error', () => undefined)
  const { server } = createMock({ settings, models, ...(behind === undefined ? {} : { behind }) })
  server.on('error', (error) => fail([`cannot listen on ${host}:${port}: ${error.message}. Another --host or --port may be free.`]))
  server.listen({ host, port, backlog: 4_096 }, () => {
    const address = server.address()
    if (address === null || typeof address === 'string') return
    if (!isLoopback(address.address)) console.error(`mock-llm: listens on ${address.address}, beyond this machine: whoever reaches it may use it and change its settings`)
    console.log(JSON.stringify({ ready: true, url: `http://${reachable(address.address)}:${address.port}`, pid: process.pid }))
  })
}

const isLoopback = (address: string): boolean => address === '::1' || /^(::ffff:)?127\./.test(address)

/** All interfaces are reached by the loopback one. */
function reachable(address: string): string {
  if (address === '0.0.0.0') return '127.0.0.1'
  if (address === '::') return '[::1]'
  return address.includes(':') ? `[${address}]` : address
}

function fail(problems: readonly string[]): void {
  for (const problem of problems) console.error(`mock-llm: ${problem}`)
  process.exit(2)
}

const command = readCommand(process.argv.slice(2))
if (command === 'help') process.stdout.write(help)
else if ('settings' in command) start(command)
else fail(command)
