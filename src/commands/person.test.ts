import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { Interrupted, personAt } from './person.ts'

function terminal(): { input: PassThrough; shown: () => string; person: ReturnType<typeof personAt> } {
  const input = new PassThrough()
  const output = new PassThrough()
  let text = ''
  output.on('data', (bytes: Buffer) => { text += bytes.toString() })
  return { input, shown: () => text, person: personAt(input, output) }
}

test('an answer comes without the blanks around it, one question after another', async () => {
  const { input, shown, person } = terminal()
  const first = person.ask('Model: ')
  input.write('  llama3 \n')
  expect(await first).toBe('llama3')
  const second = person.ask('Token: ')
  input.write('\n')
  expect(await second).toBe('')
  expect(shown()).toMatch(/Model: [^]*Token: /)
})

test('what is typed is echoed once, however many questions came before', async () => {
  const { input, shown, person } = terminal()
  for (const word of ['one', 'two', 'three']) {
    const asked = person.ask('? ')
    input.write(`${word}\n`)
    expect(await asked).toBe(word)
  }
  expect(shown().replaceAll(/[^a-z]/g, '')).toBe('onetwothree')
  expect(input.listenerCount('keypress')).toBe(0)
})

test.each([['y', true], ['YES', true], ['', false], ['n', false], ['yellow', false]])('"%s" to a yes-or-no question is %s', async (answer, yes) => {
  const { input, shown, person } = terminal()
  const agreed = person.agrees('Go on?')
  input.write(`${answer}\n`)
  expect(await agreed).toBe(yes)
  expect(shown()).toContain('Go on? [y/N] ')
})

test('Ctrl-C and the end of the input are told apart from an answer', async () => {
  for (const [keys, by] of [['\u0003', 'ctrl-c'], ['\u0004', 'end']] as const) {
    const { input, person } = terminal()
    const asked = person.ask('URL: ')
    input.write(keys)
    const error: unknown = await asked.catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(Interrupted)
    expect(error).toMatchObject({ by })
  }
})

test('who leaves is not asked any longer', async () => {
  const { person } = terminal()
  const asked = person.ask('URL: ')
  person.leave()
  await expect(asked).rejects.toBeInstanceOf(Interrupted)
  person.leave()
})
