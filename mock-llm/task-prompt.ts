import { asciiJson } from './json.ts'

/** What Open WebUI asks a model on its own behalf, named as in the JSON that it wants. */
export type Task = 'title' | 'follow_ups' | 'tags' | 'queries'

/**
 * The answer to one of Open WebUI's task prompts (0.12: title, follow-ups, tags, search queries), null for any other text. The prompt with
 * which it hands over what a search found begins with `### Task:` too, and is the chat itself.
 */
export function taskAnswer(prompt: string): string | null {
  const task = taskOf(prompt)
  if (task === null) return null
  if (task === 'title') return '{"title":"Mock chat"}'
  if (task === 'follow_ups') return '{"follow_ups":["And then?"]}'
  return task === 'tags' ? '{"tags":["Mock"]}' : jsonOf({ queries: [lastPrompt(prompt)] })
}

/** Which of them a text is; null for any other. */
export function taskOf(prompt: string): Task | null {
  const [template = ''] = prompt.split('<chat_history>', 1)
  return /^\s*### Task:/.test(template) ? wantedTask(template) : null
}

/** Every template shows the JSON that it wants. */
function wantedTask(template: string): Task | null {
  const named = /"(title|follow_ups|tags|queries)"\s*:/.exec(template)?.[1]
  return named === 'title' || named === 'follow_ups' || named === 'tags' || named === 'queries' ? named : null
}

/** What the user said last, marker and all: whoever searches for it tells whose search it is. */
function lastPrompt(prompt: string): string {
  const history = /<chat_history>\n?([^]*)\n?<\/chat_history>/.exec(prompt)?.[1] ?? ''
  const last = history.split(/(?:^|\n)USER: /).at(-1) ?? ''
  return (last.split('\nASSISTANT: ', 1)[0] ?? '').trimEnd()
}

/** Open WebUI reads from the last `{` to the last `}` of an answer: those within strings are escaped. */
function jsonOf(value: { readonly queries: readonly string[] }): string {
  const strings = value.queries.map((query) => asciiJson(query).replaceAll('{', '\\u007b').replaceAll('}', '\\u007d'))
  return `{"queries":[${strings.join(',')}]}`
}
