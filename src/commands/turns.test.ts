import { afterAll, expect, test } from 'vitest'
import { RunClock } from '../engine/node/clock.ts'
import { targetOf } from '../target/chat-target.ts'
import { takeTurns, type TurnsOptions } from './turns.ts'

const clock = new RunClock(() => {})
afterAll(() => clock.stop())

const options = (parts: Partial<TurnsOptions>): TurnsOptions => ({
  turn: undefined, targets: new Map([['after', targetOf({ kind: 'openai', url: 'http://127.0.0.1:9/v1', model: 'm', headers: {}, clock })]]), hasMock: true, hasModel: false, load: undefined,
  clock, signal: new AbortController().signal, note: () => {}, secrets: [], ...parts,
})

test('a run of one side asks anchors and switches nothing', async () => {
  const { measuring, end } = await takeTurns(options({}))
  expect(measuring).toEqual({ turns: { anchors: true } })
  await end()
})

test('a run with a command switches, and says at the end how the system is left', async () => {
  const said: string[] = []
  const { measuring, end } = await takeTurns(options({ turn: 'false {side}', note: (line) => said.push(line) }))
  await expect(measuring.turns?.switchTo?.('after')).rejects.toThrow(/exit code 1/)
  await end()
  expect(said.at(-1)).toBe('the last switch did not come to its end: see which side the system is')
})

test('where nobody can be asked past the system, a mock of our own is, and is stopped at the end', async () => {
  const { measuring: { anchorMock }, end } = await takeTurns(options({ hasMock: false }))
  const hello = async (): Promise<string> => {
    const session = anchorMock?.open()
    const answer = await session?.say({ id: 'a', text: 'Hello', mock: { tokens: 1, firstTokenAfter: 2, gap: 20 } }).done
    await session?.close()
    return answer?.outcome.kind ?? 'no mock'
  }
  expect(await hello()).toBe('answered')
  await end()
  expect(await hello()).toBe('failed')
})
