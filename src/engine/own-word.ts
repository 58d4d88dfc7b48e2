import { createHash } from 'node:crypto'

/** Eight letters that no other message begins with, from the first one on: real models keep what a prompt begins with, and whoever asks what was asked before is answered sooner. */
export function ownWord(id: string): string {
  const bytes = createHash('sha256').update(id).digest()
  return Array.from(bytes.subarray(0, 8), (byte) => String.fromCharCode(0x61 + (byte % 26))).join('')
}
