#!/usr/bin/env node
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { exitCodes, UsageError } from './errors.ts'
import { swallowedFlags } from './commands/npm-flags.ts'
import type { CommandContext } from './commands/context.ts'
import type { InitFlags } from './commands/init.ts'
import type { CompareFlags } from './commands/compare.ts'
import type { ReportFlags } from './commands/report.ts'
import type { RunFlags } from './commands/run-request.ts'
import type { StackFlags } from './commands/stack.ts'
import { packageVersion } from './commands/package-files.ts'

const leastNode = [20, 19] as const

/** A flag that stands without its value takes the next flag for it. */
function value(text: string): string {
  if (text === '') throw new InvalidArgumentError('It is empty.')
  if (text.startsWith('--')) throw new InvalidArgumentError(`${text} is another flag: the value is missing.`)
  return text
}

/** Of a flag that is given twice the last value would win without a word. */
function once(text: string, earlier: string | undefined): string {
  if (earlier !== undefined) throw new InvalidArgumentError(`It is given twice: ${earlier} and ${text}.`)
  return value(text)
}

const collect = (text: string, earlier: string[] | undefined): string[] => [...(earlier ?? []), value(text)]

function context(): CommandContext {
  const { NO_COLOR: noColour, TERM: terminal } = process.env
  return {
    argv: process.argv.slice(2),
    environment: process.env,
    out: (text) => { process.stdout.write(text) },
    err: (text) => { process.stderr.write(text) },
    width: process.stdout.isTTY === true ? process.stdout.columns : undefined,
    colour: process.stdout.isTTY === true && (noColour === undefined || noColour === '') && terminal !== 'dumb',
  }
}

function program(leave: (code: number) => void): Command {
  const root = new Command('first-token')
    .description('Does a person wait for the first word, and does anybody wait behind somebody else?\nMeasures AI chat stacks before and after a change, and says pass, fail, or cannot tell.')
    .version(packageVersion(), '--version')
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({ writeErr: () => {} })
    .addHelpText('after', '\nExamples:\n  first-token run concurrent           the shipped stack, before and after\n  first-token run all --quick          every question, the shorter way\n  first-token run all --target open-webui=http://127.0.0.1:3000\n                                       a system of your own, gently\n  first-token report latest --format markdown\n\nExit codes: 0 pass, 1 fail, 2 usage, 3 inconclusive, 4 invalid,\n5 never answered, 70 crash, 130/143 interrupted')
  addRun(root, leave)
  addOthers(root, leave)
  addInit(root, leave)
  return root
}

function addRun(root: Command, leave: (code: number) => void): void {
  root.command('run')
    .description('run scenarios and judge them')
    .argument('[scenario...]', 'names (--list has them), all, or files of your own')
    .addOption(new Option('--target <kind=url>', 'a system that runs already: open-webui=URL (as its page does: open-webui-socket=URL), ollama=URL, or openai=URL (with /v1)').argParser(once))
    .option('--before <kind=url>', 'two systems that run already: the reference …', once)
    .option('--after <kind=url>', '… and the one that is judged', once)
    .option('--label <name>', 'a name for the target, by which --against finds this run later', once)
    .option('--mock <url>', 'our mock (first-token mock), which is the model behind the target: then lost words and parts of the wait are seen', once)
    .option('--model <name>', 'the model to ask for, where more than one is offered', once)
    .option('--model-url <url>', 'the model behind the target, past it (openai, with /v1): what the target adds, and whether the model changed', once)
    .option('--health-url <url>', 'where an openai target tells whether it is alive (default: it is not asked)', once)
    .option('--container <[side:]name>', 'the container that the target runs in: its memory, workers and restarts, through the Docker CLI', collect)
    .option('--search', 'an openai target knows Open WebUI\'s features.web_search')
    .option('--api-key-env <var>', 'the environment variable that holds the API key', once)
    .option('--api-key-file <file>', 'a file that holds the API key', once)
    .option('--token-env <var>', 'the environment variable that holds a session token of Open WebUI', once)
    .option('--user-env <var>', 'the environment variables that hold an e-mail address …', once)
    .option('--password-env <var>', '… and a password, to sign in to Open WebUI', once)
    .option('--header <name=env:var>', 'a further header, its value from the environment', collect)
    .option('--allow-host <host>', 'a public host that is yours to load', collect)
    .option('--ca-file <file>', 'a certificate authority (PEM) to believe besides the usual ones', once)
    .option('--insecure', 'believe any certificate: only on a network that is yours')
    .option('--load <mode>', 'gentle (default on targets: about 30 messages, one a second) or full (thousands: only where nobody is working)', once)
    .option('--max-messages <n>', 'stop after so many messages to targets', once)
    .option('--max-tokens <n>', 'stop after so many answer tokens of targets', once)
    .option('--against <label>', 'set it beside the latest run with that label', once)
    .option('--switch <command>', 'turns the one target into {side}, before or after: both are measured, by turns', once)
    .option('--set <param=value>', 'change a parameter of a scenario, as in errorWithin=8s', collect)
    .option('--config <file>', 'configuration (default: first-token.json, if there is one here)', once)
    .option('--stack <name>', 'start this first: control (default where no target is named), open-webui, ollama or compose', once)
    .option('--profiles <names>', 'of a real stack: its sides (default: before,after,recommended; ollama: before,after)', once)
    .option('--via <way>', 'how a real stack is spoken to: api (default), socket (as its page does) or browser; scenarios that need the page\'s socket are said over it whatever is named', once)
    .option('--model-server <name>', 'what answers behind a real stack: mock (default) or ollama', once)
    .option('--set-env <[profile:]name=value>', 'an environment variable of a real stack; a secret by NAME=env:VAR', collect)
    .option('--defect <[side:]setting=value>', 'change a setting of the control stack, or of the mock behind a real one: mock:slots=1', collect)
    .option('--quick', 'fewer messages, one look at the evidence')
    .option('--rounds <n>', 'this many rounds, one look at the evidence', once)
    .option('--budget <time>', 'no further rounds beyond this, a scenario (default: 200s on the control stack, else 10m)', once)
    .option('--seed <n>', 'what everything random is drawn from', once)
    .option('--stall-limit <time>', 'when a hello counts as stalled (default: from the quiet window)', once)
    .addOption(new Option('--engine <name>').argParser(once).hideHelp())
    .option('--out <folder>', 'where reports go (default: reports)', once)
    .option('--json', 'print one JSON document and nothing else')
    .option('--strict', 'a warning is exit 1, a skipped claim exit 3')
    .option('--yes', 'do not ask before a target is sent messages')
    .option('--list', 'list the scenarios')
    .option('--dry-run', 'tell the plan, the cost and the claims, and send nothing')
    .action(async (names: string[], flags: RunFlags) => {
      const { run } = await import('./commands/run.ts')
      leave(await run(names, flags, context()))
    })
}

function addOthers(root: Command, leave: (code: number) => void): void {
  root.command('report')
    .description('judge a run again and print it')
    .argument('<run>', 'a folder under reports/, a run.ndjson, or latest')
    .option('--format <name>', 'terminal (default), markdown or json', once)
    .option('--strict', 'a warning is exit 1, a skipped claim exit 3')
    .option('--out <folder>', 'where latest is looked for (reports)', once)
    .action(async (place: string, flags: ReportFlags) => {
      const { report } = await import('./commands/report.ts')
      leave(report(place, flags, context()))
    })
  root.command('compare')
    .description('set a run beside an earlier one of the same system; the exit code is the later one\'s own')
    .argument('<before>', 'a folder under reports/, a run.ndjson, or latest')
    .argument('<after>', 'the run that is set beside it')
    .option('--format <name>', 'terminal (default), markdown or json', once)
    .option('--strict', 'a warning is exit 1, a skipped claim exit 3')
    .option('--out <folder>', 'where latest is looked for (reports)', once)
    .action(async (before: string, after: string, flags: CompareFlags) => {
      const { compare } = await import('./commands/compare.ts')
      leave(compare(before, after, flags, context()))
    })
  root.command('mock')
    .description('our mock model in the foreground; `first-token mock --help` lists its flags')
    .allowUnknownOption()
    .helpOption(false)
    .argument('[flags...]')
    .action(async () => {
      const { mock } = await import('./commands/mock.ts')
      leave(await mock(process.argv.slice(process.argv.indexOf('mock') + 1)))
    })
  addStack(root, leave)
  root.command('doctor')
    .description('prove on this machine what the harness can detect')
    .option('--self', 'the detection matrix: every defect must fail its claims, and nothing else')
    .option('--scenario <name>', 'the rows of this scenario alone', collect)
    .option('--row <defect>', 'this row alone, as the matrix prints it: slots=1', collect)
    .option('--seed <n>', 'draw the order of sides from this', once)
    .option('--json', 'print one JSON document and nothing else')
    .option('--out <folder>', 'where reports go (reports)', once)
    .action(async (flags: { self?: boolean; scenario?: string[]; row?: string[]; seed?: string; json?: boolean; out?: string }) => {
      const { doctor } = await import('./commands/doctor.ts')
      leave(await doctor(flags, context()))
    })
}

function addStack(root: Command, leave: (code: number) => void): void {
  const stack = root.command('stack').description('start a stack to look at by hand')
  stack.command('up')
    .description('start it and keep it up until Ctrl-C')
    .argument('<name>', 'control, open-webui, ollama or compose')
    .option('--profiles <names>', 'of a real stack: its sides (default: before,after,recommended; ollama: before,after)', once)
    .option('--model-server <name>', 'what answers behind a real stack: mock (default) or ollama', once)
    .option('--set-env <[profile:]name=value>', 'an environment variable of a real stack; a secret by NAME=env:VAR', collect)
    .option('--port <n>', 'of a real stack: the port of its first side; the others take those that follow (default: free ones)', once)
    .option('--quick', 'short time-outs, as `run --quick` has them')
    .option('--defect <[side:]setting=value>', 'change a setting of the control stack, or of the mock behind a real one: mock:slots=1', collect)
    .action(async (name: string, flags: StackFlags) => {
      const { stackUp } = await import('./commands/stack.ts')
      leave(await stackUp(name, flags, context()))
    })
  stack.command('status')
    .description('what is up, where, and since when')
    .argument('[name]', 'of one stack alone')
    .action(async (name: string | undefined) => {
      const { stackStatus } = await import('./commands/stack-left.ts')
      leave(stackStatus(name, context()))
    })
  stack.command('logs')
    .description('what a side has written')
    .argument('<name>', 'the stack')
    .argument('[side]', 'one of its sides (default: all)')
    .action(async (name: string, side: string | undefined) => {
      const { stackLogs } = await import('./commands/stack-left.ts')
      leave(await stackLogs(name, side, context()))
    })
  stack.command('down')
    .description('stop everything that is up, whoever started it')
    .argument('[name]', 'of one stack alone')
    .action(async (name: string | undefined) => {
      const { stackDown } = await import('./commands/stack-left.ts')
      leave(await stackDown(name, context()))
    })
}

function addInit(root: Command, leave: (code: number) => void): void {
  root.command('init')
    .description('ask what a run needs to know of your system, and write first-token.json')
    .option('--url <url>', 'its address, as in the browser', once)
    .option('--kind <kind>', 'openai, ollama or open-webui (else the server is asked)', once)
    .option('--model <name>', 'the model to ask for', once)
    .option('--token-env <var>', 'the NAME of the variable that holds the token or key', once)
    .option('--allow-host <host>', 'a public host that is yours to load', collect)
    .option('--out <file>', 'the file to write (first-token.json)', once)
    .option('--yes', 'ask nothing: take what the server shows')
    .option('--force', 'overwrite a file that is there')
    .action(async (flags: InitFlags) => {
      const { init } = await import('./commands/init.ts')
      leave(await init(flags, context()))
    })
}

function longFlags(root: Command): string[] {
  return root.commands.flatMap((command) => command.options.map((option) => option.long?.slice(2) ?? '')).filter((name) => name !== '')
}

async function main(): Promise<number> {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major < leastNode[0] || (major === leastNode[0] && minor < leastNode[1])) {
    throw new UsageError({ what: `Node ${process.versions.node} is too old.`, fix: `first-token needs Node ${leastNode.join('.')} or newer.` })
  }
  let exitCode: number = exitCodes.pass
  const root = program((code) => { exitCode = code })
  const swallowed = swallowedFlags(process.env, longFlags(root), process.argv.slice(2))
  if (swallowed.length > 0) throw new UsageError(swallowed)
  if (process.argv.length <= 2) {
    process.stdout.write(root.helpInformation())
    return exitCodes.usage
  }
  await root.parseAsync()
  return exitCode
}

const verbs = ['run', 'report', 'compare', 'mock', 'stack', 'doctor', 'init']
const stackVerbs = ['up', 'status', 'logs', 'down']

/** The command whose help has what was wrong, with a space behind it; nothing where there is no such command. */
function knownCommand([verb, second]: readonly string[]): string {
  if (verb === undefined || !verbs.includes(verb)) return ''
  return verb === 'stack' && second !== undefined && stackVerbs.includes(second) ? `stack ${second} ` : `${verb} `
}

/** commander puts its suggestion on a line of its own, and has no words where it would print its help. */
function commanderWords({ code, message }: CommanderError): string {
  if (code === 'commander.help') return process.argv[2] === 'help' ? `there is no command ${process.argv[3] ?? ''}` : `${process.argv[2] ?? ''} needs to be told what: see its commands`
  return message.replace(/^error: /, '').replaceAll('\n', ' ')
}

function explain(error: unknown): number {
  if (error instanceof UsageError) {
    for (const { what, fix } of error.problems) process.stderr.write(`first-token: ${what}\n  ${fix}\n`)
    return error.exitCode
  }
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return exitCodes.pass
    process.stderr.write(`first-token: ${commanderWords(error)}\n  See first-token ${knownCommand(process.argv.slice(2))}--help.\n`)
    return exitCodes.usage
  }
  process.stderr.write(`first-token crashed; this is a defect of first-token.\n${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
  return exitCodes.crash
}

// Whoever reads a pipe may have read enough (`| head`): then the exit code is still the verdict's. What cannot be written for another reason is lost.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') return
  process.stderr.write(`first-token: the output cannot be written (${error.code ?? error.message}).\n`)
  process.exit(exitCodes.crash)
})

try {
  process.exitCode = await main()
} catch (error) {
  process.exitCode = explain(error)
}
