import { has } from './shape.ts'
import { type ClaimSpec, isWindow, type ScenarioSpec, type WindowPhase } from './spec.ts'

/** What a compiler would have refused of a claim, and what no compiler sees: a sentence each. */
export function claimProblems(sentence: string, claim: ClaimSpec, spec: ScenarioSpec): string[] {
  if (typeof claim?.measure !== 'string') return [`claims "${sentence}": is not a claim; end it with .atMost(…)`]
  return problemsOf(claim, spec).map((problem) => `claims "${sentence}": ${problem}`)
}

function problemsOf(claim: ClaimSpec, spec: ScenarioSpec): string[] {
  switch (claim.measure) {
    case 'firstVisible': case 'addedToFirstToken': case 'e2e': case 'connectionCost': case 'coalescedShare':
      return [...labelProblems([claim.message], spec), ...phaseProblems(claim.during, claim.message, spec, true)]
    case 'stalledShare': case 'delayGrowth': return blockingProblems(claim, spec)
    case 'overhead': return overheadProblems(claim, spec)
    case 'effectiveConcurrency': return [...labelProblems([claim.message], spec), ...togetherProblems(claim.during, claim.message, spec)]
    case 'healthTime': return [...(spec.observe?.health === undefined ? ['the scenario does not observe /health; add observe: { health: ms(250) }'] : []), ...unknownPhases(claim.during, spec)]
    case 'databaseTime': return [...(spec.observe?.database === undefined ? ['the scenario does not observe the database; add observe: { database: ms(250) }'] : []), ...unknownPhases(claim.during, spec)]
    case 'requestsPerSocket': return []
    default: return eventProblems(claim, spec)
  }
}

function labelProblems(labels: readonly string[], spec: ScenarioSpec): string[] {
  return labels.filter((label) => !has(spec.messages, label)).map((label) => `there is no message "${label}"; the messages are ${Object.keys(spec.messages).join(', ')}`)
}

/** Of a claim that is about phases, whatever is said in them, or about all. */
function unknownPhases(phases: readonly string[] | undefined, spec: ScenarioSpec): string[] {
  if (phases?.length === 0) return ['names no phase']
  return (phases ?? []).filter((name) => !has(spec.phases, name)).map((name) => noPhase(name, spec))
}

const noPhase = (name: string, spec: ScenarioSpec): string => `there is no phase "${name}"; the phases are ${Object.keys(spec.phases).join(', ')}`

/** @param asBlocker whether the message may also be what blocks in the phase. */
function phaseProblems(phases: readonly string[], message: string, spec: ScenarioSpec, asBlocker: boolean): string[] {
  if (phases.length === 0) return ['names no phase']
  return phases.flatMap((name) => {
    const phase = spec.phases[name]
    if (!has(spec.phases, name) || phase === undefined) return [noPhase(name, spec)]
    const said = isWindow(phase) ? [phase.say, ...(asBlocker && phase.while !== undefined ? [phase.while.say] : [])] : phase.together
    // A label that does not exist was told of already.
    return said.every((label) => has(spec.messages, label)) && has(spec.messages, message) && !said.includes(message) ? [`"${message}" is not what phase "${name}" says`] : []
  })
}

function blockingProblems(claim: Extract<ClaimSpec, { measure: 'stalledShare' | 'delayGrowth' }>, spec: ScenarioSpec): string[] {
  const loaded = claim.measure === 'delayGrowth' ? [claim.from, claim.to] : claim.during
  const named = claim.measure === 'stalledShare' ? [...loaded, claim.quiet] : loaded
  const problems = [...labelProblems([claim.message], spec), ...phaseProblems(named, claim.message, spec, false), ...(loaded.length === 0 ? ['names no phase'] : [])]
  if (problems.length > 0) return problems
  const window = (name: string): WindowPhase | undefined => {
    const phase = spec.phases[name]
    return phase !== undefined && isWindow(phase) ? phase : undefined
  }
  for (const name of loaded) if (window(name)?.while === undefined) problems.push(`phase "${name}" has no blocker (while)`)
  const quiet = claim.measure === 'stalledShare' ? claim.quiet : quietPhase(spec, claim.message)
  if (quiet === undefined) problems.push(`there is no quiet phase, { say: '${claim.message}' }, to compare with`)
  else if (window(quiet) === undefined || window(quiet)?.while !== undefined) problems.push(`the quiet phase "${quiet}" has a blocker`)
  return problems
}

function togetherProblems(name: string, message: string, spec: ScenarioSpec): string[] {
  const phase = spec.phases[name]
  if (phase !== undefined && isWindow(phase)) return [`phase "${name}" says nothing at once (together)`]
  return phaseProblems([name], message, spec, false)
}

function overheadProblems(claim: Extract<ClaimSpec, { measure: 'overhead' }>, spec: ScenarioSpec): string[] {
  const problems = [...labelProblems([claim.message], spec), ...togetherProblems(claim.through, claim.message, spec), ...togetherProblems(claim.direct, claim.message, spec)]
  if (problems.length > 0) return problems
  const [through, direct] = [spec.phases[claim.through], spec.phases[claim.direct]]
  if (through === undefined || direct === undefined || isWindow(through) || isWindow(direct)) return []
  if (direct.via !== 'model') problems.push(`phase "${claim.direct}" does not go via the model`)
  if (through.via === 'model') problems.push(`phase "${claim.through}" goes past the system, via the model`)
  if (String(through.copies) !== String(direct.copies)) problems.push('the two phases say different numbers at once')
  return problems
}

function eventProblems(claim: Extract<ClaimSpec, { messages?: readonly string[] }>, spec: ScenarioSpec): string[] {
  const labels = claim.messages ?? []
  const problems = labelProblems(labels, spec)
  const said = new Set(Object.values(spec.phases).flatMap((phase) => (isWindow(phase) ? [phase.say, ...(phase.while === undefined ? [] : [phase.while.say])] : phase.together)))
  problems.push(...labels.filter((label) => has(spec.messages, label) && !said.has(label)).map((label) => `no phase says "${label}"`))
  const without = (is: (label: string) => boolean, what: string): string[] => labels.filter((label) => has(spec.messages, label) && !is(label)).map((label) => `"${label}" ${what}`)
  if (claim.measure === 'timeToError' || claim.measure === 'wrongErrors') problems.push(...without((label) => spec.messages[label]?.fault !== undefined, 'has no fault: nothing goes wrong with it'))
  if (claim.measure === 'timeToCancel') problems.push(...without((label) => spec.messages[label]?.leave !== undefined, 'has no leave: nobody leaves it'))
  if (claim.measure === 'sourcesShown') problems.push(...without((label) => spec.messages[label]?.search === true, 'is not a search'))
  return problems
}

/** The phase that says `message` while nothing else is: what a loaded phase is compared with. */
export function quietPhase(spec: ScenarioSpec, message: string): string | undefined {
  return Object.keys(spec.phases).find((name) => {
    const phase = spec.phases[name]
    return phase !== undefined && isWindow(phase) && phase.say === message && phase.while === undefined
  })
}
