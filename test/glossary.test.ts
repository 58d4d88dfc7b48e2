import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { failureCodes } from '../src/sample/message.ts'
import { runVerdicts } from '../src/verdict/document.ts'

const glossary = readFileSync(new URL('../docs/glossary.md', import.meta.url), 'utf8')
const terms = glossary.split('\n').filter((line) => line.startsWith('| ')).map((line) => line.split(' | ')[0]?.slice(2).trim() ?? '')

test('the glossary explains exactly the codes that a message can fail with', () => {
  const codes = glossary.slice(glossary.indexOf('## How a message fails')).matchAll(/^\| `([a-z-]+)` \| \S/gm)
  expect([...codes].map(([, code]) => code)).toEqual([...failureCodes])
})

test('the glossary explains every verdict', () => {
  const explained = terms.flatMap((term) => term.split(', '))
  for (const verdict of [...runVerdicts, 'skipped', '`~`']) expect(explained).toContain(verdict)
})

test('no word is explained twice', () => {
  const words = terms.filter((term) => !/^(word|code|---)$/.test(term))
  expect(words).toHaveLength(new Set(words).size)
})
