import { expect, test } from 'vitest'
import type { Problem } from '../errors.ts'
import { inContainers } from './container-flag.ts'
import type { TargetFlag } from './run-request.ts'

const target = (side: string, port = 3000): TargetFlag => ({ side, role: 'judged', kind: 'open-webui', url: `http://127.0.0.1:${port}` })
const one = [target('astra')]
const two = [target('before', 3000), target('after', 3001)]

function named(targets: readonly TargetFlag[], texts: readonly string[]): { readonly containers: (string | undefined)[]; readonly problems: string[] } {
  const problems: Problem[] = []
  return { containers: inContainers(targets, texts, problems).map(({ container }) => container), problems: problems.map(({ what }) => what) }
}

test.each([
  { what: 'one target needs no side', targets: one, texts: ['astra-ai'], containers: ['astra-ai'] },
  { what: 'one target by its label', targets: one, texts: ['astra:astra-ai'], containers: ['astra-ai'] },
  { what: 'one system that is switched is both sides', targets: [target('before'), target('after')], texts: ['astra-ai'], containers: ['astra-ai', 'astra-ai'] },
  { what: 'two systems by their sides', targets: two, texts: ['after:astra-2', 'before:astra-1'], containers: ['astra-1', 'astra-2'] },
  { what: 'one of two', targets: two, texts: ['after:astra-2'], containers: [undefined, 'astra-2'] },
  { what: 'none', targets: two, texts: [], containers: [undefined, undefined] },
])('$what', ({ targets, texts, containers }) => {
  expect(named(targets, texts)).toEqual({ containers, problems: [] })
})

test.each([
  { texts: ['astra ai'], words: '--container astra ai is not [SIDE:]NAME.' },
  { texts: ['astra-ai'], words: '--container astra-ai does not say which side runs in it.' },
  { texts: ['middle:astra-ai'], words: '--container middle:astra-ai: there is no side middle in this run.' },
  { texts: ['after:one', 'after:two'], words: '--container after:two: that side has a container already.' },
])('$texts is refused', ({ texts, words }) => {
  expect(named(two, texts).problems).toEqual([words])
})
