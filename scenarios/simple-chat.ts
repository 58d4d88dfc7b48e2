import { ms, scenario, seconds } from 'first-token'

/**
 * "Hello", said while nothing else is: how soon the first word can be read, what of that the stack adds to the model, whether words come one by one, and
 * what the stack's way to the model costs. The operators' first test.
 */
export default scenario({
  name: 'simple-chat',
  question: 'Does the first word of an answer come within a second, and the rest word by word?',
  gate: true,
  messages: {
    hello: { text: 'Hello', mock: { tokens: 4, firstTokenAfter: ms(2), gap: ms(10) } },
  },
  phases: {
    hellos: { say: 'hello' },
  },
  observe: { health: ms(50) },
  claims: ({ firstVisible, addedToFirstToken, coalescedShare, requestsPerSocket, connectionCost, healthTime, lostTokens }) => ({
    'the first word comes within a second': firstVisible('hello', { during: ['hellos'] }).p95.atMost(seconds(1), { failAbove: seconds(3) }),
    'the stack adds little to the first token': addedToFirstToken('hello', { during: ['hellos'] }).p95.atMost(ms(250)),
    'words come one by one, not in bursts': coalescedShare('hello', { during: ['hellos'] }).p90.atMost(0.5),
    'connections to the model are used again': requestsPerSocket().atLeast(3),
    'a new connection costs a message little': connectionCost('hello', { during: ['hellos'] }).p95.atMost(ms(100)),
    'health answers while people chat': healthTime().p95.atMost(seconds(1)),
    'no word is lost': lostTokens().atMost(0),
  }),
  provedBy: {
    'the first word comes within a second': { slots: 'none', delayAfter: 3_500 },
    'the stack adds little to the first token': { connections: 'fresh', handshakeCost: 300 },
    'words come one by one, not in bursts': { buffers: true },
    'connections to the model are used again': { connections: 'fresh' },
    'a new connection costs a message little': { connections: 'fresh', handshakeCost: 300 },
    'health answers while people chat': { healthDelay: 1_500 },
    'no word is lost': { drops: 'tokens' },
  },
})
