import { z } from 'zod'
import type { Problem } from '../errors.ts'

export type ParsedJson = { readonly kind: 'value'; readonly value: unknown } | { readonly kind: 'problems'; readonly problems: readonly Problem[] }

/** JSON that a person wrote: what is wrong with it is told with line and column, and a member that is given twice is not taken for the last one. */
export async function parseJson(text: string, name: string): Promise<ParsedJson> {
  const source = text.replace(/^\uFEFF/, '')
  // JSON.parse names no place in Node 20, and keeps the last of two members without a word. esbuild reads the same language, and its start is paid for anyway.
  const { errors, warnings } = await messagesOf(source)
  const problems = [...errors, ...warnings.filter(({ text: words }) => words.startsWith('Duplicate key'))].map((told) => problem(told, name))
  if (problems.length > 0) return { kind: 'problems', problems }
  try {
    return { kind: 'value', value: JSON.parse(source) }
  } catch {
    return { kind: 'problems', problems: [{ what: `${name} is not JSON.`, fix: 'Check it with an editor that knows JSON.' }] }
  }
}

const message = z.object({ text: z.string(), location: z.object({ line: z.number(), column: z.number(), lineText: z.string() }).nullable() })
const buildFailure = z.object({ errors: z.array(message), warnings: z.array(message) })

async function messagesOf(source: string): Promise<z.infer<typeof buildFailure>> {
  const { transform } = await import('esbuild')
  try {
    const { warnings } = await transform(source, { loader: 'json', logLevel: 'silent' })
    return { errors: [], warnings }
  } catch (error) {
    const failure = buildFailure.safeParse(error)
    if (failure.success) return failure.data
    throw error
  }
}

function problem({ text, location }: z.infer<typeof message>, name: string): Problem {
  const place = location === null ? '' : `, line ${location.line}, column ${characters(location.lineText, location.column) + 1}`
  // What stands there may be half a secret: only signs and short words are repeated.
  const words = text.replace(/ but found "[^"]{9,}"/, '').replace(/"([^"]{9,})"/, (quoted) => (text.startsWith('Duplicate key') ? quoted : 'what stands there')).replace(/ in object literal$/, '').replace(/ in JSON\b/, '')
  return { what: `${name}${place}: ${words}.`, fix: text.startsWith('Duplicate key') ? 'Keep one of the two.' : 'The file is JSON: names and texts in double quotes, a comma between members and none after the last, no comments.' }
}

/** esbuild counts bytes. */
const characters = (line: string, bytes: number): number => Buffer.from(line).subarray(0, bytes).toString().length
