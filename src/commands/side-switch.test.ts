import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, afterEach, expect, test } from 'vitest'
import { Interrupted } from '../engine/engine.ts'
import { RunClock } from '../engine/node/clock.ts'
import { UsageError } from '../errors.ts'
import { targetOf } from '../target/chat-target.ts'
import { SideSwitch, type SideSwitchOptions, switchedTargets, switchProblems } from './side-switch.ts'

const scratch = mkdtempSync(path.join(tmpdir(), 'first-token-switch-'))
const clock = new RunClock(() => {})
const servers: Server[] = []
afterEach(() => servers.splice(0).forEach((server) => server.close()))
afterAll(() => {
  clock.stop()
  rmSync(scratch, { recursive: true, force: true })
})

/** A model that answers every hello, or 503 as long as `isUp` says so. */
async function model(isUp: () => boolean = () => true): Promise<{ url: string; hellos: () => number }> {
  let hellos = 0
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      hellos += 1
      if (!isUp()) return response.writeHead(503).end('not yet')
      return response.writeHead(200, { 'content-type': 'text/event-stream' }).end('data: {"choices":[{"delta":{"content":"Hi"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n')
    })
  })
  servers.push(server)
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  const address = server.address()
  return { url: `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}/v1`, hellos: () => hellos }
}

function script(name: string, text: string): { command: string; log: () => string } {
  const file = path.join(scratch, `${name}.cjs`)
  const log = path.join(scratch, `${name}.log`)
  rmSync(log, { force: true })
  writeFileSync(file, `const log = (text) => require('node:fs').appendFileSync(${JSON.stringify(log)}, text + '\\n')\n${text}`)
  return { command: `'${process.execPath}' '${file}' {side}`, log: () => (existsSync(log) ? readFileSync(log, 'utf8') : '') }
}

function switching(url: string, command: string, parts: Partial<SideSwitchOptions> = {}): { turn: SideSwitch; said: string[] } {
  const said: string[] = []
  const turn = new SideSwitch({
    turn: command, targets: new Map(['before', 'after'].map((side) => [side, targetOf({ kind: 'openai', url: url, model: 'm', headers: {}, clock })])), hasMock: false, load: undefined, clock, signal: new AbortController().signal,
    note: (line) => said.push(line), secrets: [], ...parts, patience: { poll: 20, ...parts.patience },
  })
  return { turn, said }
}

const refusal = async (ended: Promise<unknown>): Promise<UsageError> => {
  const error = await ended.then(() => undefined, (thrown: unknown) => thrown)
  return error instanceof UsageError ? error : expect.fail(String(error))
}

test('the command is run with the side, its output is told, and the visit begins with twenty hellos; for the side in force nothing is done', async () => {
  const { url, hellos } = await model()
  const { command, log } = script('works', "log(process.argv[2]); console.log('up as ' + process.argv[2]); console.error('\\u001b[2Jwarned')")
  const { turn, said } = switching(url, command)
  for (const side of ['before', 'before', 'after']) await turn.switchTo(side)
  expect(log()).toBe('before\nafter\n')
  expect(turn.inForce).toBe('after')
  expect(hellos()).toBe(2 * 21)
  await expect.poll(() => said.filter((line) => line.startsWith('switch: '))).toEqual(expect.arrayContaining(['switch: up as before', 'switch: warned', 'switch: up as after']))
  expect(said[0]).toMatch(/^switching to before: /)
})

test('a side of our own stack is brought by a function, and answers at an address of its own', async () => {
  const [before, after] = [await model(), await model()]
  const brought: string[] = []
  const targets = new Map(Object.entries({ before, after }).map(([side, { url }]) => [side, targetOf({ kind: 'openai', url, model: 'm', headers: {}, clock })]))
  const { turn, said } = switching(before.url, '', { turn: async (side) => { brought.push(side) }, targets })
  for (const side of ['before', 'after', 'after']) await turn.switchTo(side)
  expect(brought).toEqual(['before', 'after'])
  expect([before.hellos(), after.hellos()]).toEqual([21, 21])
  expect(said).toEqual(['switching to before', 'switching to after'])
})

test('a gentle visit begins with one hello', async () => {
  const { url, hellos } = await model()
  const { turn } = switching(url, 'true {side}', { load: 'gentle' })
  await turn.switchTo('after')
  expect(hellos()).toBe(2)
})

test('it waits until the system answers again', async () => {
  let asked = 0
  const { url } = await model(() => (asked += 1) > 3)
  const { turn } = switching(url, 'true {side}')
  await turn.switchTo('after')
  expect(asked).toBe(4 + 20)
})

test('a system that does not come back is exit 5, with what it says instead', async () => {
  const { url } = await model(() => false)
  const { problems, exitCode } = await refusal(switching(url, 'true {side}', { patience: { answer: 60 } }).turn.switchTo('after'))
  expect([exitCode, problems[0]?.what]).toEqual([5, expect.stringMatching(/answered no hello within 60 ms after the switch to after: http-status \(503/)])
})

test('a command that fails stops the run, with its exit code; the next switch runs it again', async () => {
  const { url, hellos } = await model()
  const { command, log } = script('fails', "log(process.argv[2]); process.exit(process.argv[2] === 'after' ? 7 : 0)")
  const { turn } = switching(url, command)
  await turn.switchTo('before')
  const { problems, exitCode } = await refusal(turn.switchTo('after'))
  expect([exitCode, problems[0]?.what, hellos(), turn.inForce]).toEqual([2, expect.stringMatching(/fails\.cjs' after` ended with exit code 7\.$/), 21, undefined])
  await turn.switchTo('before')
  expect(log()).toBe('before\nafter\nbefore\n')
})

test('a command that does not end is ended after its time, with what it has started', async () => {
  const { url } = await model()
  const { command, log } = script('hangs', "log(String(process.pid)); setInterval(() => {}, 1000)")
  const { problems } = await refusal(switching(url, `${command} & wait`, { patience: { command: 400 } }).turn.switchTo('after'))
  expect(problems[0]?.what).toMatch(/was not over after 400 ms\.$/)
  await expect.poll(() => isAlive(Number(log()))).toBe(false)
})

test('Ctrl-C ends the command and its process group', async () => {
  const { url } = await model()
  const controller = new AbortController()
  const { command, log } = script('stopped', "log(String(process.pid)); setInterval(() => {}, 1000)")
  const { turn } = switching(url, `${command} & wait`, { signal: controller.signal })
  const ended = turn.switchTo('after').then(() => undefined, (error: unknown) => error)
  await expect.poll(log).toMatch(/^\d+\n$/)
  controller.abort('SIGINT')
  expect(await ended).toBeInstanceOf(Interrupted)
  await expect.poll(() => isAlive(Number(log()))).toBe(false)
})

test('a system that the command leaves running in the background holds nothing up, and goes on', async () => {
  const { url } = await model()
  const { command, log } = script('stays', "log(String(process.pid)); setInterval(() => console.log('alive'), 20)")
  const { turn, said } = switching(url, `${command} &`)
  await turn.switchTo('after')
  try {
    await expect.poll(() => said.filter((line) => line === 'switch: alive').length).toBeGreaterThan(2)
  } finally {
    process.kill(Number(log()))
  }
})

test('what the command says of a key is struck out', async () => {
  const { url } = await model()
  const { turn, said } = switching(url, 'echo key=sk-canary-1 {side}', { secrets: ['sk-canary-1'] })
  await turn.switchTo('after')
  expect(said.join('\n')).not.toContain('sk-canary-1')
})

test('one target becomes both sides', () => {
  expect(switchedTargets({ side: 'target', role: 'judged', kind: 'openai', url: 'http://127.0.0.1:1/v1' }).map(({ side, role, url }) => [side, role, url])).toEqual([['before', 'reference', 'http://127.0.0.1:1/v1'], ['after', 'judged', 'http://127.0.0.1:1/v1']])
})

test.each([
  [{}, []],
  [{ switch: './s.sh {side}', target: 'openai=http://a', load: 'full' }, []],
  [{ switch: './s.sh {side}', target: 'openai=http://a', load: 'full', rounds: '6' }, []],
  [{ switch: './s.sh {side}', target: 'openai=http://a' }, [/a gentle run takes none/]],
  [{ switch: './s.sh', label: 'x', rounds: '5' }, [/none was named/, /a gentle run takes none/, /--label/, /where the side belongs/, /--rounds 5/]],
])('flags beside --switch: %j', (flags, problems) => {
  expect(switchProblems(flags).map(({ what }) => what)).toEqual(problems.map((text) => expect.stringMatching(text)))
})

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}
