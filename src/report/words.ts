import type { Attribution, Check, ClaimResult, ClaimVerdict, ComparisonVerdict, RunResult, StatementResult } from '../verdict/document.ts'
import { formatCount, formatInterval, formatValue } from './format.ts'
import type { Palette, Style } from './palette.ts'

/** Stands behind each value where several sides share a row, so that the row tells who passed even without colour. */
export const marks: Record<ClaimVerdict, string> = { pass: '✓', warn: '!', fail: '✗', inconclusive: '?', invalid: '?!', skipped: '-' }

export function verdictStyle(verdict: ClaimVerdict | ComparisonVerdict, palette: Palette): Style {
  switch (verdict) {
    case 'pass': case 'improved': return palette.good
    case 'fail': case 'invalid': return palette.bad
    case 'warn': case 'inconclusive': return palette.doubtful
    case 'skipped': case 'unjudged': return palette.dim
  }
}

/** A statement is neither good nor bad; one that is not supported is what a reader should not miss. */
export function findingStyle(finding: StatementResult['finding'], palette: Palette): Style {
  switch (finding) {
    case 'supported': return palette.good
    case 'not supported': return palette.bad
    case 'undecided': return palette.doubtful
  }
}

/** What stands behind a finding: what holds instead, or what is to be known although it holds. Empty where there is neither. */
export function insteadInWords({ finding, instead }: StatementResult): string {
  return instead === null ? '' : `${finding === 'supported' ? 'But' : 'Instead'}: ${instead}`
}

/** A verdict on a change: `~` where there is none to give. */
export const comparisonWord = (verdict: ComparisonVerdict): string => (verdict === 'unjudged' ? '~' : verdict === 'fail' ? 'FAIL' : verdict)

const measures: Record<string, (statistic: string) => string> = {
  firstVisible: (statistic) => `time to the first word, ${statistic}`,
  addedToFirstToken: (statistic) => `added to the first token, ${statistic}`,
  e2e: (statistic) => `time to the whole answer, ${statistic}`,
  connectionCost: (statistic) => `cost of new connections to the model, ${statistic}`,
  coalescedShare: (statistic) => `share of an answer in bursts, ${statistic}`,
  healthTime: (statistic) => `time of /health, ${statistic}`,
  databaseTime: (statistic) => `time of a request to the database, ${statistic}`,
  requestsPerSocket: (statistic) => `requests per new connection to the model${statistic === 'mean' ? '' : `, ${statistic}`}`,
  overhead: (statistic) => `added to the model's own ${statistic.replace(/ (?=\S+$)/, ', ')}`,
  stalledShare: (statistic) => (statistic === 'share' ? 'share of stalled messages' : `stalled messages, ${statistic}`),
  delayGrowth: () => 'extra wait per extra second',
  lostTokens: () => 'answers with a lost word',
  foreignTokens: () => 'answers with words of another one',
  reorderedTokens: () => 'answers with words out of order',
  duplicatedTokens: () => 'answers that say a word twice',
  wholeAnswers: () => 'share of answers that came whole',
  deliveredShare: () => 'share of messages that got an answer',
  sourcesShown: () => 'share of searches that showed sources',
  wrongErrors: () => 'failures told as something else',
  timeToError: () => 'from the failure to the error, slowest',
  timeToCancel: () => 'from leaving to the model knowing, slowest',
  blockerTpot: () => 'time per token of a story that others talk behind',
  blockerGap: () => 'longest gap in such a story',
  effectiveConcurrency: () => 'answers told at one instant, most',
}

/** What a metric of the document measures, in words; a metric of a later version keeps its name. */
export function measureInWords(metric: string, statistic: string): string {
  const words = Object.hasOwn(measures, metric) ? measures[metric]?.(statistic) : undefined
  return words ?? [metric.replace(/^ttft(?= |$)/, 'first token,').replace(/,$/, ''), statistic].filter((part) => part !== '').join(', ')
}

/** `behindStory` is `behind story`: phases are named in code. */
export const phaseInWords = (phase: string): string => phase.replace(/([\p{Ll}\d])(\p{Lu})/gu, (_, before: string, after: string) => `${before} ${after.toLowerCase()}`)

/** Measures whose sentence is short, and says more than a value does: of how many kinds, in how many batches. */
const toldInFull: ReadonlySet<string> = new Set(['foreignTokens', 'reorderedTokens', 'duplicatedTokens', 'wholeAnswers', 'deliveredShare', 'sourcesShown', 'wrongErrors', 'timeToError', 'timeToCancel', 'effectiveConcurrency'])

/** The evidence of a claim that simply passed: value, interval, count, and how far the tester may have moved it. */
export function evidenceInShort(claim: ClaimResult): string {
  if (toldInFull.has(claim.metric)) return claim.reason
  const { unit, low, high, measurementError: error, metric, statistic } = claim
  const interval = low === high ? '' : formatInterval(low, high, unit)
  const moved = error === null ? '' : formatValue(error, unit)
  const inside = [interval, /[1-9]/.test(moved) ? `tester ± ${moved}` : ''].filter((part) => part !== '')
  const value = `${unit === 'ms' ? `${statistic} ` : ''}${formatValue(claim.value, unit, low)}`
  return `${value}${inside.length === 0 ? '' : ` (${inside.join('; ')})`} in ${formatCount(claim.n)} ${countedIn[metric] ?? 'messages'}`
}

/** What n counts, where it is not messages. */
const countedIn: Readonly<Record<string, string>> = { delayGrowth: 'rounds', overhead: 'rounds', requestsPerSocket: 'requests', healthTime: 'looks', databaseTime: 'looks' }

const layers = [
  ['beforeModel', 'in the stack before the model'],
  ['model', 'in the model'],
  ['afterModel', 'in the stack after the model'],
  ['tester', 'in the tester'],
  ['unknown', 'in a part that is not known'],
] as const

/** Per side, which part its stalled probes waited in. Sides whose attribution was not measured and that stalled nobody are left out; and those of which nobody could tell who stalled. */
export function blameInWords({ attribution, claims, sides: measured }: Pick<RunResult, 'attribution' | 'claims' | 'sides'>): string[] {
  const isKnown = (name: string): boolean => claims.some(({ metric, side, n }) => metric === 'stalledShare' && side === name && n > 0)
  const sides = [...new Set(attribution.map(({ side }) => side))]
  return sides.flatMap((side) => {
    const rows = attribution.filter((row) => row.side === side)
    const counts = layers.map(([layer, words]) => ({ words, count: rows.reduce((sum, row) => sum + row.stalledBy[layer], 0) })).filter(({ count }) => count > 0)
    const total = counts.reduce((sum, { count }) => sum + count, 0)
    if (total === 0) return isKnown(side) && rows.some(({ parts }) => parts !== null) ? [`${side}: no message stalled.`] : []
    const [first] = counts
    const own = measured.find(({ name }) => name === side)
    const cause = causeInWords(rows, own === undefined ? undefined : workersOf(own))
    if (counts.length === 1 && first !== undefined) return [`${side}: ${formatCount(total)} stalled, ${total === 1 ? '' : 'all '}${first.words}.${cause}`]
    return [`${side}: ${formatCount(total)} stalled: ${counts.map(({ words, count }) => `${formatCount(count)} ${words}`).join(', ')}.${cause}`]
  })
}

/** Why most of the stalled messages waited: the model's own queue, what was held up together with them, what /health tells of the event loop. Empty where none of it is known. */
const causeInWords = (rows: readonly Attribution[], workers: number | undefined): string => `${queueInWords(rows)}${togetherInWords(rows, workers)}`

/** A model that is only slow happens to begin behind the end of a short story, and hardly ever behind that of a long one. */
const queuedShare = 0.9

/** Where most waited in the model, and nearly all of them in its queue: it answers one after the other, or a few at a time. */
function queueInWords(rows: readonly Attribution[]): string {
  const sum = (of: (row: Attribution) => number): number => rows.reduce((total, row) => total + of(row), 0)
  const waited = sum(({ stalledBy }) => stalledBy.model)
  const all = sum(({ stalledBy }) => Object.values(stalledBy).reduce((total, count) => total + count, 0))
  const isQueue = sum(({ modelQueue }) => modelQueue?.queued ?? 0) > queuedShare * sum(({ modelQueue }) => modelQueue?.begun ?? 0)
  return isQueue && waited > all / 2 ? ` The model queues: it began ${waited < all ? 'those' : all === 1 ? 'it' : 'them'} only when an answer that it had been asked for before had ended.` : ''
}

function togetherInWords(rows: readonly Attribution[], workers: number | undefined): string {
  const looks = rows.flatMap(({ slowLooks = [] }) => slowLooks)
  const share = (what: string): number => {
    const own = looks.filter((look) => look.what === what)
    return own.reduce((sum, { slow }) => sum + slow, 0) / own.reduce((sum, { seen }) => sum + seen, 0)
  }
  const health = share('health')
  if (health > 0.5) return ' Meanwhile /health was held up as well: the event loop stood still.'
  if (share('model') > 0.5) return ' Meanwhile a hello to the model itself was held up as well: the model queues.'
  const loop = Number.isNaN(health) ? '' : loopInWords(health, workers)
  if (share('database') > 0.5) {
    if (workers === 1 && loop !== '') return ' Meanwhile /health answered, and what needs the database was held up as well: its connections were waited for.'
    return ` Meanwhile what needs the database was held up as well: its connections were waited for, or the event loop stood still.${loop === '' ? '' : ` And ${loop}`}`
  }
  if (loop === '') return ''
  if (workers === 1) return ` Meanwhile ${loop}`
  return isInStack(rows) ? ` Meanwhile ${loop}` : ''
}

/**
 * What /health tells of the event loop, where `share` of the stalled messages saw it held up. It is answered by whichever worker takes the connection, so that one
 * blocked worker of N holds up about 1/N of it: from half of that on it is told. Only of a single worker it tells that the loop turned.
 */
function loopInWords(share: number, workers: number | undefined): string {
  if (workers === 1) return '/health answered: it is not the event loop.'
  if (workers === undefined) return '/health answered, perhaps by another worker than held them up: how many there are is not known.'
  if (share < 0.5 / workers) return `/health answered at one of ${workers} workers, which does not tell of the one that held them up.`
  const blocked = share > 2 / workers ? 'some' : 'one'
  return `/health was held up as well during ${formatValue(share, 'share')} of them, which fits the event loop of ${blocked} of ${workers} workers being blocked.`
}

/** Whether most of the stalled messages waited in the stack, or nobody knows where: what waited in the model waited for no worker. */
function isInStack(rows: readonly Attribution[]): boolean {
  const of = (layer: keyof Attribution['stalledBy']): number => rows.reduce((sum, { stalledBy }) => sum + stalledBy[layer], 0)
  return of('beforeModel') + of('afterModel') + of('unknown') >= of('model') + of('tester')
}

/** The settings that tell how many workers answer on a side, those that were counted before those that were asked for. */
const workerSettings = ['workersRunning', 'workers', 'lanes', 'UVICORN_WORKERS']

/** How many workers answer on a side; undefined where its settings do not tell. */
function workersOf({ kind, settings }: RunResult['sides'][number]): number | undefined {
  // One process, without an event loop.
  if (kind === 'ollama') return 1
  return workerSettings.map((name) => Number(settings[name])).find((count) => Number.isInteger(count) && count > 0)
}

/** Sides and phases whose parts are not known, by reason: `after quiet: not measured: why`; without their names where it is all of them. */
export function unattributed(attribution: readonly Attribution[]): string[] {
  const reasons = new Map<string, string[]>()
  for (const { side, phase, skipped } of attribution) {
    if (skipped === null) continue
    reasons.set(skipped, [...(reasons.get(skipped) ?? []), `${side} ${phaseInWords(phase)}`])
  }
  return [...reasons].map(([reason, where]) => (where.length === attribution.length ? `Not measured: ${reason}.` : `${where.join(', ')}: not measured: ${reason}.`))
}

/** A check by name and finding; some findings begin with the name. */
export const checkInWords = ({ name, detail }: Check): string => (detail.startsWith(`${name}:`) ? detail : `${name}: ${detail}`)

/** Messages that failed, a line for each side that had some. */
export function failuresInWords({ sides }: RunResult): string[] {
  return sides.filter(({ failed }) => failed > 0).map(({ name, completed, failed, failures }) => {
    const codes = Object.entries(failures).filter(([, count]) => count > 0).sort(([, one], [, other]) => other - one).map(([code, count]) => `${formatCount(count)} ${code}`)
    return `${name}: ${formatCount(failed)} of ${formatCount(completed + failed)} messages failed${codes.length === 0 ? '' : `: ${codes.join(', ')}`}`
  })
}

/** The pictures of a page, a line each, with the file's name beside the run file. */
export const screenshotsInWords = ({ screenshots = [] }: RunResult): string[] =>
  screenshots.map(({ side, phase, label, outcome, file }) => `${file}: ${side}, ${phaseInWords(phase)}${label === phase ? '' : `, ${label}`}: ${outcome}`)

/** How the sides were asked, those that were asked alike in one line: what the figures depend on, beside the systems themselves. */
export function loadInWords({ sides }: RunResult): string[] {
  const alike = new Map<string, string[]>()
  for (const side of sides) {
    const load = sideLoad(side)
    alike.set(load, [...(alike.get(load) ?? []), `${side.name} (${side.role}, ${side.profile === null || side.profile === side.name ? side.kind : `${side.kind} ${side.profile}`})`])
  }
  return [...alike].map(([load, names]) => `${names.join(', ')}: ${load}`)
}

function sideLoad({ rounds, rate, probesPerWindow, stallLimit }: RunResult['sides'][number]): string {
  return [
    `${formatCount(rounds)} ${rounds === 1 ? 'round' : 'rounds'}`,
    probesPerWindow === null ? '' : `${formatCount(probesPerWindow)} messages a window`,
    rate === null ? '' : `${formatCount(Number(rate.toPrecision(2)))} a second`,
    stallLimit === null ? '' : `stalled: more than ${formatValue(stallLimit, 'ms')} later than when quiet`,
  ].filter((part) => part !== '').join(', ')
}

/** The settings in which the sides differ: `slots 1, 4`. Empty where there is one side, or nothing differs. */
export function differencesInWords({ sides }: RunResult): string {
  const names = [...new Set(sides.flatMap(({ settings }) => Object.keys(settings)))]
  const values = (name: string): string[] => sides.map(({ settings }) => String(Object.hasOwn(settings, name) ? settings[name] : '-'))
  return names.filter((name) => new Set(values(name)).size > 1).map((name) => `${name} ${values(name).join(' → ')}`).join(', ')
}
