import { expect, test } from 'vitest'
import { UsageError } from '../errors.ts'
import { announcement, confirm } from './announcement.ts'
import type { CommandContext } from './context.ts'
import { Interrupted, type Person } from './person.ts'

const gentle = { messages: 31, tokens: 4_000, time: 360_000, inFlight: 2, host: 'chat.example.org', model: 'llama3' }
const said = 'about 31 messages, ≤ 4,000 answer tokens, 6 min, ≤ 2 at once against chat.example.org, model llama3'

test.each([
  [{}, said],
  [{ messages: 1, tokens: 1, time: 400, inFlight: 1 }, 'about 1 message, ≤ 1 answer token, 1 s, ≤ 1 at once against chat.example.org, model llama3'],
  [{ messages: 4_123, tokens: 26_012, time: 95_000, inFlight: 96 }, 'about 4,100 messages, ≤ 27,000 answer tokens, 95 s, ≤ 96 at once against chat.example.org, model llama3'],
  [{ tokens: Infinity }, said.replace('≤ 4,000 answer tokens', 'answers as long as the model likes')],
  [{ model: 'llama3\u001b[31m\n' }, said],
  [{ model: 'sk-canary', secrets: ['sk-canary'] }, said.replace('llama3', '[secret]')],
])('%j', (change, text) => {
  expect(announcement({ ...gentle, ...change }).replace(/[^\p{L}\p{N}\p{P}\p{S} ]/gu, '').trim()).toBe(text)
})

test('a most is never rounded down', () => {
  for (let tokens = 1; tokens < 30_000; tokens += 7) {
    const most = Number(/≤ ([\d,]+) answer/.exec(announcement({ ...gentle, tokens }))?.[1]?.replaceAll(',', ''))
    expect(most).toBeGreaterThanOrEqual(tokens)
    expect(most).toBeLessThan(tokens * 1.1 + 1)
  }
})

function told(): { context: CommandContext; text: () => string } {
  let text = ''
  return { context: { argv: [], environment: {}, out: () => { throw new Error('stdout is for data') }, err: (more) => { text += more }, colour: false, width: undefined }, text: () => text }
}

const answers = (answer: boolean | Error): Person & { left: boolean } => {
  const person = {
    left: false,
    ask: (): Promise<string> => Promise.reject(new Error('not asked')),
    agrees: (question: string): Promise<boolean> => (question !== 'Go on?' ? Promise.reject(new Error(question)) : answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer)),
    leave: (): void => { person.left = true },
  }
  return person
}

async function refusal(person: Person | undefined): Promise<UsageError> {
  const error: unknown = await confirm(told().context, said, { yes: false, person }).catch((reason: unknown) => reason)
  if (!(error instanceof UsageError)) throw new Error('not refused')
  return error
}

test('--yes says it and asks nobody', async () => {
  const { context, text } = told()
  await confirm(context, said, { yes: true })
  expect(text()).toBe(`${said}\n`)
})

test('who sits at a terminal is told, asked, and may say yes', async () => {
  const { context, text } = told()
  const person = answers(true)
  await confirm(context, said, { yes: false, person })
  expect(text()).toBe(`${said}\n`)
  expect(person.left).toBe(true)
})

test('a no is exit 2, and Ctrl-C is 130: nothing was sent', async () => {
  const no = await refusal(answers(false))
  expect([no.exitCode, no.problems[0]?.what]).toEqual([2, 'Nothing was sent: the answer was not yes.'])
  const person = answers(new Interrupted('ctrl-c'))
  expect((await refusal(person)).exitCode).toBe(130)
  expect(person.left).toBe(true)
})

test('without a terminal the announcement is what is refused, and the fix is --yes', async () => {
  // The test's own stdin is no terminal.
  const error = await refusal(undefined)
  expect(error.exitCode).toBe(2)
  expect(error.problems).toEqual([{ what: said, fix: 'Nobody is at a terminal to be asked: add --yes if that may be sent.' }])
})
