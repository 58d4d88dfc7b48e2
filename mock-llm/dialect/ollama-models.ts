import { createHash } from 'node:crypto'
import { asciiJson, isRecord, parseJson } from '../json.ts'
import { isOffered, untagged } from '../settings.ts'
import { type ApiError, invalid } from './dialect.ts'
import { unknownOllamaModel } from './ollama.ts'

/** The version of Ollama whose API this is. */
export const version = asciiJson({ version: '0.13.0' })

const details = { parent_model: '', format: 'gguf', family: 'mock', families: ['mock'], parameter_size: '1B', quantization_level: 'Q4_0' }
const modifiedAt = '2025-01-01T00:00:00Z'
const sizeBytes = 1_000_000_000

const tagged = (name: string): string => (name.includes(':') ? name : `${name}:latest`)

function card(name: string): object {
  return { name: tagged(name), model: tagged(name), size: sizeBytes, digest: createHash('sha256').update(name).digest('hex'), details }
}

export const tags = (models: readonly string[]): string => asciiJson({ models: models.map((name) => ({ ...card(name), modified_at: modifiedAt })) })

/** All models are loaded, and stay so. */
export const loaded = (models: readonly string[]): string => asciiJson({ models: models.map((name) => ({ ...card(name), expires_at: '2318-01-01T00:00:00Z', size_vram: sizeBytes, context_length: 131_072 })) })

/** Answers `/api/show`. */
export function shown(body: string, models: readonly string[]): string | ApiError {
  const json = parseJson(body)
  if (!isRecord(json)) return invalid('The request body is not a JSON object.')
  const model = json['model'] ?? json['name']
  if (typeof model !== 'string') return invalid("'model' must be a string.", 'model')
  if (!isOffered(models, model)) return unknownOllamaModel(model)
  const capabilities = ['completion', 'tools', ...(untagged(model).endsWith('-reasoning') ? ['thinking'] : [])]
  return asciiJson({
    license: 'MIT',
    modelfile: `FROM ${model}`,
    parameters: '',
    template: '{{ .Prompt }}',
    details,
    model_info: { 'general.architecture': 'mock', 'general.parameter_count': 1_000_000_000, 'mock.context_length': 131_072 },
    capabilities,
    modified_at: modifiedAt,
  })
}
