import { expect, test } from 'vitest'
import { page } from './page.ts'

const textOf = (number: number, bytes: number): string => Buffer.concat(page(number, bytes)).toString('utf8')

test.each([0, 1, 250, 300, 301, 307, 308, 309, 310, 1_000, 5_000, 5_001, 5_002, 5_003, 64_321, 3_000_000])('a page of %i bytes has exactly so many, always the same', (bytes) => {
  const text = textOf(3, bytes)
  expect(Buffer.byteLength(text)).toBe(bytes)
  expect(textOf(3, bytes)).toBe(text)
})

test('a page is whole HTML with paragraphs and links, whatever its length', () => {
  for (let bytes = 1_000; bytes < 3_000; bytes += 37) {
    const text = textOf(1, bytes)
    expect(text).toMatch(/^<!DOCTYPE html>\n<html lang="en"><head>[^]*<\/main><\/body><\/html>\n$/)
    for (const tag of ['p', 'a', 'section', 'table', 'ul', 'li', 'em']) {
      expect(text.match(new RegExp(`<${tag}[ >]`, 'g'))?.length ?? 0).toBe(text.match(new RegExp(`</${tag}>`, 'g'))?.length ?? 0)
    }
  }
  for (let bytes = 1_000; bytes < 1_800; bytes += 1) expect(textOf(1, bytes)).toHaveLength(bytes)
  const text = textOf(2, 5_000)
  expect(text.match(/<a href="\/page\//g)?.length).toBeGreaterThan(10)
  expect(textOf(1, 5_000)).not.toBe(text)
})
