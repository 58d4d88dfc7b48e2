/** A value of the metadata, with the type that the file says it has. */
export type GgufValue =
  | { readonly kind: 'text'; readonly value: string }
  | { readonly kind: 'count'; readonly value: number }
  | { readonly kind: 'real'; readonly value: number }
  | { readonly kind: 'flag'; readonly value: boolean }
  | { readonly kind: 'texts'; readonly values: readonly string[] }
  | { readonly kind: 'integers'; readonly values: readonly number[] }

/** Weights in 32-bit floats, row after row. */
export interface GgufTensor {
  readonly name: string
  /** 1 for a vector. */
  readonly rows: number
  readonly columns: number
  readonly data: Float32Array
}

export interface GgufModel {
  readonly metadata: Readonly<Record<string, GgufValue>>
  readonly tensors: readonly GgufTensor[]
}

/** github.com/ggml-org/ggml/blob/master/docs/gguf.md: numbers of types, and the boundary that every tensor begins at. */
const types = { count: 4, integer: 5, real: 6, flag: 7, text: 8, list: 9 } as const
const float32 = 0
const version = 3
export const alignment = 32

/** The model as a GGUF file: header, metadata, what tensors there are, and their weights. The same model gives the same bytes. */
export function ggufFile({ metadata, tensors }: GgufModel): Buffer {
  const entries = Object.entries(metadata)
  const head: Buffer[] = [Buffer.from('GGUF'), u32(version), u64(tensors.length), u64(entries.length)]
  for (const [key, value] of entries) head.push(text(key), ...written(value))
  let offset = 0
  for (const { name, rows, columns, data } of tensors) {
    if (data.length !== rows * columns) throw new RangeError(`${name} has ${data.length} weights, not ${rows} × ${columns}`)
    // The dimension that runs fastest comes first.
    const dimensions = rows === 1 ? [columns] : [columns, rows]
    head.push(text(name), u32(dimensions.length), ...dimensions.map(u64), u32(float32), u64(offset))
    offset += aligned(data.byteLength)
  }
  const weights = tensors.flatMap(({ data }) => padded(Buffer.from(data.buffer, data.byteOffset, data.byteLength)))
  return Buffer.concat([...padded(Buffer.concat(head)), ...weights])
}

function written(value: GgufValue): Buffer[] {
  switch (value.kind) {
    case 'text': return [u32(types.text), text(value.value)]
    case 'count': return [u32(types.count), u32(value.value)]
    case 'real': return [u32(types.real), f32(value.value)]
    case 'flag': return [u32(types.flag), Buffer.from([value.value ? 1 : 0])]
    case 'texts': return [u32(types.list), u32(types.text), u64(value.values.length), ...value.values.map(text)]
    case 'integers': return [u32(types.list), u32(types.integer), u64(value.values.length), ...value.values.map(i32)]
  }
}

const aligned = (bytes: number): number => Math.ceil(bytes / alignment) * alignment
const padded = (bytes: Buffer): Buffer[] => [bytes, Buffer.alloc(aligned(bytes.length) - bytes.length)]

function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'utf8')
  return Buffer.concat([u64(bytes.length), bytes])
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

function i32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32LE(value)
  return bytes
}

function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(BigInt(value))
  return bytes
}

function f32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeFloatLE(value)
  return bytes
}
