import { expect, test } from 'vitest'
import { findMarker, mentionedId, readMarker } from './marker.ts'
import { plain } from './shape.ts'

test.each([
  ['Hello\n[[ft1 id=ab-1 tokens=3 first=2 gap=5 head=1]]', { id: 'ab-1', tokens: 3, first: 2, gap: 5, head: 1 }],
  ['Hello\n[[ft1 id=ab-1]]', { id: 'ab-1' }],
  ['[[ft1 id=ab-1 first=2.5]]', { id: 'ab-1', first: 2.5 }],
  ['[[ft1 id=a fault=rst@5 times=2 shape=crlf]]', { id: 'a', fault: { text: 'rst@5', kind: 'rst', place: 5 }, times: 2, shape: { ...plain, crlf: true } }],
  ['[[ft1 id=a search=10000 pages=0 pagebytes=3000000 pagetakes=5]]', { id: 'a', search: 10_000, pages: 0, pagebytes: 3_000_000, pagetakes: 5 }],
  ['Hello\r\n[[ft1 id=ab-1 reasoning=4]]\n', { id: 'ab-1', reasoning: 4 }],
])('the last line of %j is a marker', (text, marker) => {
  expect(readMarker(text)).toEqual({ kind: 'marker', marker })
})

test.each(['Hello', '', '[[ft1 id=ab-1]]\nHello', 'Hello [[ft1 id=ab-1]]', '[[ft2 id=ab-1]]'])('%j ends in no marker', (text) => {
  expect(readMarker(text)).toEqual({ kind: 'none' })
})

test('every problem of a bad marker is named', () => {
  const reading = readMarker('[[ft1 id=AB tokens=0 first=soon speed=3 gap=-1]]')
  expect(reading).toEqual({ kind: 'bad', problems: ['tokens="0" is not a possible value', 'first="soon" is not a possible value', 'unknown key "speed"', 'gap="-1" is not a possible value', 'id="AB" is not made of a-z, 0-9 and -'] })
})

test('a wrong fault, shape or number says what is wrong with it', () => {
  const reading = readMarker('[[ft1 id=a fault=rst shape=round times=0 pages=101 search=x]]')
  if (reading.kind !== 'bad') throw new Error('was not bad')
  expect(reading.problems).toHaveLength(5)
  expect(reading.problems[0]).toContain('fault="rst" needs a place')
  expect(reading.problems[1]).toContain('shape="round" is none of crlf')
})

test('in a search query the last marker counts, wherever it stands, and a bad one is bad', () => {
  expect(findMarker('site:x [[ft1 id=a]] rain [[ft1 id=b search=5]] in May')).toEqual({ kind: 'marker', marker: { id: 'b', search: 5 } })
  expect(findMarker('[[ft1 id=b speed=5]] rain').kind).toBe('bad')
  expect(findMarker('rain').kind).toBe('none')
})

test('a key that every object has is unknown all the same', () => {
  expect(readMarker('[[ft1 id=a constructor=1]]').kind).toBe('bad')
})

test('a marker anywhere tells whose message it was; the last one counts', () => {
  expect(mentionedId('Make a title for: Hello\n[[ft1 id=ab-1 tokens=3]]\n### Output')).toBe('ab-1')
  expect(mentionedId('[[ft1 id=ab-1]] and [[ft1 id=ab-2]] and more')).toBe('ab-2')
  expect(mentionedId('nothing here')).toBeNull()
})
