import { expect, test } from 'vitest'
import { alignment, ggufFile } from './gguf.ts'
import { readGguf } from './test/read-gguf.ts'

const small = ggufFile({
  metadata: {
    'general.architecture': { kind: 'text', value: 'llama' },
    'a.count': { kind: 'count', value: 4_096 },
    'a.real': { kind: 'real', value: 0.5 },
    'a.flag': { kind: 'flag', value: true },
    'a.texts': { kind: 'texts', values: ['\u0120word', ''] },
    'a.integers': { kind: 'integers', values: [1, -3] },
  },
  tensors: [
    { name: 'norm.weight', rows: 1, columns: 3, data: Float32Array.of(1, 2, 3) },
    { name: 'wide.weight', rows: 2, columns: 5, data: Float32Array.from({ length: 10 }, (_, index) => index) },
    { name: 'last.weight', rows: 3, columns: 1, data: Float32Array.of(7, 8, 9) },
  ],
})

test('the header says what it is, and what it holds is read back as it was written', () => {
  const { magic, version, metadata } = readGguf(small)
  expect({ magic, version }).toEqual({ magic: 'GGUF', version: 3 })
  expect([...metadata]).toEqual([['general.architecture', 'llama'], ['a.count', 4_096], ['a.real', 0.5], ['a.flag', true], ['a.texts', ['\u0120word', '']], ['a.integers', [1, -3]]])
})

test('each tensor begins at the alignment, the dimension that runs fastest comes first, and the file ends with the padding of the last', () => {
  const { tensors, dataAt } = readGguf(small)
  expect(tensors).toEqual([
    { name: 'norm.weight', dimensions: [3], type: 0, offset: 0 },
    { name: 'wide.weight', dimensions: [5, 2], type: 0, offset: alignment },
    { name: 'last.weight', dimensions: [1, 3], type: 0, offset: 3 * alignment },
  ])
  const weights = (offset: number, count: number): number[] => Array.from({ length: count }, (_, index) => small.readFloatLE(dataAt + offset + 4 * index))
  expect(weights(0, 3)).toEqual([1, 2, 3])
  expect(weights(alignment, 10)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  expect(weights(3 * alignment, 3)).toEqual([7, 8, 9])
  expect(small.length).toBe(dataAt + 4 * alignment)
  expect(dataAt % alignment).toBe(0)
})

test('a tensor that has not as many weights as it says is refused', () => {
  expect(() => ggufFile({ metadata: {}, tensors: [{ name: 'short', rows: 2, columns: 2, data: new Float32Array(3) }] })).toThrow('short has 3 weights, not 2 × 2')
})
