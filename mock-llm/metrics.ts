import type { Entry, Journal } from './journal.ts'
import type { Lateness } from './lateness.ts'
import type { Slots } from './slots.ts'

/** Buckets that the OpenTelemetry conventions for generative AI advise, s (opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-metrics). */
const firstTokenBuckets = [0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]
const perTokenBuckets = [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5]
const durationBuckets = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92]

/** A Prometheus histogram, one series per model. */
class Distribution {
  readonly #name: string
  readonly #help: string
  readonly #bounds: readonly number[]
  readonly #series = new Map<string, { counts: number[]; count: number; sum: number }>()

  constructor(name: string, help: string, bounds: readonly number[]) {
    this.#name = name
    this.#help = help
    this.#bounds = bounds
  }

  add(model: string, seconds: number): void {
    const series = this.#series.get(model) ?? { counts: this.#bounds.map(() => 0), count: 0, sum: 0 }
    this.#series.set(model, series)
    const bucket = this.#bounds.findIndex((bound) => seconds <= bound)
    if (bucket !== -1) series.counts[bucket] = (series.counts[bucket] ?? 0) + 1
    series.count += 1
    series.sum += seconds
  }

  *lines(): Generator<string> {
    yield* header(this.#name, 'histogram', this.#help)
    for (const [model, { counts, count, sum }] of this.#series) {
      const labels = `gen_ai_operation_name="chat",gen_ai_provider_name="first_token_mock",gen_ai_request_model="${escaped(model)}"`
      let below = 0
      for (const [index, bound] of this.#bounds.entries()) {
        below += counts[index] ?? 0
        yield `${this.#name}_bucket{${labels},le="${bound}"} ${below}`
      }
      yield `${this.#name}_bucket{${labels},le="+Inf"} ${count}`
      yield `${this.#name}_sum{${labels}} ${sum}`
      yield `${this.#name}_count{${labels}} ${count}`
    }
  }
}

const escaped = (label: string): string => label.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n')
const header = (name: string, type: string, help: string): string[] => [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`]

/** What `/metrics` tells, in Prometheus text format 0.0.4. The server's side of each figure: nothing of network or client is in it. */
export class Metrics {
  readonly #firstToken = new Distribution('gen_ai_server_time_to_first_token_seconds', "From the request's first byte to the first token written.", firstTokenBuckets)
  readonly #perToken = new Distribution('gen_ai_server_time_per_output_token_seconds', 'Between the first and the last token written, per token after the first.', perTokenBuckets)
  readonly #duration = new Distribution('gen_ai_server_request_duration_seconds', "From the request's first byte to the end of its answer.", durationBuckets)
  readonly #byStatus = new Map<number, number>()
  #tokens = 0
  #gone = 0

  /** An entry whose request ended. Only answers have latencies: a refusal would flatter them. */
  add(entry: Entry): void {
    this.#byStatus.set(entry.status, (this.#byStatus.get(entry.status) ?? 0) + 1)
    this.#tokens += entry.tokensWritten
    if (entry.clientGoneAt !== null) this.#gone += 1
    const { firstTokenWrittenAt: first, lastTokenWrittenAt: last } = entry
    if (first === null || last === null) return
    this.#firstToken.add(entry.model, (first - entry.receivedAt) / 1_000)
    if (entry.stream && entry.tokensWritten > 1) this.#perToken.add(entry.model, (last - first) / (entry.tokensWritten - 1) / 1_000)
    if (entry.endedAt !== null && entry.clientGoneAt === null) this.#duration.add(entry.model, (entry.endedAt - entry.receivedAt) / 1_000)
  }

  text(now: { readonly journal: Journal; readonly slots: Slots; readonly lateness: Lateness }): string {
    const { count, p50, p99, max, loopDelay } = now.lateness.report()
    const quantiles = (name: string, values: { p50: number; p99: number; max: number }): string[] => [
      `${name}{quantile="0.5"} ${values.p50 / 1_000}`,
      `${name}{quantile="0.99"} ${values.p99 / 1_000}`,
      `${name}{quantile="1"} ${values.max / 1_000}`,
    ]
    const lines = [
      ...this.#firstToken.lines(), ...this.#perToken.lines(), ...this.#duration.lines(),
      ...header('mock_llm_lateness_seconds', 'summary', 'Written minus due of every token.'),
      ...quantiles('mock_llm_lateness_seconds', { p50, p99, max }),
      `mock_llm_lateness_seconds_sum ${now.lateness.written.sum / 1_000}`,
      `mock_llm_lateness_seconds_count ${count}`,
      ...header('mock_llm_loop_delay_seconds', 'gauge', 'How late the event loop came to its timers.'),
      ...quantiles('mock_llm_loop_delay_seconds', loopDelay),
      ...header('mock_llm_requests_total', 'counter', 'Chat requests that ended, by HTTP status; 499: the client left before there was one.'),
      ...[...this.#byStatus].map(([status, requests]) => `mock_llm_requests_total{status="${status}"} ${requests}`),
      ...header('mock_llm_requests_running', 'gauge', 'Answers that have a slot.'),
      `mock_llm_requests_running ${now.slots.running}`,
      ...header('mock_llm_requests_waiting', 'gauge', 'Requests that wait for a slot.'),
      `mock_llm_requests_waiting ${now.slots.waiting}`,
      ...header('mock_llm_sockets_accepted_total', 'counter', 'Connections accepted.'),
      `mock_llm_sockets_accepted_total ${now.journal.sockets}`,
      ...header('mock_llm_tokens_written_total', 'counter', 'Tokens written.'),
      `mock_llm_tokens_written_total ${this.#tokens}`,
      ...header('mock_llm_clients_gone_total', 'counter', 'Requests whose client left before the answer ended.'),
      `mock_llm_clients_gone_total ${this.#gone}`,
    ]
    return `${lines.join('\n')}\n`
  }
}
