/** A GGUF file read back, by the document of the format and not by the writer. Numbers of types are those of the document. */
export interface ReadGguf {
  readonly magic: string
  readonly version: number
  readonly metadata: ReadonlyMap<string, unknown>
  readonly tensors: readonly ReadTensor[]
  /** Where the first tensor's weights begin. */
  readonly dataAt: number
}

export interface ReadTensor {
  readonly name: string
  readonly dimensions: readonly number[]
  readonly type: number
  readonly offset: number
}

export function readGguf(file: Buffer): ReadGguf {
  let at = 0
  const take = <T>(bytes: number, read: (from: number) => T): T => {
    const value = read(at)
    at += bytes
    return value
  }
  const u32 = (): number => take(4, (from) => file.readUInt32LE(from))
  const u64 = (): number => Number(take(8, (from) => file.readBigUInt64LE(from)))
  const text = (): string => {
    const bytes = u64()
    return take(bytes, (from) => file.toString('utf8', from, from + bytes))
  }
  const value = (type: number): unknown => {
    switch (type) {
      case 4: return u32()
      case 5: return take(4, (from) => file.readInt32LE(from))
      case 6: return take(4, (from) => file.readFloatLE(from))
      case 7: return take(1, (from) => file.readUInt8(from)) === 1
      case 8: return text()
      case 9: {
        const inner = u32()
        return Array.from({ length: u64() }, () => value(inner))
      }
      default: throw new Error(`type ${type}`)
    }
  }
  const magic = take(4, (from) => file.toString('latin1', from, from + 4))
  const version = u32()
  const [tensorCount, entries] = [u64(), u64()]
  const metadata = new Map(Array.from({ length: entries }, () => [text(), value(u32())] as const))
  const tensors = Array.from({ length: tensorCount }, () => ({ name: text(), dimensions: Array.from({ length: u32() }, u64), type: u32(), offset: u64() }))
  return { magic, version, metadata, tensors, dataAt: Math.ceil(at / 32) * 32 }
}
