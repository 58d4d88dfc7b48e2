import type { Run, SideSpec } from '../sample/run-file.ts'
import type { ClaimSpec } from '../scenario/spec.ts'
import { unseenGently } from '../stats/gentle-phases.ts'
import { rankQuantile } from '../stats/quantile.ts'
import type { View } from '../stats/ttft.ts'
import { sideRounds, untilRound } from '../stats/windows.ts'
import { decide, type Decision, type Description, measurementError, type Weighed, type Weighing } from './decision.ts'
import type { ClaimResult } from './document.ts'
import { concurrencyClaim } from './concurrency-claim.ts'
import { eventClaim } from './event-claim.ts'
import { extremeClaim } from './extreme-claim.ts'
import { growthClaim, unjudgedGrowth } from './growth-claim.ts'
import { overheadClaim } from './overhead-claim.ts'
import { percentileClaim } from './percentile-claim.ts'
import { hasTooFewRequests, socketClaim } from './socket-claim.ts'
import { stalledClaim } from './stalled-claim.ts'
import { boundsInWords, inUnit, rankOrNull } from './wording.ts'

/** Every claim of one side, by its evidence alone: validity.ts then says which of these verdicts can be trusted. */
export function judgeSide(run: Run, side: SideSpec): ClaimResult[] {
  return Object.entries(run.header.scenario.claims).map(([sentence, claim]) => judgeClaim(run, side, sentence, claim))
}

/**
 * Whether no further round is needed: every claim of every judged side passes or fails already, or cannot be shown here at all. Where the
 * answers are known, `before` has to have failed as well, or the run would end without having proved that it can tell good from bad.
 * A claim between two bounds waits for the last look, so it is not decided.
 * @param matters whether anybody waits for this claim of this side; without it every one is waited for
 */
export function lookDecides(run: Run, matters: (side: string, claim: string) => boolean = () => true): boolean {
  const { sides, scenario, rules } = run.header
  return sides.every((side) => Object.entries(scenario.claims).every(([sentence, claim]) => {
    if (!matters(side.name, sentence)) return true
    if (side.role === 'reference' && !(rules.knownAnswers && mustFail(run, side, sentence))) return true
    const { kind } = decide(weighing(evidenceFor(run, side, claim), side, claim).weigh)
    return kind === 'pass' || kind === 'fail' || unseen(run, side, claim) !== undefined
  }))
}

/** Whether this side has the defect that the scenario says must make the claim fail. */
export function mustFail(run: Run, side: SideSpec, sentence: string): boolean {
  const defect = Object.entries(run.header.scenario.provedBy[sentence] ?? {})
  return defect.length > 0 && defect.every(([setting, value]) => side.settings[setting] === value)
}

/**
 * All of the run; or the run as it was at the look that failed the claim. It stays failed, whatever came after: the error of a look is for deciding at
 * it, and the run went on for another claim's sake. A pass is not kept: what speaks against it may come later.
 */
function evidenceFor(run: Run, side: SideSpec, claim: ClaimSpec): Run {
  const rounds = sideRounds(run, side.name).length
  const earlier = run.header.rules.looks.filter((look) => look < rounds).map((look) => untilRound(run, look))
  return earlier.find((part) => decide(weighing(part, side, claim).weigh).kind === 'fail') ?? run
}

function judgeClaim(whole: Run, side: SideSpec, sentence: string, claim: ClaimSpec): ClaimResult {
  const run = evidenceFor(whole, side, claim)
  const { weigh, describe } = weighing(run, side, claim)
  const seen = describe()
  const decision = decide(weigh)
  const isOwn = run.header.scenario.ownBounds?.includes(sentence) === true
  // What failed is shown, even where nothing could show that it passes.
  const skipped = decision.kind === 'fail' ? undefined : unseen(run, side, claim)
  return {
    id: `${side.name}/${kebab(sentence)}`, claim: sentence, side: side.name, role: side.role,
    metric: seen.metric, statistic: seen.statistic, unit: seen.unit, bounds: { ...seen.bounds, ...(isOwn ? { own: true } : {}) }, n: seen.n, censored: seen.censored, formula: seen.formula,
    value: rankOrNull(seen.value ?? Infinity), low: rankOrNull(seen.low ?? Infinity), high: rankOrNull(seen.high ?? Infinity),
    measurementError: skipped === undefined ? measurementError(weigh) : null,
    verdict: skipped === undefined ? decision.kind : 'skipped',
    reason: skipped ?? reason(run, side, seen, decision, weigh('measured')),
  }
}

/** Weighed once for each run: a look, the verdict, the known answers and the looks before this one all ask. */
function weighing(run: Run, side: SideSpec, claim: ClaimSpec): Weighing {
  const ofRun = weighed.get(run) ?? new Map<SideSpec, Map<ClaimSpec, Weighing>>()
  weighed.set(run, ofRun)
  const ofSide = ofRun.get(side) ?? new Map<ClaimSpec, Weighing>()
  ofRun.set(side, ofSide)
  const found = ofSide.get(claim) ?? remembered(weighingOf(run, side, claim))
  ofSide.set(claim, found)
  return found
}

/** A run never changes once it is assembled, and its header holds its sides and claims. */
const weighed = new WeakMap<Run, Map<SideSpec, Map<ClaimSpec, Weighing>>>()

/** Each view is asked for by the decision, the measurement error and the reason. */
function remembered({ weigh, describe }: Weighing): Weighing {
  const views = new Map<View, Weighed>()
  const weighOnce = (view: View): Weighed => {
    const seen = views.get(view) ?? weigh(view)
    views.set(view, seen)
    return seen
  }
  return { weigh: weighOnce, describe }
}

function weighingOf(run: Run, side: SideSpec, claim: ClaimSpec): Weighing {
  switch (claim.measure) {
    case 'firstVisible': case 'addedToFirstToken': case 'e2e': case 'connectionCost': case 'coalescedShare': case 'healthTime': case 'databaseTime': return percentileClaim(run, side, claim)
    case 'requestsPerSocket': return socketClaim(run, side, claim)
    case 'overhead': return overheadClaim(run, side, claim)
    case 'stalledShare': return stalledClaim(run, side, claim)
    case 'delayGrowth': return growthClaim(run, side, claim)
    case 'lostTokens': case 'foreignTokens': case 'reorderedTokens': case 'duplicatedTokens': case 'wholeAnswers': case 'deliveredShare': case 'sourcesShown': case 'wrongErrors': return eventClaim(run, side, claim)
    case 'timeToError': case 'timeToCancel': return extremeClaim(run, side, claim)
    case 'effectiveConcurrency': return concurrencyClaim(run, side, claim)
  }
}

/** Why this claim cannot be shown on this side, whatever is measured; undefined where it can. */
function unseen(run: Run, side: SideSpec, claim: ClaimSpec): string | undefined {
  const gently = unseenGently(run, side.hasMock, claim) ?? (claim.measure === 'delayGrowth' ? unjudgedGrowth(run, side, claim) : undefined)
  if (gently !== undefined) return gently
  if (claim.measure === 'healthTime' && side.observes?.includes('health') === false) return 'it is not known what tells whether this system is alive: give the address with --health-url'
  if (side.kind === 'browser' && claim.measure === 'coalescedShare') return 'a page is painted 60 times a second at most: what comes within one frame comes one by one for all that anybody can see; the API tells, with --via api'
  if (side.kind === 'browser' && claim.measure === 'requestsPerSocket' && hasTooFewRequests(run, side)) return 'a page says too few messages to tell: how the system speaks to its model is the same for its API, which tells with --via api'
  if (claim.measure === 'databaseTime' && side.observes?.includes('database') === false) return 'it is not known what of this system needs its database'
  if (side.hasMock || isAboutOffline(run, claim)) return undefined
  const remedy = 'and none is known to be behind this side: put `npx first-token mock` behind it and give its address with --mock'
  switch (claim.measure) {
    case 'lostTokens': case 'foreignTokens': case 'reorderedTokens': case 'duplicatedTokens': return `only our mock model numbers its words, ${remedy}`
    case 'wrongErrors': case 'timeToError': return `only our mock model fails when it is asked to, ${remedy}`
    case 'timeToCancel': return `only our mock model tells when it saw that nobody listens any more, ${remedy}`
    case 'addedToFirstToken': return `only our mock model tells how long its first token took by itself, ${remedy}`
    case 'connectionCost': case 'requestsPerSocket': return `only our mock model tells over which connection a request reached it, ${remedy}`
    case 'coalescedShare': return `a model may send several tokens at once by itself, and only our mock model tells when it wrote them, ${remedy}`
    default: return undefined
  }
}

/** The page's own network fails without a mock. */
const isAboutOffline = ({ header: { scenario } }: Run, claim: ClaimSpec): boolean =>
  (claim.measure === 'timeToError' || claim.measure === 'wrongErrors') && (claim.messages ?? []).every((label) => scenario.messages[label]?.fault?.kind === 'offline')

function reason(run: Run, side: SideSpec, { evidence, unit, bounds }: Description, decision: Decision, measured: Weighed): string {
  const { attained, missed, unattained } = boundsInWords(bounds, unit)
  switch (decision.kind) {
    case 'pass': return isZeroTolerance(bounds, unit) ? evidence : `${evidence}; so it is ${attained}`
    case 'fail': return `${evidence}; so it is ${missed}`
    case 'warn': return `${evidence}; so it is not ${missed}, but not shown to be ${attained}`
    case 'inconclusive': return [evidence, measured.shortage ?? unattained, ...(measured.moreRoundsHelp ? ['more rounds would tell: raise --budget or --rounds'] : [])].join('; ')
    case 'invalid': return `${evidence}; a perfect tester would say ${decision.wouldBe}, but this one saw answers up to ${lateness(run, side)} late, which may have made it so; measure on a machine with less else to do`
  }
}

/** None, or all, of what was counted: the evidence says so itself. */
const isZeroTolerance = ({ pass, atLeast }: Description['bounds'], unit: Description['unit']): boolean => (unit === 'count' && atLeast !== true && pass === 0) || (unit === 'share' && atLeast === true && pass === 1)

/** The 99th percentile of the error bounds of the side's messages. */
function lateness(run: Run, side: SideSpec): string {
  const bounds = run.messages.filter((message) => message.side === side.name && (message.part === 'probe' || message.part === 'user')).map((message) => message.errorBound)
  return inUnit(rankOrNull(rankQuantile(bounds, 0.99) ?? Infinity), 'ms')
}

const kebab = (sentence: string): string => sentence.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-').replaceAll(/^-|-$/g, '')
