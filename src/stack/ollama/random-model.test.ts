import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { type ModelShape, randomModel } from './random-model.ts'
import { randomNumbers } from './random-numbers.ts'
import { readGguf } from './test/read-gguf.ts'
import { type Vocabulary, vocabulary } from './vocabulary.ts'

const shape: ModelShape = { layers: 2, width: 16, feedForward: 24, heads: 2, context: 512, words: 20 }
const known = vocabulary(300, randomNumbers(7))
const hash = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

test('the same seed gives the same file, another seed another', () => {
  expect(hash(randomModel(shape, 1))).toBe(hash(randomModel(shape, 1)))
  expect(hash(randomModel(shape, 1))).not.toBe(hash(randomModel(shape, 2)))
})

test('numbers are evenly spread over [0, 1)', () => {
  const random = randomNumbers(3)
  const drawn = Array.from({ length: 20_000 }, random)
  expect(Math.min(...drawn)).toBeGreaterThanOrEqual(0)
  expect(Math.max(...drawn)).toBeLessThan(1)
  for (let tenth = 0; tenth < 10; tenth += 1) expect(drawn.filter((value) => Math.floor(value * 10) === tenth).length / 2_000).toBeCloseTo(1, 0)
})

test('it has the tensors of a Llama, of the sizes that its metadata says', () => {
  const { metadata, tensors } = readGguf(randomModel(shape, 1))
  const size = (metadata.get('tokenizer.ggml.tokens') as string[]).length
  expect(metadata.get('llama.vocab_size')).toBe(size)
  expect(metadata.get('llama.rope.dimension_count')).toBe(8)
  expect(metadata.get('tokenizer.ggml.token_type')).toHaveLength(size)
  const layer = (index: number): Record<string, number[]> => Object.fromEntries(Object.entries({
    attn_norm: [16], ffn_norm: [16], attn_q: [16, 16], attn_k: [16, 16], attn_v: [16, 16], attn_output: [16, 16], ffn_gate: [16, 24], ffn_up: [16, 24], ffn_down: [24, 16],
  }).map(([name, dimensions]) => [`blk.${index}.${name}.weight`, dimensions]))
  expect(Object.fromEntries(tensors.map(({ name, dimensions }) => [name, dimensions]))).toEqual({
    'token_embd.weight': [16, size], ...layer(0), ...layer(1), 'output_norm.weight': [16], 'output.weight': [16, size],
  })
})

test('channel 0 is constant and is the bias of each token: 0 for words, far below for everything else', () => {
  const file = randomModel(shape, 1)
  const { metadata, tensors, dataAt } = readGguf(file)
  const tokens = metadata.get('tokenizer.ggml.tokens') as string[]
  const row = (name: string, index: number): number[] => {
    const found = tensors.find((tensor) => tensor.name === `${name}.weight`)
    const [columns = 0] = found?.dimensions ?? []
    return Array.from({ length: columns }, (_, column) => file.readFloatLE(dataAt + (found?.offset ?? NaN) + 4 * (index * columns + column)))
  }
  for (const name of ['blk.0.attn_output', 'blk.1.ffn_down']) {
    expect(row(name, 0).every((weight) => weight === 0)).toBe(true)
    expect(row(name, 1).every((weight) => weight === 0)).toBe(false)
  }
  const word = tokens.indexOf('\u0120story')
  expect(row('token_embd', word)[0]).toBe(4)
  expect(row('output', word)[0]).toBe(0)
  for (const token of ['a', '\u0120stor', 'qz', '<|end|>', '<|im_end|>']) expect(row('output', tokens.indexOf(token))[0]).toBe(-40)
  expect(row('output', word).slice(1).every((weight) => Math.abs(weight) < 0.3)).toBe(true)
})

/** What GPT-2's tokenizer does with a text without a space in it but at its beginning: the first merge of the list that applies, again and again. */
function tokenized({ merges, tokens }: Vocabulary, text: string): string[] {
  const ranks = new Map(merges.map((merge, rank) => [merge, rank]))
  const parts = text.replaceAll(' ', '\u0120').split('')
  for (;;) {
    const best = parts.slice(1).map((part, index) => ({ index, rank: ranks.get(`${parts[index] ?? ''} ${part}`) ?? Infinity })).reduce((one, other) => (other.rank < one.rank ? other : one), { index: 0, rank: Infinity })
    if (best.rank === Infinity) break
    parts.splice(best.index, 2, `${parts[best.index] ?? ''}${parts[best.index + 1] ?? ''}`)
  }
  for (const part of parts) expect(tokens).toContain(part)
  return parts
}

test('a word that it knows is one token, one that nobody knows costs fewer tokens than letters, and every byte can be read', () => {
  expect(known.words.size).toBe(307)
  for (const word of known.words) expect(tokenized(known, known.tokens[word] ?? '')).toEqual([known.tokens[word]])
  expect(tokenized(known, ' story')).toEqual(['\u0120story'])
  expect(tokenized(known, 'qkzxwvjq').length).toBeLessThan(7)
  expect(tokenized(known, ':')).toEqual([':'])
  expect(new Set(known.tokens).size).toBe(known.tokens.length)
  expect(known.tokens.slice(0, 256).every((token) => token.length === 1)).toBe(true)
  expect(known.tokens[32]).toBe('\u0120')
  expect(known.tokens[0]).toBe('\u0100')
  expect(known.control.end).toBe(known.tokens.indexOf('<|end|>'))
})
