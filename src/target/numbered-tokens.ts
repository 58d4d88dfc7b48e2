import type { Integrity } from '../sample/message.ts'

/**
 * What became of the numbered tokens of an answer: `ID.0 ID.1 … ID.(n-1)/n~checksum` (mock-llm/README.md). `expected` is what was asked for,
 * so that an answer cut before its last token counts what never came.
 */
export function numberedTokens(text: string, id: string, expected: number): Integrity {
  const seen = new Set<number>()
  const counts = { duplicated: 0, reordered: 0, foreign: 0, received: 0 }
  let last = -1
  let checksum: string | null = null
  for (const match of text.matchAll(tokensOf(id))) {
    counts.received += 1
    const number = Number(match[2])
    if (match[1] !== id || number >= expected) {
      counts.foreign += 1
      continue
    }
    if (seen.has(number)) counts.duplicated += 1
    else if (number < last) counts.reordered += 1
    seen.add(number)
    last = Math.max(last, number)
    if (match[4] !== undefined) checksum = match[4]
  }
  return { expected, ...counts, missing: expected - seen.size, checksumMatches: checksum === null ? null : isWhole(text, checksum) }
}

/**
 * A token and its number. The first one of an answer has no space before it: said twice, or put behind another, it is glued to a number, and the digits that
 * its id begins with are not that number's. The ids of a run differ behind their last hyphen.
 */
function tokensOf(id: string): RegExp {
  const ofRun = id.replace(/[a-z0-9]+$/, '')
  return new RegExp(`([a-z0-9-]+)\\.(\\d+?)(?=\\D|$|${ofRun}[a-z0-9]+\\.\\d)(?:/(\\d+)~([0-9a-f]{8}))?`, 'g')
}

/** The checksum is of all that stands before it, and nothing stands behind it but white space, which gateways trim or add. */
function isWhole(text: string, checksum: string): boolean {
  const slash = text.lastIndexOf('/')
  return /^\/\d+~[0-9a-f]{8}\s*$/.test(text.slice(slash)) && checksum === fnv1a(text.slice(0, slash))
}

/** FNV-1a, 32 bit, over UTF-8 (datatracker.ietf.org/doc/draft-eastlake-fnv): cheap, and any lost, added or swapped byte shows. */
function fnv1a(text: string): string {
  let hash = 0x811c9dc5
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193)
  return (hash >>> 0).toString(16).padStart(8, '0')
}
