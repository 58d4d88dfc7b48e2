/** What the process's exit code means; the table in the README is this one. */
export const exitCodes = {
  pass: 0,
  fail: 1,
  usage: 2,
  inconclusive: 3,
  invalid: 4,
  unreachable: 5,
  crash: 70,
  interrupted: 130,
  terminated: 143,
} as const

/** One thing that is wrong with what the user gave us: a sentence that says what, a sentence that says what to do. */
export interface Problem {
  readonly what: string
  readonly fix: string
}

/**
 * The user asked for something that cannot be done as asked. Holds every problem found, not the first: whoever has five mistakes in a file
 * wants to hear of five. Prints without a stack trace and exits 2, or 5 where the target never answered.
 */
export class UsageError extends Error {
  readonly problems: readonly Problem[]
  readonly exitCode: number

  constructor(problems: Problem | readonly Problem[], exitCode: number = exitCodes.usage) {
    const list = Array.isArray(problems) ? (problems as readonly Problem[]) : [problems as Problem]
    super(list.map((problem) => `${problem.what} ${problem.fix}`).join('\n'))
    this.name = 'UsageError'
    this.problems = list
    this.exitCode = exitCode
  }
}
