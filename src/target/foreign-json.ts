/** Readers of JSON that somebody else wrote: what is not there, or is something else, reads as nothing. */

/** The object that a text holds; undefined where it holds none. */
export function parsedObject(text: string): Record<string, unknown> | undefined {
  try {
    return object(JSON.parse(text))
  } catch {
    return undefined
  }
}

export function object(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
}

export const text = (value: unknown): string => (typeof value === 'string' ? value : '')

export const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : [])

/** The words of an error object in the shapes that gateways use: `{message}`, `{detail}`, or a bare string. */
export function errorText(error: unknown): string {
  if (typeof error === 'string') return error
  const fields = object(error)
  const inner = fields?.['message'] ?? fields?.['detail'] ?? fields?.['error']
  return typeof inner === 'string' ? inner : JSON.stringify(inner ?? error)
}
