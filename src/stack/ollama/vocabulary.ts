/** What a model reads and writes, as a tokenizer of GPT-2's kind has it. */
export interface Vocabulary {
  readonly tokens: readonly string[]
  /** Pairs of tokens that become one, the first ones first. */
  readonly merges: readonly string[]
  /** Tokens that are a word with the space before it. */
  readonly words: ReadonlySet<number>
  /** Numbers of the tokens that are no text. */
  readonly control: { readonly begin: number; readonly end: number; readonly messageStart: number; readonly messageEnd: number }
}

/** The space before a word, as GPT-2's bytes are written. */
const space = '\u0120'
const controlTokens = ['<|begin|>', '<|end|>', '<|im_start|>', '<|im_end|>'] as const
/** What the scenarios say, so that it is read in words as a large model would read it. */
const spokenWords = ['Hello', 'Tell', 'me', 'a', 'long', 'very', 'story']
const letters = 'abcdefghijklmnopqrstuvwxyz'
const syllables = 'bdfgklmnprstvz'.split('').flatMap((consonant) => 'aeiou'.split('').map((vowel) => consonant + vowel))

/**
 * Made-up words of two and three syllables, and those that scenarios say. Each prefix of a word is a token, and the merges lead from letter to letter to
 * the whole word. Pairs of letters are tokens as well, so that a word that nobody knows costs fewer tokens than letters.
 */
export function vocabulary(words: number, random: () => number): Vocabulary {
  const tokens = new Set(byteTokens())
  const merges: string[] = []
  const merge = (left: string, right: string): void => {
    if (tokens.has(left + right)) return
    tokens.add(left + right)
    merges.push(`${left} ${right}`)
  }
  const all = [...spokenWords, ...madeUpWords(words, random)].map((word) => space + word)
  for (const word of all) for (let end = 1; end < word.length; end += 1) merge(word.slice(0, end), word.charAt(end))
  for (const first of letters) for (const second of letters) merge(first, second)
  for (const token of controlTokens) tokens.add(token)
  const list = [...tokens]
  const number = (token: string): number => list.indexOf(token)
  const [begin, end, messageStart, messageEnd] = controlTokens.map(number) as [number, number, number, number]
  return { tokens: list, merges, words: new Set(all.map(number)), control: { begin, end, messageStart, messageEnd } }
}

function madeUpWords(count: number, random: () => number): string[] {
  const words = new Set<string>()
  const syllable = (): string => syllables[Math.floor(random() * syllables.length)] ?? ''
  while (words.size < count) words.add(syllable() + syllable() + (random() < 0.5 ? syllable() : ''))
  return [...words]
}

/** The 256 bytes as GPT-2 writes them: those that print stand for themselves, the others for characters from U+0100 on, in order. */
function byteTokens(): string[] {
  const prints = (byte: number): boolean => (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae
  let others = 0
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(prints(byte) ? byte : 0x100 + others++))
}
