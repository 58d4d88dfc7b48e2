import { type GgufTensor, type GgufValue, ggufFile } from './gguf.ts'
import { randomNumbers } from './random-numbers.ts'
import { type Vocabulary, vocabulary } from './vocabulary.ts'

/** How large a model is, and hence how fast. */
export interface ModelShape {
  readonly layers: number
  /** Channels of each token: D. */
  readonly width: number
  readonly feedForward: number
  readonly heads: number
  /** Tokens that it was "trained" for, over all slots. */
  readonly context: number
  /** Made-up words that it can say. */
  readonly words: number
}

/**
 * Nearly all work is in the feed-forward part: what attention costs grows with every token of a story, and stories are to be told evenly. One core without
 * vector instructions tells some hundred tokens a second of it.
 */
export const chatModel: ModelShape = { layers: 2, width: 64, feedForward: 12_288, heads: 2, context: 65_536, words: 300 }

/** The logit of what is never to be said lies so far below that of any word. */
const neverSaid = -40

/**
 * A Llama with random weights as a GGUF file, the same for the same seed. It answers in made-up words, one token each, and never ends by itself: an answer
 * is exactly as long as it is asked to be. For that its channel 0 is constant, so that column 0 of `output` is a bias of each token.
 */
export function randomModel(shape: ModelShape, seed: number): Buffer {
  const random = randomNumbers(seed)
  const known = vocabulary(shape.words, random)
  return ggufFile({ metadata: metadata(shape, known), tensors: tensors(shape, known, random) })
}

function metadata({ layers, width, feedForward, heads, context }: ModelShape, { tokens, merges, control }: Vocabulary): Record<string, GgufValue> {
  const text = (value: string): GgufValue => ({ kind: 'text', value })
  const count = (value: number): GgufValue => ({ kind: 'count', value })
  const isControl = new Set(Object.values(control))
  return {
    'general.architecture': text('llama'),
    'general.name': text('random words'),
    'general.file_type': count(0),
    'llama.vocab_size': count(tokens.length),
    'llama.context_length': count(context),
    'llama.embedding_length': count(width),
    'llama.block_count': count(layers),
    'llama.feed_forward_length': count(feedForward),
    'llama.attention.head_count': count(heads),
    'llama.attention.head_count_kv': count(heads),
    'llama.attention.layer_norm_rms_epsilon': { kind: 'real', value: 1e-5 },
    'llama.rope.dimension_count': count(width / heads),
    'llama.rope.freq_base': { kind: 'real', value: 10_000 },
    'tokenizer.ggml.model': text('gpt2'),
    'tokenizer.ggml.pre': text('gpt-2'),
    'tokenizer.ggml.tokens': { kind: 'texts', values: tokens },
    'tokenizer.ggml.token_type': { kind: 'integers', values: tokens.map((_, number) => (isControl.has(number) ? 3 : 1)) },
    'tokenizer.ggml.merges': { kind: 'texts', values: merges },
    'tokenizer.ggml.bos_token_id': count(control.begin),
    'tokenizer.ggml.eos_token_id': count(control.end),
    'tokenizer.ggml.eot_token_id': count(control.messageEnd),
    'tokenizer.ggml.add_bos_token': { kind: 'flag', value: true },
  }
}

function tensors({ layers, width, feedForward }: ModelShape, { tokens, words }: Vocabulary, random: () => number): GgufTensor[] {
  const vector = (name: string): GgufTensor => ({ name: `${name}.weight`, rows: 1, columns: width, data: new Float32Array(width).fill(1) })
  const matrix = (name: string, rows: number, columns: number, strength = 1): GgufTensor => ({ name: `${name}.weight`, rows, columns, data: noise(rows * columns, strength / Math.sqrt(columns), random) })
  const size = tokens.length
  const embedding = matrix('token_embd', size, width)
  const output = matrix('output', size, width, 0.3)
  for (let token = 0; token < size; token += 1) {
    embedding.data[token * width] = Math.sqrt(width)
    output.data[token * width] = words.has(token) ? 0 : neverSaid
  }
  /** What a layer adds to channel 0 is nothing. */
  const sparing = (tensor: GgufTensor): GgufTensor => {
    tensor.data.fill(0, 0, tensor.columns)
    return tensor
  }
  const layer = (index: number): GgufTensor[] => [
    vector(`blk.${index}.attn_norm`), vector(`blk.${index}.ffn_norm`),
    ...['attn_q', 'attn_k', 'attn_v'].map((name) => matrix(`blk.${index}.${name}`, width, width)),
    sparing(matrix(`blk.${index}.attn_output`, width, width)),
    matrix(`blk.${index}.ffn_gate`, feedForward, width), matrix(`blk.${index}.ffn_up`, feedForward, width),
    sparing(matrix(`blk.${index}.ffn_down`, width, feedForward, 0.3)),
  ]
  return [embedding, ...Array.from({ length: layers }, (_, index) => layer(index)).flat(), vector('output_norm'), output]
}

/** Evenly distributed with that standard deviation. */
function noise(count: number, deviation: number, random: () => number): Float32Array {
  const data = new Float32Array(count)
  const width = 2 * Math.sqrt(3) * deviation
  for (let index = 0; index < count; index += 1) data[index] = width * (random() - 0.5)
  return data
}
