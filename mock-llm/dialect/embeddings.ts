import { createHash } from 'node:crypto'
import { asciiJson, isRecord, parseJson } from '../json.ts'
import { isOffered } from '../settings.ts'
import { type ApiError, type Dialect, invalid } from './dialect.ts'
import { wordsOf } from './messages.ts'

interface Embedded {
  readonly model: string
  readonly format: unknown
  /** Unit vectors that depend on the text alone. */
  readonly vectors: readonly Float32Array[]
  readonly words: number
}

function readEmbedded(body: string, models: readonly string[], unknownModel: Dialect['unknownModel']): Embedded | ApiError {
  const json = parseJson(body)
  if (!isRecord(json)) return invalid('The request body is not a JSON object.')
  const { model, input, dimensions = 256, encoding_format: format = 'float' } = json
  if (typeof model !== 'string') return invalid("'model' must be a string.", 'model')
  if (!isOffered(models, model)) return unknownModel(model)
  if (typeof dimensions !== 'number' || !Number.isInteger(dimensions) || dimensions < 1 || dimensions > 4_096) return invalid("'dimensions' must be a whole number from 1 to 4096.", 'dimensions')
  const isTokens = (value: unknown): boolean => Array.isArray(value) && value.length > 0 && value.every((token) => typeof token === 'number')
  const inputs: unknown[] = Array.isArray(input) && !isTokens(input) ? input : [input]
  if (inputs.length === 0 || !inputs.every((value) => typeof value === 'string' || isTokens(value))) return invalid("'input' must be a string, an array of strings, or arrays of tokens.", 'input')
  const vectors = inputs.map((value) => vectorOf(JSON.stringify(value), dimensions))
  const words = inputs.reduce((count: number, value) => count + (typeof value === 'string' ? wordsOf(value) : 1), 0)
  return { model, format, vectors, words }
}

/** Answers OpenAI's embeddings request. The official client asks for base64. */
export function openAiEmbeddings(body: string, models: readonly string[], unknownModel: Dialect['unknownModel']): string | ApiError {
  const embedded = readEmbedded(body, models, unknownModel)
  if ('status' in embedded) return embedded
  const { model, format, vectors, words } = embedded
  if (format !== 'float' && format !== 'base64') return invalid("'encoding_format' must be 'float' or 'base64'.", 'encoding_format')
  const data = vectors.map((vector, index) => ({ object: 'embedding', index, embedding: format === 'float' ? [...vector] : Buffer.from(vector.buffer).toString('base64') }))
  return asciiJson({ object: 'list', data, model, usage: { prompt_tokens: words, total_tokens: words } })
}

/** Answers Ollama's. */
export function ollamaEmbeddings(body: string, models: readonly string[], unknownModel: Dialect['unknownModel']): string | ApiError {
  const embedded = readEmbedded(body, models, unknownModel)
  if ('status' in embedded) return embedded
  const { model, vectors, words } = embedded
  return asciiJson({ model, embeddings: vectors.map((vector) => [...vector]), total_duration: 1_000_000, load_duration: 1, prompt_eval_count: words })
}

function vectorOf(text: string, dimensions: number): Float32Array {
  const bytes = createHash('shake256', { outputLength: dimensions * 2 }).update(text).digest()
  const vector = Float32Array.from({ length: dimensions }, (_, index) => bytes.readUInt16LE(index * 2) / 32_767.5 - 1)
  const length = Math.hypot(...vector)
  return vector.map((value) => value / length)
}
