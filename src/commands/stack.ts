import { UsageError } from '../errors.ts'
import { parseDefects } from '../stack/control/settings.ts'
import { startControlStack } from '../stack/control/stack.ts'
import { processFiles } from './package-files.ts'
import type { CommandContext } from './context.ts'
import { StopSignal } from './stop-signal.ts'

/** `first-token stack up control`: the control stack in the foreground, to be looked at by hand, until Ctrl-C. */
export async function stackUp(name: string, defects: readonly string[], context: CommandContext): Promise<number> {
  if (name !== 'control') throw new UsageError({ what: `There is no stack "${name}".`, fix: 'The stack that comes with first-token is control.' })
  const names = ['before', 'after'] as const
  const perSide = parseDefects([...defects], [...names])
  const stop = new StopSignal()
  const stack = await startControlStack({ sides: names.map((side) => ({ name: side, profile: side, defects: perSide[side] ?? {} })), files: processFiles() })
  try {
    context.out(`mock    ${stack.mock.url}/v1\n`)
    for (const side of stack.sides) context.out(`${side.name.padEnd(7)} ${side.url}/v1   ${Object.entries(side.settings).map(([key, value]) => `${key}=${String(value)}`).join(' ')}\n`)
    context.err('The stack runs until Ctrl-C.\n')
    void stack.died.then(({ name: lost, detail }) => stop.abort(`${lost} ended unasked (${detail})`))
    await new Promise<void>((resolve) => {
      if (stop.signal.aborted) resolve()
      else stop.signal.addEventListener('abort', () => resolve(), { once: true })
    })
    if (stop.exitCode === undefined) context.err(`${String(stop.signal.reason)}\n`)
    return stop.exitCode === undefined ? 1 : 0
  } finally {
    await stack.down()
    stop.release()
  }
}
