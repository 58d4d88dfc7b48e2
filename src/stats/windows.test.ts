import { expect, test } from 'vitest'
import { blocker, message, probes, run } from '../../test/fixtures/run.ts'
import { quietPhaseOf, quietPhases, sideRounds, windowOf } from './windows.ts'

test('of each round only the attempt that was kept is there', () => {
  const thrown = probes({ round: 2, attempt: 1, ttft: 900 })
  const kept = probes({ round: 2, attempt: 2 })
  const rounds = sideRounds(run({ messages: [...probes({ round: 1 }), ...thrown, ...kept], thrownAway: ['after/2/1'] }), 'after')
  expect(rounds.map(({ round, attempt }) => [round, attempt])).toEqual([[1, 1], [2, 2]])
  expect(rounds.flatMap((round) => windowOf(round, 'quiet').probes)).not.toContain(thrown[0])
})

test('an attempt without a round record, in which the run was interrupted, is not judged', () => {
  const whole = run({ messages: probes() })
  expect(sideRounds({ ...whole, rounds: [] }, 'after')).toEqual([])
})

test('sides, probes and blockers are kept apart, with the record of the phase', () => {
  const said = run({ messages: [...probes({ phase: 'behindStory' }), blocker(), ...probes({ side: 'before', phase: 'behindStory' }), message({ part: 'warm-up', phase: 'behindStory' })] })
  const window = windowOf(sideRounds(said, 'after')[0] ?? expect.fail('no round'), 'behindStory')
  expect([window.probes.length, window.blockers.length, window.record?.windowAt]).toEqual([8, 1, 1_000])
})

test('a probe that the tester cancelled is no evidence, one that hung is', () => {
  const outcome = (code: 'cancelled' | 'hung') => ({ outcome: { kind: 'failed', code, detail: '', afterTokens: 0 } }) as const
  const said = run({ messages: [message({ ttft: null, ...outcome('cancelled') }), message({ ttft: null, ...outcome('hung') })] })
  expect(windowOf(sideRounds(said, 'after')[0] ?? expect.fail('no round'), 'quiet').probes).toHaveLength(1)
})

test('a phase that was not walked is an empty window', () => {
  expect(windowOf(sideRounds(run({ messages: probes() }), 'after')[0] ?? expect.fail('no round'), 'behindStory')).toEqual({ phase: 'behindStory', probes: [], blockers: [], users: [], anchors: [], observations: [], record: undefined })
})

test('the scenario says which phase is quiet', () => {
  const said = run()
  expect(quietPhases(said)).toEqual(['quiet'])
  expect([quietPhaseOf(said, 'hello'), quietPhaseOf(said, 'story')]).toEqual(['quiet', undefined])
})
