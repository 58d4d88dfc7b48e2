import type { Run, SideSpec } from '../sample/run-file.ts'
import type { EventClaim } from '../scenario/spec.ts'
import { lostTokens } from '../stats/lost-tokens.ts'
import type { Weighed, Weighing } from './decision.ts'
import { atMostAfterNone, roundShortage, roundsNeeded } from './shares.ts'
import { counted, percentUp } from './wording.ts'

type LossClaim = EventClaim

/**
 * Zero tolerance: one message that lacks a word fails, at any look and after any number of rounds. A pass states how often it may still
 * happen, for messages and for episodes. The tester's clock plays no part in it, so every view is the same.
 */
export function lossClaim(run: Run, side: SideSpec, claim: LossClaim, rounds: number): Weighing {
  const { alpha } = run.header.rules
  const { pass, fail } = claim.bounds
  const seen = lostTokens(run, side.name)
  const shortage = roundShortage(seen.messages, rounds, roundsNeeded(run))
  const weighed: Weighed = {
    // Without numbered tokens an answer that ended well may lack words all the same.
    passes: side.hasMock && shortage === undefined && seen.lostMessages <= pass,
    fails: seen.lostMessages > fail,
    warns: side.hasMock && shortage === undefined && seen.lostMessages <= fail,
    value: seen.messages === 0 ? undefined : seen.lostMessages,
    shortage,
    moreRoundsHelp: true,
  }
  const most = (n: number): string => percentUp(atMostAfterNone(n, alpha))
  const whole = `0 of ${counted(seen.messages, 'answer')} lacked a word (≤ ${most(seen.messages)}), in ${counted(seen.episodes, 'blocker')} (≤ ${most(seen.episodes)})`
  const examples = seen.examples.join(', ')
  const lost = side.hasMock
    ? `${seen.lostMessages} of ${counted(seen.messages, 'answer')} were not what the model wrote: ${seen.missing} words missing, ${seen.duplicated} twice, ${seen.reordered} out of order, ${seen.foreign} of other answers (${examples})`
    : `${counted(seen.lostMessages, 'answer')} failed (${examples})`
  return {
    weigh: () => weighed,
    describe: () => ({
      metric: 'lostTokens', statistic: 'messages', unit: 'count', bounds: claim.bounds, n: seen.messages, censored: 0,
      value: weighed.value, low: weighed.value, high: weighed.value,
      evidence: seen.messages === 0 ? 'no answer with numbered tokens came' : seen.lostMessages === 0 ? whole : lost,
      formula: 'answers that are not word for word what the mock wrote, those that failed included',
    }),
  }
}
