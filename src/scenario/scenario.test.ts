import { expect, test } from 'vitest'
import concurrent from '../../scenarios/concurrent.ts'
import { ms, seconds } from '../duration.ts'
import { quietPhase } from './claim-check.ts'
import { scenario, ScenarioError } from './scenario.ts'
import type { ScenarioSpec } from './spec.ts'

/** What an author without a compiler can write: the same language, nothing checked. */
const inJavaScript = scenario as unknown as (definition: unknown) => ScenarioSpec

const sound = {
  name: 'concurrent',
  question: 'Does it wait?',
  messages: { hello: { text: 'Hello' }, story: { text: 'Tell me a story', mock: { lasts: seconds(1) } } },
  phases: { quiet: { say: 'hello' }, behind: { say: 'hello', while: 'story' }, behindTwo: { say: 'hello', while: { say: 'story', copies: 2 } } },
  claims: ({ stalledShare }: Record<string, (...given: unknown[]) => { atMost: (...bounds: unknown[]) => unknown }>) => ({ 'it does not wait': stalledShare?.('hello', { during: ['behind'], quiet: 'quiet' }).atMost(0.02) }),
}

function problemsOf(definition: unknown): readonly string[] {
  try {
    inJavaScript(definition)
  } catch (error) {
    if (error instanceof ScenarioError) return error.problems
    throw error
  }
  return []
}

test('the shipped scenario becomes plain JSON in milliseconds, which says the same after a round trip', () => {
  expect(concurrent.messages.story?.mock).toEqual({ lasts: 1_200, firstTokenAfter: 2, gap: 20 })
  expect(concurrent.phases.behindSaga).toEqual({ say: 'hello', while: { say: 'saga', copies: 1 } })
  expect(concurrent.claims['hello starts immediately']).toEqual({ measure: 'firstVisible', message: 'hello', during: ['behindStory', 'behindSaga'], statistic: 'p95', unit: 'ms', bounds: { pass: 1_000, fail: 3_000 } })
  expect(JSON.parse(JSON.stringify(concurrent))).toEqual(concurrent)
})

test('a definition of the same kind in JavaScript is accepted', () => {
  expect(problemsOf(sound)).toEqual([])
  expect(inJavaScript(sound).gate).toBe(false)
})

test('a message without length gets the defaults: 20 tokens, the first after 2 ms, then one each 20 ms', () => {
  expect(inJavaScript(sound).messages.hello).toEqual({ text: 'Hello', mock: { tokens: 20, firstTokenAfter: 2, gap: 20 } })
})

test('how somebody leaves, what a page loses and asks for, who says it and after how long are kept, times in ms', () => {
  const { messages, phases } = inJavaScript({
    ...sound,
    messages: {
      ...sound.messages, leaver: { text: 'x', leave: { afterTokens: 3, afterTime: seconds(1), from: 'another page' } }, loser: { text: 'x', loses: { afterTokens: 3, forTime: seconds(1) } }, full: { text: 'x', background: true },
    },
    phases: { ...sound.phases, tab: { say: 'hello', while: 'story', as: 'other tab' }, rested: { together: ['hello'], copies: 2, idleBefore: seconds(60) } },
  })
  expect(messages['leaver']?.leave).toEqual({ afterTokens: 3, afterTime: 1_000, from: 'another page' })
  expect(messages['loser']?.loses).toEqual({ afterTokens: 3, forTime: 1_000 })
  expect([messages['full']?.background, messages['hello']?.background]).toEqual([true, undefined])
  expect(phases['tab']).toEqual({ say: 'hello', while: { say: 'story', copies: 1 }, as: 'other tab' })
  expect(phases['rested']).toEqual({ together: ['hello'], copies: [2], repeat: 3, idleBefore: 60_000 })
})

test('copies of a blocker are kept', () => {
  expect(inJavaScript(sound).phases.behindTwo).toEqual({ say: 'hello', while: { say: 'story', copies: 2 } })
})

test('every problem is reported at once, not the first', () => {
  const problems = problemsOf({
    name: 'Not A Name',
    question: '',
    messages: { hello: { text: '', mock: { firstTokenAfter: 2, lasts: 1_000, gap: '20ms' } }, story: { text: 'Story', mock: { tokens: 0 } } },
    phases: { quiet: { say: 'helo' }, behind: { say: 'hello', while: { say: 'stroy', copies: 0 } } },
    claims: sound.claims,
    provedBy: { 'it does not weight': { slots: 1 } },
  })
  for (const told of [
    /^name: "Not A Name"/, /^question:/, /^messages\.hello\.text:/,
    /^messages\.hello\.mock\.firstTokenAfter: a time is ms\(…\), seconds\(…\) or minutes\(…\), not 2$/, /^messages\.hello\.mock\.lasts: .*not 1000$/, /^messages\.hello\.mock\.gap: .*not "20ms"$/,
    /^messages\.story\.mock\.tokens:/, /^phases\.quiet\.say: there is no message "helo"; the messages are hello, story$/, /^phases\.behind\.while: there is no message "stroy"/,
    /^phases\.behind\.while\.copies:/, /^provedBy: there is no claim "it does not weight"$/,
  ]) expect(problems).toEqual(expect.arrayContaining([expect.stringMatching(told)]))
})

test.each<[string, object, RegExp]>([
  ['a misspelt message label in a claim', { claims: (m: never) => claim(m, 'stalledShare', 'helo', { during: ['behind'], quiet: 'quiet' }, 0.02) }, /there is no message "helo"; the messages are hello, story/],
  ['a misspelt phase in during', { claims: (m: never) => claim(m, 'stalledShare', 'hello', { during: ['behnid'], quiet: 'quiet' }, 0.02) }, /there is no phase "behnid"; the phases are quiet, behind, behindTwo/],
  ['a misspelt quiet phase', { claims: (m: never) => claim(m, 'stalledShare', 'hello', { during: ['behind'], quiet: 'quite' }, 0.02) }, /there is no phase "quite"/],
  ['a misspelt phase in from', { claims: (m: never) => claim(m, 'delayGrowth', 'hello', { from: 'behnid', to: 'behindTwo' }, 0.1) }, /there is no phase "behnid"/],
  ['a misspelt phase in to', { claims: (m: never) => claim(m, 'delayGrowth', 'hello', { from: 'behind', to: 'behindTow' }, 0.1) }, /there is no phase "behindTow"/],
  ['a loaded phase without a blocker', { claims: (m: never) => claim(m, 'stalledShare', 'hello', { during: ['quiet'], quiet: 'quiet' }, 0.02) }, /phase "quiet" has no blocker/],
  ['a quiet phase with a blocker', { claims: (m: never) => claim(m, 'stalledShare', 'hello', { during: ['behind'], quiet: 'behindTwo' }, 0.02) }, /the quiet phase "behindTwo" has a blocker/],
  ['a claim about what its phase does not say', { claims: (m: never) => claim(m, 'stalledShare', 'story', { during: ['behind'], quiet: 'quiet' }, 0.02) }, /"story" is not what phase "behind" says/],
  ['a claim over no phase', { claims: (m: never) => claim(m, 'stalledShare', 'hello', { during: [], quiet: 'quiet' }, 0.02) }, /names no phase/],
  ['growth without a quiet phase', { phases: { behind: { say: 'hello', while: 'story' }, behindTwo: sound.phases.behindTwo }, claims: (m: never) => claim(m, 'delayGrowth', 'hello', { from: 'behind', to: 'behindTwo' }, 0.1) }, /there is no quiet phase, \{ say: 'hello' \}/],
  ['a bare number for a time bound', { claims: ({ firstVisible }: never) => timeClaim(firstVisible, 1_000) }, /a bound on a time is ms\(…\), seconds\(…\) or minutes\(…\), not 1000/],
  ['a time for a share', { claims: (m: never) => claim(m, 'stalledShare', 'hello', { during: ['behind'], quiet: 'quiet' }, ms(20)) }, /a bound is a number of at least 0/],
  ['an answer that lasts no time', { messages: { ...sound.messages, story: { text: 'Story', mock: { lasts: seconds(0) } } } }, /^messages\.story\.mock\.lasts: an answer that lasts needs a length/],
  ['a share above one', { claims: (m: never) => claim(m, 'stalledShare', 'hello', { during: ['behind'], quiet: 'quiet' }, 2) }, /a share is at most 1, not 2/],
  ['a measure that is not told where', { claims: ({ stalledShare }: Record<string, (...given: unknown[]) => unknown>) => ({ 'it does not wait': stalledShare?.('hello') }) }, /^claims: stalledShare needs to be told during and quiet/],
  ['more copies than a machine can say', { phases: { ...sound.phases, behind: { say: 'hello', while: { say: 'story', copies: 1e9 } } } }, /^phases\.behind\.while\.copies: a whole number from 1 to 1000/],
  ['an answer that lasts ten hours', { messages: { ...sound.messages, story: { text: 'Story', mock: { lasts: seconds(36_000) } } } }, /^messages\.story\.mock\.lasts: more than an hour/],
  ['more tokens than the mock can tell', { messages: { ...sound.messages, story: { text: 'Story', mock: { tokens: 1e9 } } } }, /^messages\.story\.mock\.tokens: at most 100000/],
  ['a negative bound', { claims: (m: never) => claim(m, 'stalledShare', 'hello', { during: ['behind'], quiet: 'quiet' }, -1) }, /a bound is a number of at least 0, not -1/],
  ['a fail bound below the pass bound', { claims: (m: never) => claim(m, 'stalledShare', 'hello', { during: ['behind'], quiet: 'quiet' }, 0.2, { failAbove: 0.1 }) }, /failAbove \(0.1\) is below the bound that passes \(0.2\)/],
  ['a claim that was never bounded', { claims: ({ lostTokens }: Record<string, () => unknown>) => ({ 'no word is lost': lostTokens?.() }) }, /is not a claim; end it with \.atMost/],
  ['no claim', { claims: () => ({}) }, /at least one is needed/],
  ['claims that throw', { claims: () => { throw new Error('out of words') } }, /^claims: out of words$/],
  ['claims that are no function', { claims: {} }, /^claims: /],
  ['claims that answer nothing', { claims: () => undefined }, /^claims: /],
  ['no message', { messages: {} }, /^messages: at least one is needed$/],
  ['no phase', { phases: undefined }, /^phases: at least one is needed$/],
  ['both tokens and lasts', { messages: { ...sound.messages, story: { text: 'Story', mock: { tokens: 3, lasts: seconds(1) } } } }, /tokens and lasts both say/],
  ['a message that is none', { messages: { ...sound.messages, story: null } }, /^messages\.story\.text/],
  ['a phase that is none', { phases: { ...sound.phases, quiet: null } }, /^phases\.quiet\.say/],
  ['a blocker that is none', { phases: { ...sound.phases, behind: { say: 'hello', while: null } } }, /^phases\.behind\.while/],
  ['a claim that is none', { claims: () => ({ nothing: null }) }, /"nothing": is not a claim/],
  ['mock settings that are none', { messages: { ...sound.messages, hello: { text: 'Hello', mock: null } } }, /^messages\.hello\.mock/],
  ['a misspelt key of the scenario', { provdBy: {} }, /^scenario: there is no "provdBy"; what can be said is name, /],
  ['a misspelt key of a message', { messages: { ...sound.messages, hello: { text: 'Hello', mokc: {} } } }, /^messages\.hello: there is no "mokc"/],
  ['a misspelt setting of the mock', { messages: { ...sound.messages, hello: { text: 'Hello', mock: { last: seconds(1) } } } }, /^messages\.hello\.mock: there is no "last"/],
  ['a misspelt key of a phase, which would make a quiet one of it', { phases: { ...sound.phases, behind: { say: 'hello', whlie: 'story' } } }, /^phases\.behind: there is no "whlie"/],
  ['a misspelt key of a blocker', { phases: { ...sound.phases, behind: { say: 'hello', while: { say: 'story', copeis: 2 } } } }, /^phases\.behind\.while: there is no "copeis"/],
  ['an answer that lasts without time between its tokens', { messages: { ...sound.messages, story: { text: 'Story', mock: { lasts: seconds(1), gap: ms(0) } } } }, /^messages\.story\.mock\.gap: /],
  ['somebody who leaves from nowhere', { messages: { ...sound.messages, story: { text: 'Story', leave: { afterTokens: 3, from: 'home' } } } }, /^messages\.story\.leave\.from: 'another page'/],
  ['somebody who leaves after a bare number', { messages: { ...sound.messages, story: { text: 'Story', leave: { afterTokens: 3, afterTime: 5 } } } }, /^messages\.story\.leave\.afterTime: a time is/],
  ['a connection that is lost for no time', { messages: { ...sound.messages, story: { text: 'Story', loses: { afterTokens: 3 } } } }, /^messages\.story\.loses\.forTime: a time is/],
  ['a connection that is lost nowhere', { messages: { ...sound.messages, story: { text: 'Story', loses: { forTime: ms(5) } } } }, /^messages\.story\.loses\.afterTokens: a whole number/],
  ['somebody who leaves a connection that is lost', { messages: { ...sound.messages, story: { text: 'Story', leave: { afterTokens: 3 }, loses: { afterTokens: 3, forTime: ms(5) } } } }, /^messages\.story: leave and loses/],
  ['a background that is no yes', { messages: { ...sound.messages, story: { text: 'Story', background: 'all' } } }, /^messages\.story\.background: true, or left out/],
  ['a message from nowhere', { phases: { ...sound.phases, behind: { say: 'hello', while: 'story', as: 'a cat' } } }, /^phases\.behind\.as: one of same chat, other tab, other user, not "a cat"/],
  ['a second message without a first', { phases: { ...sound.phases, quiet: { say: 'hello', as: 'same chat' } } }, /^phases\.quiet\.as: seen from whom/],
  ['an hour without a word', { phases: { ...sound.phases, rested: { together: ['hello'], copies: 2, idleBefore: seconds(3_600) } } }, /^phases\.rested\.idleBefore: how long/],
  ['a claim about a database that nobody looks at', { claims: ({ databaseTime }: Record<string, () => { p95: { atMost: (bound: unknown) => unknown } }>) => ({ 'it answers': databaseTime?.().p95.atMost(ms(5)) }) }, /the scenario does not observe the database/],
  ['a claim about /health in a phase that is none', { observe: { health: ms(50) }, claims: ({ healthTime }: Record<string, (where: unknown) => { p95: { atMost: (bound: unknown) => unknown } }>) => ({ 'it answers': healthTime?.({ during: ['behnd'] }).p95.atMost(ms(5)) }) }, /there is no phase "behnd"; the phases are quiet, behind, behindTwo/],
  ['a claim about /health in no phase', { observe: { health: ms(50) }, claims: ({ healthTime }: Record<string, (where: unknown) => { p95: { atMost: (bound: unknown) => unknown } }>) => ({ 'it answers': healthTime?.({ during: [] }).p95.atMost(ms(5)) }) }, /"it answers": names no phase/],
  ['a claim about /health that says where, and not where', { observe: { health: ms(50) }, claims: ({ healthTime }: Record<string, (where: unknown) => { p95: { atMost: (bound: unknown) => unknown } }>) => ({ 'it answers': healthTime?.({}).p95.atMost(ms(5)) }) }, /healthTime needs to be told during/],
  ['a gate that is no yes or no', { gate: 'yes' }, /^gate: true or false, not "yes"$/],
  ['needs that are no list', { needs: 'search' }, /^needs: a list of names/],
  ['a proof that is no setting', { provedBy: { 'it does not wait': 1 } }, /^provedBy "it does not wait": settings of the control gateway like \{ slots: 1 \}, not 1$/],
  ['a hand-made length of time that is none', { messages: { ...sound.messages, story: { text: 'Story', mock: { lasts: { milliseconds: Number.NaN } } } } }, /^messages\.story\.mock\.lasts: a time is/],
  ['a label out of the prototype of every object', { phases: { ...sound.phases, quiet: { say: 'toString' } } }, /there is no message "toString"/],
  ['a phase out of the prototype of every object', { claims: (m: never) => claim(m, 'stalledShare', 'hello', { during: ['constructor'], quiet: 'quiet' }, 0.02) }, /there is no phase "constructor"/],
  ['a proof of a claim out of the prototype', { provedBy: { toString: { slots: 1 } } }, /there is no claim "toString"/],
])('%s is refused when a JavaScript scenario is loaded', (_, change, told) => {
  expect(problemsOf({ ...sound, ...change })).toEqual(expect.arrayContaining([expect.stringMatching(told)]))
})

test.each([
  [{ kind: 'offline', before: 'send' }, []],
  [{ kind: 'offline', afterTokens: 10 }, []],
  [{ kind: 'offline' }, [/^messages\.lost\.fault: says when the network goes/]],
  [{ kind: 'offline', before: 'headers' }, [/^messages\.lost\.fault: says when the network goes/]],
  [{ kind: 'offline', before: 'send', afterTokens: 10 }, [/^messages\.lost\.fault: says when the network goes/]],
  [{ kind: 'offline', afterTokens: 0 }, [/^messages\.lost\.fault\.afterTokens: a whole number of at least 1, not 0$/]],
  [{ kind: 'offline', before: 'send', status: 500 }, [/status/]],
])('a network that goes: %o', (fault, wrong) => {
  const problems = problemsOf({ ...sound, messages: { ...sound.messages, lost: { text: 'Hello', fault } }, phases: { ...sound.phases, lost: { together: ['lost'], copies: 2 } } })
  expect(problems).toHaveLength(wrong.length)
  for (const [index, pattern] of wrong.entries()) expect(problems[index]).toMatch(pattern)
})

test('one mistake is one problem: what follows from it is not told as well', () => {
  const proved = { provedBy: { 'it does not wait': { slots: 1 } } }
  expect(problemsOf({ ...sound, ...proved, claims: () => { throw new Error('out of words') } })).toEqual(['claims: out of words'])
  expect(problemsOf({ ...sound, phases: { ...sound.phases, behind: { say: 'helo', while: 'story' } } })).toEqual([expect.stringMatching(/^phases\.behind\.say/)])
})

test('a definition that is no object is refused with a scenario error', () => {
  for (const given of [undefined, null, 'concurrent', 5]) expect(() => inJavaScript(given), String(given)).toThrow(ScenarioError)
})

test('the quiet phase of a message is the one that says it alone', () => {
  expect(quietPhase(concurrent, 'hello')).toBe('quiet')
  expect(quietPhase(concurrent, 'story')).toBeUndefined()
})

type Bounded = { atMost: (...bounds: unknown[]) => unknown }

function claim(measures: Record<string, (...given: unknown[]) => Bounded>, measure: string, message: string, where: object, ...bounds: unknown[]): object {
  return { 'it does not wait': measures[measure]?.(message, where).atMost(...bounds) }
}

function timeClaim(firstVisible: (...given: unknown[]) => Record<string, Bounded>, bound: unknown): object {
  return { 'it starts': firstVisible('hello', { during: ['behind'] }).p95?.atMost(bound) }
}
