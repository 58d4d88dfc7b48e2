import { parseArgs } from 'node:util'
import { type Problem, UsageError } from '../../errors.ts'
import { Gateway } from './gateway.ts'
import { profileNames, type Settings, settingsHelp, settingsOf } from './settings.ts'

const help = `The control gateway: a chat gateway whose defects are settings.

control-gateway --upstream URL [--profile ${profileNames.join('|')}] [--set setting=value ...] [--port 0] [--host 127.0.0.1] [--exit-with-parent]

  --upstream URL       the model, as an OpenAI client is told of it: http://127.0.0.1:PORT/v1
  --exit-with-parent   ends when its standard input does: whoever started it is gone

Settings, with their values where no profile says otherwise:
${settingsHelp()}
`

interface Options {
  readonly upstream: URL
  readonly settings: Settings
  readonly port: number
  readonly host: string
  readonly exitWithParent: boolean
}

/** @throws {UsageError} with everything that is wrong with the command line. */
function readOptions(args: readonly string[]): Options | 'help' {
  const { values } = parsed(args)
  if (values.help === true) return 'help'
  const problems: Problem[] = []
  const upstream = httpUrl(values.upstream ?? '')
  if (upstream === undefined) problems.push({ what: `--upstream is not an http:// address: "${values.upstream ?? ''}".`, fix: 'Give the base of an OpenAI API, such as http://127.0.0.1:8000/v1.' })
  const port = /^\d{1,5}$/.test(values.port) ? Number(values.port) : 65_536
  if (port > 65_535) problems.push({ what: `--port cannot be "${values.port}".`, fix: 'It takes 0 (any free port) to 65535.' })
  let settings: Settings | undefined
  try {
    settings = settingsOf(values.profile, values.set)
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    problems.push(...error.problems)
  }
  if (upstream === undefined || settings === undefined || problems.length > 0) throw new UsageError(problems)
  return { upstream, settings, port, host: values.host, exitWithParent: values['exit-with-parent'] }
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        upstream: { type: 'string' },
        profile: { type: 'string' },
        set: { type: 'string', multiple: true, default: [] },
        port: { type: 'string', default: '0' },
        host: { type: 'string', default: '127.0.0.1' },
        'exit-with-parent': { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h' },
      },
    })
  } catch (error) {
    throw new UsageError({ what: error instanceof Error ? error.message : String(error), fix: 'See --help.' })
  }
}

function httpUrl(text: string): URL | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined
  return url?.protocol === 'http:' ? url : undefined
}

async function serve({ upstream, settings, port, host, exitWithParent }: Options): Promise<void> {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => process.exit(0))
  if (exitWithParent) {
    // The kernel closes the pipe when the parent dies, however it dies.
    for (const event of ['end', 'error', 'close']) process.stdin.on(event, () => process.exit(0))
    process.stdin.resume()
  }
  const bound = await new Gateway(upstream, settings).listen(port, host).catch((error: unknown) => {
    throw new UsageError({ what: `Nothing can listen on ${host}:${port} (${error instanceof Error ? error.message : String(error)}).`, fix: 'Choose another --host or --port.' })
  })
  process.stdout.write(`${JSON.stringify({ ready: true, url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}`, pid: process.pid })}\n`)
}

try {
  const options = readOptions(process.argv.slice(2))
  if (options === 'help') process.stdout.write(help)
  else await serve(options)
} catch (error) {
  if (!(error instanceof UsageError)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exitCode = error.exitCode
  // With --exit-with-parent the open standard input would keep a process that serves nothing.
  process.exit()
}
