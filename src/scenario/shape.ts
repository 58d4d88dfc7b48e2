export const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)

/** `in` would find `constructor` and `toString` in every object. */
export const has = (values: object, key: string): boolean => Object.keys(values).includes(key)

/** A misspelt key is worse than a misspelt label: `whlie` would make a quiet phase of a loaded one, and nobody would hear of it. */
export function unknownKeys(value: unknown, at: string, known: readonly string[]): string[] {
  if (!isRecord(value)) return []
  return Object.keys(value).filter((key) => !known.includes(key)).map((key) => `${at}: there is no "${key}"; what can be said is ${known.join(', ')}`)
}

export const isWhole = (value: unknown, least: number, most: number): value is number => typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most
