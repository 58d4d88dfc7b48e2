import { createInterface } from 'node:readline/promises'
import type { Readable, Writable } from 'node:stream'

/** Ctrl-C, or the end of the input, at a question. */
export class Interrupted extends Error {
  readonly by: 'ctrl-c' | 'end'

  constructor(by: 'ctrl-c' | 'end') {
    super(by)
    this.name = 'Interrupted'
    this.by = by
  }
}

/** Somebody who can be asked. Every question throws `Interrupted` where no answer comes. */
export interface Person {
  /** The answer without blanks around it; may be empty. */
  ask(question: string): Promise<string>
  /** Asks `question [y/N]`; anything but a yes is a no. */
  agrees(question: string): Promise<boolean>
  /** Gives the terminal back. Safe to call twice. */
  leave(): void
}

/** Whoever sits at the terminal; undefined where input or output is none, as in CI and in pipes. Questions go to stderr: stdout is for data. */
export function personAtTerminal(): Person | undefined {
  return process.stdin.isTTY === true && process.stderr.isTTY === true ? personAt(process.stdin, process.stderr) : undefined
}

/** Both streams are taken for a terminal. */
export function personAt(input: Readable, output: Writable): Person {
  let close: (() => void) | undefined
  const ask = (question: string): Promise<string> => new Promise((resolve, reject) => {
    // An interface a question: between two of them the terminal is in its usual mode, and Ctrl-C is a signal again.
    const terminal = createInterface({ input, output, terminal: true })
    const end = (settle: () => void): void => {
      close = undefined
      // Only ours: with one of its own the interface lets go of the keys.
      terminal.off('close', onClose)
      terminal.close()
      settle()
    }
    const onClose = (): void => end(() => reject(new Interrupted('end')))
    close = onClose
    terminal.on('close', onClose)
    terminal.on('SIGINT', () => {
      output.write('\n')
      end(() => reject(new Interrupted('ctrl-c')))
    })
    terminal.question(question).then((answer) => end(() => resolve(answer.trim())), reject)
  })
  return {
    ask,
    agrees: async (question) => /^(y|yes)$/i.test(await ask(`${question} [y/N] `)),
    leave: () => close?.(),
  }
}
