import { ms, param, scenario, seconds } from 'first-token'

/** More than threads: the operators' THREAD_POOL_SIZE is 20. On the control stack as many as it tells at a time. */
const people = param('people', 30, { control: 4 })
const searchTakes = param('searchTakes', seconds(3), { control: seconds(1.2), quick: ms(400) })
/** What a search takes where it waits for no other. */
const within = param('within', seconds(5), { control: seconds(2.2), quick: ms(1_000) })
const healthWithin = param('healthWithin', seconds(1), { control: ms(500), quick: ms(200) })

/** Many people search at once, by an engine that takes its time: work that holds a thread. Do searches wait for each other, and does a hello wait for them? */
export default scenario({
  name: 'thread-pool',
  question: 'Do many searches at once wait for each other, and does anybody else wait for them?',
  needs: ['search'],
  messages: {
    hello: { text: 'Hello', mock: { tokens: 1, firstTokenAfter: ms(2) } },
    search: { text: "What's the weather in New York?", search: true, mock: { tokens: 5, gap: ms(10), search: { takes: searchTakes } } },
  },
  phases: {
    quiet: { say: 'hello' },
    behindSearches: { say: 'hello', while: { say: 'search', copies: people - 1 } },
    behindMoreSearches: { say: 'hello', while: { say: 'search', copies: people - 1 } },
    searches: { together: ['search'], copies: people, repeat: 18 },
    moreSearches: { together: ['search'], copies: people, repeat: 18 },
  },
  observe: { health: ms(50) },
  claims: ({ e2e, stalledShare, sourcesShown, healthTime }) => ({
    'searches do not wait for each other': e2e('search', { during: ['searches', 'moreSearches'] }).p90.atMost(within),
    'hello does not wait for them': stalledShare('hello', { during: ['behindSearches', 'behindMoreSearches'], quiet: 'quiet' }).atMost(0.02),
    'their sources really came': sourcesShown('search').atLeast(1),
    'health answers meanwhile': healthTime({ during: ['behindSearches', 'behindMoreSearches', 'searches', 'moreSearches'] }).p95.atMost(healthWithin),
  }),
  provedBy: {
    'searches do not wait for each other': { searchThreads: 1 },
    'hello does not wait for them': { slots: 1 },
    'their sources really came': { search: 'none' },
    'health answers meanwhile': { search: 'blocking' },
  },
})
