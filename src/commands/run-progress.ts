import type { Progress } from '../engine/conductor.ts'
import { expectedCost } from '../engine/plan.ts'
import { planLine, progressLine, spoiltLine } from '../report/progress.ts'
import type { SideSpec } from '../sample/run-file.ts'
import type { ScenarioSpec } from '../scenario/spec.ts'
import type { CommandContext } from './context.ts'

/** Progress on stderr: one line that rewrites itself on a terminal, a line per round elsewhere. */
export interface ProgressWriter {
  show(event: Progress, sides: readonly SideSpec[], scenario: ScenarioSpec, now: number): void
  note(text: string): void
  /** Clears the line. Safe to call twice. */
  end(): void
}

export function progressWriter(context: CommandContext): ProgressWriter {
  const rewrites = process.stderr.isTTY === true && context.environment['TERM'] !== 'dumb'
  let lineShown = false
  let lastRound = 0
  let roundsBeganAt = 0
  const clear = (): void => {
    if (lineShown) context.err('\r\u001b[K')
    lineShown = false
  }
  const note = (text: string): void => {
    clear()
    context.err(`${text}\n`)
  }
  const status = (text: string, everyTime: boolean): void => {
    if (!rewrites) {
      if (everyTime) context.err(`${text}\n`)
      return
    }
    clear()
    context.err(text.slice(0, (process.stderr.columns ?? 80) - 1))
    lineShown = true
  }
  return {
    note,
    end: clear,
    show: (event, sides, scenario, now) => {
      switch (event.kind) {
        case 'calibrating': status('calibrating: does the tester measure what the mock did?', true); break
        case 'warming-up': status(`warming up ${sides.map((side) => side.name).join(' and ')}`, true); break
        case 'planned': {
          roundsBeganAt = now
          lastRound = 0
          const cost = event.cost ?? expectedCost(scenario, event.plans.map((plan) => ({ ...plan, tokensPerSecond: sides.find(({ name }) => name === plan.side)?.tokensPerSecond })), event.rounds)
          note(planLine({ scenario: scenario.name, rounds: event.rounds, ...cost }))
          if (now + cost.time > event.budget) note('that is longer than the budget: this first look is taken all the same, and no further one; Ctrl-C stops it')
          break
        }
        case 'phase': {
          const done = event.round - 1
          const elapsed = now - roundsBeganAt
          const remaining = done === 0 ? undefined : (elapsed / done) * (event.rounds - done)
          status(progressLine({ round: event.round, rounds: event.rounds, side: event.side, phase: event.phase, elapsed, remaining }), event.round !== lastRound)
          lastRound = event.round
          break
        }
        case 'spoilt': note(spoiltLine(event)); break
        case 'look': if (!event.decided) note(`after ${event.rounds} ${event.rounds === 1 ? 'round' : 'rounds'} the evidence does not decide yet`); break
      }
    },
  }
}
