import { param, scenario, seconds } from 'first-token'

/** How soon a person has to be told: the operators' 45 s. */
const errorWithin = param('errorWithin', seconds(45))

/**
 * A person's network goes, before a message is sent or in the middle of the answer: does the page say so? No time-out of the server can notice it, only the page
 * itself can. The operators' fourth test as they did it by hand, with the Wi-Fi switched off.
 */
export default scenario({
  name: 'offline',
  question: 'Does a person see an error when their own network goes?',
  messages: {
    offlineBeforeSend: { text: 'Tell me a story', fault: { kind: 'offline', before: 'send' }, mock: { tokens: 20 } },
    offlineMidAnswer: { text: 'Tell me a long story', fault: { kind: 'offline', afterTokens: 10 }, mock: { lasts: seconds(20) } },
    chat: { text: 'Tell me a short story', mock: { tokens: 20 } },
  },
  phases: {
    beforeSend: { together: ['offlineBeforeSend'], copies: 2 },
    midAnswer: { together: ['offlineMidAnswer'], copies: 2 },
    afterwards: { together: ['chat'], copies: 2 },
  },
  claims: ({ timeToError, wrongErrors, lostTokens }) => ({
    'an error is seen when the network goes before a message is sent': timeToError('offlineBeforeSend').within(errorWithin),
    'an error is seen when the network goes in the middle of an answer': timeToError('offlineMidAnswer').within(errorWithin),
    'a lost network is not told as the end of the answer': wrongErrors('offlineBeforeSend', 'offlineMidAnswer').atMost(0),
    'back on the network no word is lost': lostTokens().atMost(0),
  }),
})
