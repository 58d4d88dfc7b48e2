/** What an Ollama is started with, as operators set it. */
export type OllamaEnvironment = Readonly<Record<string, string>>

/** `before` answers one message at a time and lets all others wait; `after` answers four. */
export const ollamaProfiles = {
  before: { OLLAMA_NUM_PARALLEL: '1' },
  after: { OLLAMA_NUM_PARALLEL: '4' },
} as const satisfies Record<string, OllamaEnvironment>

/** Behind another stack: one message at a time, as an Ollama starts that is told nothing of it (from 0.17 on; before, it looked at the memory). */
export const ollamaBehind: OllamaEnvironment = ollamaProfiles.before

/** What the stack sets itself: with another value it would not come up, or not be gone afterwards. */
export const ownVariables: readonly string[] = ['HOME', 'OLLAMA_HOST', 'OLLAMA_MODELS', 'OLLAMA_NOPRUNE', 'OLLAMA_KEEP_ALIVE']

export type OllamaProfile = keyof typeof ollamaProfiles

/**
 * What the model is made with. One thread leaves a core to the tester, and keeps threads from waiting for each other. Each slot has room for a story of a
 * minute. Whoever does not say how long an answer is to be gets one of some sentences: the model never ends by itself.
 */
export const modelParameters = { num_thread: 1, num_ctx: 8_192, num_predict: 200, temperature: 1 } as const

/** Messages go in with a mark at each end and nothing else: what is measured is not how long a prompt is. */
export const modelTemplate = '{{ range .Messages }}<|im_start|>{{ .Content }}<|im_end|>{{ end }}'
