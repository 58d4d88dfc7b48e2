import type { RunClock } from '../engine/node/clock.ts'
import type { Rules } from '../sample/run-file.ts'
import { startSideProcess } from '../stack/side-process.ts'
import { targetOf } from '../target/chat-target.ts'
import type { Target } from '../target/target.ts'
import type { MeasureOptions } from './measure.ts'
import { processFiles } from './package-files.ts'
import { SideSwitch, type SideSwitchOptions } from './side-switch.ts'

export interface TurnsOptions {
  /** What --switch says, or what brings a side of our own stack into force; undefined where there is one side, and another run has the other. */
  readonly turn: SideSwitchOptions['turn'] | undefined
  /** By side; one system where a command switches it. */
  readonly targets: ReadonlyMap<string, Target>
  /** Whether our mock is behind the target, and whether the model itself can be asked: one of them is the anchor then. */
  readonly hasMock: boolean
  readonly hasModel: boolean
  readonly load: Rules['load']
  readonly clock: RunClock
  readonly signal: AbortSignal
  readonly note: (line: string) => void
  readonly secrets: readonly string[]
}

/** What a run on a system one side at a time has beside what every run has: to be spread into the options of `measure`. */
export interface Turns {
  readonly measuring: Pick<MeasureOptions, 'turns' | 'anchorMock'>
  /** Says how the system was left, and stops the mock that was started for the anchors. */
  readonly end: () => Promise<void>
}

/** Gets what anchors and switches need: where neither the model nor a mock behind the target can be asked, a mock of our own. */
export async function takeTurns(options: TurnsOptions): Promise<Turns> {
  const { turn: how, hasMock, hasModel, clock, note } = options
  const mock = hasMock || hasModel ? undefined : await startSideProcess({ name: 'mock', file: processFiles().mock, args: [] })
  const turn = how === undefined ? undefined : new SideSwitch({ ...options, turn: how })
  return {
    measuring: {
      turns: { anchors: true, ...(turn === undefined ? {} : { switchTo: turn.switchTo }) },
      ...(mock === undefined ? {} : { anchorMock: targetOf({ kind: 'openai', url: `${mock.url}/v1`, model: 'mock', headers: {}, clock }) }),
    },
    end: async () => {
      if (typeof how === 'string' && turn !== undefined) note(turn.inForce === undefined ? 'the last switch did not come to its end: see which side the system is' : `the system is left as ${turn.inForce}`)
      await mock?.stop()
    },
  }
}
