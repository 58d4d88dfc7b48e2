import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'

const cli = path.resolve(import.meta.dirname, '../dist/cli.js')
const scratch = mkdtempSync(path.join(tmpdir(), 'first-token-cli-'))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

const environment = { PATH: process.env['PATH'] ?? '', HOME: scratch }

function firstToken(args: readonly string[], extra: Record<string, string> = {}): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [cli, ...args], { env: { ...environment, ...extra }, cwd: scratch, stdio: ['ignore', 'pipe', 'pipe'] })
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (bytes: Buffer) => { stdout += bytes.toString() })
    child.stderr.on('data', (bytes: Buffer) => { stderr += bytes.toString() })
    child.on('exit', (code) => resolve({ code, stdout, stderr }))
  })
}

/** A clear error is short, says what and how to mend it, and is no stack trace. */
async function refuses(args: readonly string[], code: number, says: RegExp, extra: Record<string, string> = {}): Promise<string> {
  const ended = await firstToken(args, extra)
  expect(ended.stderr).toMatch(says)
  expect(ended.stderr).not.toMatch(/^\s+at .*:\d+:\d+/m)
  expect(ended.stdout).toBe('')
  expect(ended.code).toBe(code)
  return ended.stderr
}

const isAlive = (pid: string): boolean => existsSync(`/proc/${pid}`)

const scenario = (body: string): string => `import { ms, scenario, seconds } from 'first-token'\nexport default scenario({\n${body}\n})\n`
const parts = {
  head: "  name: 'mine',\n  question: 'q?',\n",
  messages: "  messages: { hello: { text: 'Hello' } },\n",
  phases: "  phases: { quiet: { say: 'hello' } },\n",
  claims: "  claims: ({ firstVisible }) => ({ 'is fast': firstVisible('hello', { during: ['quiet'] }).p95.atMost(seconds(1)) }),",
}

function scenarioFile(name: string, text: string): string {
  const file = path.join(scratch, name)
  writeFileSync(file, text)
  return file
}

let page = { url: '', close: (): void => {} }
beforeAll(async () => {
  const server = createServer((_request, response) => { response.writeHead(200, { 'content-type': 'text/html' }).end('<html>Sign in</html>') })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  const address = server.address()
  page = { url: `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}/v1`, close: () => server.close() }
})
afterAll(() => page.close())

test('an unknown scenario is refused with the nearest that there is', () => refuses(['run', 'concurent'], 2, /no scenario "concurent"[\s\S]*Did you mean concurrent\?/))

test('surplus positionals are refused, and a number hints at the flag that npm took', () => refuses(['run', 'concurrent', '5'], 2, /no scenario "5"[\s\S]*npm run scenario -- concurrent/))

test('kill -9 of first-token mock leaves no mock behind', async () => {
  const child = spawn(process.execPath, [cli, 'mock'], { env: environment, stdio: ['ignore', 'pipe', 'inherit'] })
  const line = await new Promise<string>((resolve) => { child.stdout.once('data', (bytes: Buffer) => resolve(bytes.toString())) })
  const pid = /"pid":(\d+)/.exec(line)?.[1] ?? ''
  expect(isAlive(pid)).toBe(true)
  child.kill('SIGKILL')
  await expect.poll(() => isAlive(pid), { timeout: 5_000 }).toBe(false)
})

test('a flag that npm swallowed is told of', () => refuses(['run', 'concurrent'], 2, /npm took --quick[\s\S]*npm run scenario -- concurrent --quick/, { npm_lifecycle_event: 'scenario', npm_config_quick: 'true' }))

test('every problem of the flags is told at once', async () => {
  const text = await refuses(['run', 'concurrent', '--rounds', 'many', '--budget', '45', '--seed', '-1', '--load', 'heavy'], 2, /--rounds many/)
  expect(text).toMatch(/--budget 45 is not a length of time/)
  expect(text).toMatch(/--seed -1/)
  expect(text).toMatch(/--load heavy/)
})

test('an unknown flag and an unknown command are refused', async () => {
  await refuses(['run', 'concurrent', '--quik'], 2, /unknown option '--quik' \(Did you mean --quick\?\)/)
  await refuses(['measure'], 2, /unknown command 'measure'[\s\S]*See first-token --help/)
  await refuses(['stack'], 2, /stack needs to be told what/)
})

test('a flag that is given twice, is empty, or swallowed the next flag is refused', async () => {
  await refuses(['run', 'concurrent', '--rounds', '2', '--rounds', '3'], 2, /given twice: 2 and 3/)
  await refuses(['run', 'concurrent', '--out', '--quick'], 2, /--quick is another flag/)
  await refuses(['run', 'concurrent', '--out', ''], 2, /is empty/)
  expect(existsSync(path.join(scratch, '--quick'))).toBe(false)
})

test('--json goes with nothing that has no JSON form', async () => {
  await refuses(['run', '--list', '--json'], 2, /no JSON form/)
  await refuses(['run', 'concurrent', '--dry-run', '--json'], 2, /no JSON form/)
})

test('an unknown defect is refused with the nearest setting', () => refuses(['run', 'concurrent', '--defect', 'after:slot=2'], 2, /slot[\s\S]*slots/))

test('a defect of a side that there is not is refused', () => refuses(['run', 'concurrent', '--defect', 'later:slots=2'], 2, /later/))

test('a scenario with a syntax error is refused with file and line', () => refuses(['run', scenarioFile('syntax.ts', `${scenario(parts.head)}const = 1\n`)], 2, /syntax\.ts:7:7/))

test('a scenario that throws is refused with file and line', () => refuses(['run', scenarioFile('throws.ts', "const nothing = undefined\nexport default nothing.name\n")], 2, /throws\.ts:2: TypeError/))

test('a scenario with an unknown label, an unknown phase and bare numbers is refused with all of them', async () => {
  const file = scenarioFile('labels.ts', scenario(`${parts.head}  messages: { hello: { text: 'Hello', mock: { lasts: 1200 } } },\n  phases: { quiet: { say: 'hallo' } },\n  claims: ({ firstVisible }) => ({ 'is fast': firstVisible('hello', { during: ['loud'] }).p95.atMost(seconds(1)) }),`))
  const text = await refuses(['run', file], 2, /labels\.ts:2/)
  expect(text).toMatch(/no message "hallo"/)
  expect(text).toMatch(/no phase "loud"/)
  expect(text).toMatch(/a time is ms\(…\)/)
})

test('a bare number for a bound is refused', () => refuses(['run', scenarioFile('bound.ts', scenario(`${parts.head}${parts.messages}${parts.phases}${parts.claims.replace('seconds(1)', '1000')}`))], 2, /a bound on a time is ms/))

test('a scenario may import nothing but the language', () => refuses(['run', scenarioFile('imports.ts', `import { readFileSync } from 'node:fs'\n${scenario(parts.head)}readFileSync\n`)], 2, /imports\.ts:1:\d+/))

test('a scenario that waits for something while it is loaded is refused', () => refuses(['run', scenarioFile('waits.ts', 'await new Promise(() => {})\nexport default 5\n')], 2, /waits\.ts:1:1: Top-level await/))

test('what a scenario says while it is loaded does not get between the lines of stdout', async () => {
  const file = scenarioFile('talks.ts', `console.log('loading')\n${scenario(`${parts.head}${parts.messages}${parts.phases}${parts.claims}`)}`)
  const ended = await firstToken(['run', file, '--dry-run'])
  expect(ended.stdout).not.toContain('loading')
  expect(ended.stderr).toContain('loading')
  expect(ended.code).toBe(0)
})

test('a proof by a setting that the control gateway does not have is refused, also by a dry run', async () => {
  for (const [proof, says] of [['{ sloths: 1 }', /provedBy "is fast" sloths=1: The control gateway has no setting "sloths"[\s\S]*Did you mean slots/], ["{ drops: 'tokns' }", /drops cannot be "tokns"/]] as const) {
    const file = scenarioFile('proof.ts', scenario(`${parts.head}${parts.messages}${parts.phases}${parts.claims}\n  provedBy: { 'is fast': ${proof} },`))
    await refuses(['run', file, '--dry-run'], 2, says)
  }
})

test('a file that exports no scenario is refused', () => refuses(['run', scenarioFile('none.ts', 'export default 5\n')], 2, /no scenario as its default export/))

test('a scenario of the user in a folder with nothing installed is explained', async () => {
  const ended = await firstToken(['run', scenarioFile('mine.ts', scenario(`${parts.head}${parts.messages}${parts.phases}${parts.claims}`)), '--dry-run'])
  expect(ended.stdout).toMatch(/is fast:\n +time to the first word, p95: at most 1 s$/m)
  expect(ended.code).toBe(0)
})

test('reports that cannot be written are refused before anything starts', async () => {
  const file = scenarioFile('not-a-folder', '')
  for (const out of [path.join(file, 'below'), '/proc/first-token']) await refuses(['run', 'concurrent', '--out', out], 2, /cannot be written/)
})

test('a target that refuses is exit 5', () => refuses(['run', 'concurrent', '--target', 'openai=http://127.0.0.1:9/v1', '--load', 'full', '--yes'], 5, /does not answer \(ECONNREFUSED\)/))

test('a target that answers with a page is exit 2 and says which address to give', () => refuses(['run', 'concurrent', '--target', `openai=${page.url}`, '--load', 'full', '--yes'], 2, /HTML page[\s\S]*\/v1/))

test('scenarios of one name are refused before the first is measured', () => refuses(['run', 'concurrent', 'concurrent'], 2, /Two scenarios are called concurrent/))

test('a stall limit that nobody could wait for is refused', async () => {
  await refuses(['run', 'concurrent', '--stall-limit', '1h', '--dry-run'], 2, /--stall-limit 1h is too long/)
  await refuses(['run', 'concurrent', '--stall-limit', '0ms'], 2, /more than 0/)
})

test('a target whose models answer and whose chat does not is exit 5, with what it did, before anything is measured', async () => {
  const server = createServer((request, response) => { response.writeHead(request.method === 'GET' ? 200 : 500, { 'content-type': 'application/json' }).end(request.method === 'GET' ? '{"data":[{"id":"m"}]}' : '{"error":{"message":"out of memory"}}') })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  const address = server.address()
  await refuses(['run', 'concurrent', '--target', `openai=http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}/v1`, '--load', 'full', '--yes'], 5, /answers no hello: http-status \(500 out of memory\)/)
  server.close()
})

/** Lists one model, and counts what it is asked besides. */
async function listingServer(): Promise<{ url: string; asked: () => number; close: () => void }> {
  let asked = 0
  const server = createServer((request, response) => {
    if (request.method !== 'GET') asked += 1
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"data":[{"id":"m"}]}')
  })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  const address = server.address()
  return { url: `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}/v1`, asked: () => asked, close: () => server.close() }
}

test('nothing is sent to a target before it was announced: where nobody can be asked, --yes is needed', async () => {
  const { url, asked, close } = await listingServer()
  await refuses(['run', 'concurrent', '--target', `openai=${url}`], 2, /about 31 messages[^]*≤ 2 at once against 127\.0\.0\.1:\d+, model m[^]*--yes/)
  await refuses(['run', 'concurrent', '--target', `openai=${url}`, '--load', 'full'], 2, /at once against[^]*--yes/)
  expect(asked()).toBe(0)
  close()
})

test('what cannot be said gently, or needs our mock, is refused where nothing else was asked for', async () => {
  const target = ['--target', 'openai=http://127.0.0.1:9/v1', '--yes']
  await refuses(['run', 'capacity', ...target], 2, /capacity cannot be run here[^]*16 at once: add --load full/)
  await refuses(['run', 'disconnect', ...target, '--load', 'full'], 2, /disconnect cannot be run here[^]*--mock/)
  await refuses(['run', 'web-search', ...target, '--load', 'full'], 2, /--search/)
  await refuses(['run', 'overhead', ...target, '--load', 'full'], 2, /--model-url/)
})

test('parameters: an unknown one and one that is no time are refused', async () => {
  await refuses(['run', 'long-story', '--set', 'errorWihtin=8s'], 2, /Did you mean errorWithin/)
  await refuses(['run', 'long-story', '--set', 'errorWithin=8'], 2, /Write it with its unit/)
  await refuses(['run', 'long-story', '--set', 'errorWithin'], 2, /NAME=VALUE/)
})

test('a configuration with five mistakes is refused with all five, each with its place', async () => {
  const file = scenarioFile('five.json', JSON.stringify({ target: { kind: 'openwebui', url: 'nowhere' }, modle: 'm', maxMessages: -1, apiKey: 'sk-canary-4711' }))
  const said = await refuses(['run', 'concurrent', '--config', file], 2, /target\.kind[^]*target\.url[^]*maxMessages/)
  for (const place of ['modle', 'apiKey']) expect(said).toContain(place)
  expect(said).not.toContain('canary')
})

test('public hosts and model providers are refused', async () => {
  await refuses(['run', 'concurrent', '--target', 'openai=http://93.184.215.14/v1', '--load', 'full'], 2, /public host[\s\S]*--allow-host 93\.184\.215\.14/)
  await refuses(['run', 'concurrent', '--target', 'openai=https://api.openai.com/v1', '--load', 'full', '--allow-host', 'api.openai.com'], 2, /model provider/)
})

test('a target that is no address, or of a kind that there is none of, is refused', async () => {
  await refuses(['run', 'concurrent', '--target', 'http://127.0.0.1:1/v1', '--load', 'full'], 2, /KIND=URL/)
  await refuses(['run', 'concurrent', '--target', 'libre-chat=http://127.0.0.1:1', '--load', 'full'], 2, /libre-chat[^]*open-webui=http/)
  await refuses(['run', 'concurrent', '--target', 'openai=http://user:secret-word@127.0.0.1:1/v1', '--load', 'full'], 2, /user name or a password/)
})

test('a key that the environment lacks is refused, and no key is ever in the arguments', async () => {
  await refuses(['run', 'concurrent', '--target', `openai=${page.url}`, '--load', 'full', '--api-key-env', 'NO_SUCH_KEY'], 2, /no NO_SUCH_KEY/)
  await refuses(['run', 'concurrent', '--target', `openai=${page.url}`, '--load', 'full', '--header', 'X-Key=secret-word'], 2, /Name=env:VAR/)
})

test('a key that cannot be sent is refused, and is not shown', async () => {
  const target = ['run', 'concurrent', '--target', `openai=${page.url}`, '--load', 'full']
  const key = async (text: string, says: RegExp): Promise<void> => { expect(await refuses([...target, '--api-key-file', scenarioFile('key', text)], 2, says)).not.toContain('canary') }
  await key('', /key is empty/)
  await key('canary\nsecond line\n', /more than one line/)
  expect(await refuses([...target, '--api-key-env', 'KEY'], 2, /no key/, { KEY: 'canary\u0007' })).not.toContain('canary')
  await refuses([...target, '--header', 'Content-Length=env:KEY'], 2, /for first-token to set/, { KEY: '5' })
  await refuses([...target, '--header', 'X-A=env:KEY', '--header', 'x-a=env:KEY'], 2, /given twice/, { KEY: '5' })
})

test('a mock that does not answer, or is none, is refused before anything is measured', async () => {
  const target = ['run', 'concurrent', '--target', `openai=${page.url}`, '--load', 'full']
  await refuses([...target, '--mock', 'http://127.0.0.1:9'], 5, /--mock: http:\/\/127\.0\.0\.1:9 does not answer \(ECONNREFUSED\)/)
  await refuses(['run', 'concurrent', '--target', 'openai=http://127.0.0.1:9/v1', '--load', 'full', '--mock', page.url], 2, /not our mock/)
  await refuses([...target, '--mock', page.url], 2, /the same address/)
})

test('a run file that is truncated in the middle, foreign, or absent is refused', async () => {
  await refuses(['report', path.join(scratch, 'absent')], 2, /no run at/)
  await refuses(['report', scenarioFile('foreign.ndjson', '{"hello":"world"}\n')], 2, /not a run/)
  await refuses(['report', scenarioFile('text.ndjson', 'not json at all\n')], 2, /line 1 is not JSON/)
  await refuses(['report', scenarioFile('empty.ndjson', '')], 2, /header/)
  await refuses(['report', '/dev/null'], 2, /neither a file nor a folder/)
  await refuses(['report', scenarioFile('verdict.json', '{}')], 2, /a verdict, not a run/)
  await refuses(['report', 'latest', '--out', path.join(scratch, 'no-reports')], 2, /no run under/)
  await refuses(['report', scenarioFile('foreign.ndjson', '{"hello":"world"}\n'), '--format', 'pdf'], 2, /no report format "pdf"/)
})

test('help names every verb that works and costs little', () => {
  const ended = spawnSync(process.execPath, [cli, '--help'], { encoding: 'utf8', env: environment })
  expect(ended.status).toBe(0)
  for (const verb of ['run', 'report', 'mock', 'stack', 'doctor']) expect(ended.stdout).toMatch(new RegExp(`^  ${verb}\\b`, 'm'))
})

test('the help of a command says what its flags are on every stack', async () => {
  const words = async (...args: string[]): Promise<string> => (await firstToken([...args, '--help'])).stdout.replace(/\s+/g, ' ')
  expect(await words('run')).toMatch(/--profiles.*ollama: before,after\).*--via.*said over it whatever is named.*--defect.*mock:slots=1/)
  expect(await words('stack', 'up')).toMatch(/--profiles.*ollama: before,after\)/)
  expect(await words('mock')).toContain('first-token mock [flags]')
  await refuses(['stack', 'up', 'open-webui', '--quik'], 2, /See first-token stack up --help/)
  await refuses(['stack', 'uup'], 2, /See first-token stack --help/)
})

test('a scenario about the page says that it does not go by --via api', async () => {
  const ended = await firstToken(['run', 'multi-worker', '--stack', 'open-webui', '--via', 'api', '--dry-run'])
  expect(ended).toMatchObject({ code: 0, stderr: expect.stringContaining('--via api does not hold for it') })
})

test('stack down takes no name, or one that there is', async () => {
  const cache = { FIRST_TOKEN_CACHE: path.join(scratch, 'no-cache') }
  expect(await firstToken(['stack', 'down'], cache)).toMatchObject({ code: 0, stdout: 'Nothing is up.\n' })
  await refuses(['stack', 'down', 'olama'], 2, /There is no stack "olama"\.\s+Did you mean ollama\?/, cache)
})

test('the list of scenarios has each with its question', async () => {
  const ended = await firstToken(['run', '--list'])
  expect(ended.stdout).toMatch(/^concurrent +Does "Hello" start at once/m)
  expect(ended.code).toBe(0)
})

test('containers without Docker, or without a target, are a sentence and what to do', async () => {
  const nowhere = { PATH: '/nowhere' }
  await refuses(['run', 'concurrent', '--container', 'astra-ai'], 2, /--container says something about a target, and none was named\./)
  await refuses(['run', 'concurrent', '--target', 'open-webui=http://127.0.0.1:9', '--container', 'astra-ai', '--yes'], 2, /--container needs Docker, and there is no `docker` here\./, nowhere)
  await refuses(['run', 'concurrent', '--stack', 'compose'], 2, /--stack compose needs Docker, and there is no `docker` here\.[^]*--stack open-webui/, nowhere)
})
